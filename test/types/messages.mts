// Channel and Topic; compiled, not run.
import shm, { Channel, ChannelOptions, ConsumeOptions, Frame, FrameLoan, Loan, Message, Payload, TimeoutOptions, Topic, TopicOptions, WaitOptions } from '../../lib/index.mjs';

const channelOptions: ChannelOptions = { slots: 64, size: 4096, perm: 600, transient: true, overflow: 'drop-oldest' };
const channel: Channel = new shm.Channel('/jobs', channelOptions);
const none: [ChannelOptions, ConsumeOptions, TimeoutOptions, TopicOptions, WaitOptions] = [{}, {}, {}, {}, {}];

interface Job {
  id: number;
}
const jobs = new shm.Channel<Job>('/jobs', channelOptions);
const topicOptions: TopicOptions = { size: 4096, history: 2, readers: 4, perm: '600' };
const topic: Topic = new shm.Topic(5, topicOptions);
const waiting: WaitOptions = { timeout: 1000, signal: new AbortController().signal, ref: false };

/** Text and whatever views bytes. */
const payloads: Payload[] = ['text', Buffer.from('bytes'), new Float64Array(1), new DataView(new ArrayBuffer(1))];
const sent: (void | boolean | Promise<void>)[] = [channel.sendSync(payloads[0]), channel.sendSync('text', { timeout: 1000 }), channel.trySend(payloads[1]), channel.send('text', waiting), jobs.send({ id: 1 })];
const published: (void | boolean | Promise<void>)[] = [topic.publishSync(payloads[2], { timeout: 1000 }), topic.tryPublish('text'), topic.publish(payloads[0], waiting)];

/** What JSON can hold keeps its type. */
const prices = new shm.Topic<{ price: number }>('/prices');
async function read(): Promise<number | undefined> {
  await prices.publish({ price: 1 });
  return prices.latest()?.json().price;
}

/** What is held for a while can be given back by `using`. */
async function loans() {
  using loan: Loan = channel.loanSync({ timeout: 1000 });
  const bytes: Buffer = loan.data;
  loan.length = bytes.write('text');
  loan.tag = -1;
  if (!loan.trySend()) await loan.send(waiting);
  loan.sendSync();
  const maybe: Loan | null = channel.tryLoan();
  const later: Loan = await channel.loan(waiting);
  later.release();
  using frame: FrameLoan = topic.loanSync({ timeout: 1000 });
  frame.length = frame.data.fill(frame.tag + frame.sequence).length;
  frame.publish();
  const other: FrameLoan | null = topic.tryLoan();
  (await topic.loan(waiting)).release();
  return [maybe, other];
}

async function messages() {
  using message: Message | null = channel.receiveSync({ timeout: 1000 });
  const found: (Message | null)[] = [channel.tryReceive(), await channel.receive(waiting)];
  const target = new Uint8Array(4096);
  const copied: (number | null)[] = [channel.receiveIntoSync(target, { timeout: 1000 }), channel.tryReceiveInto(target), await channel.receiveInto(target, waiting)];
  for await (const { data, length, tag, deliveries } of channel) console.log(data.toString(), length + tag + deliveries);
  return [message?.data, found, copied];
}

/** What JSON can hold keeps its type. */
async function work() {
  using own = jobs;
  await own.consume(async (message) => message.json().id + message.text().length, {
    signal: new AbortController().signal,
    concurrency: 4,
    retries: 3,
    onFailure: (error, message) => console.error(error, message.json().id),
  });
  for await (const message of own.messages({ ref: false })) {
    const { id }: Job = message.json();
    if (id === 1) message.putBack();
  }
  own.detach();
  return own.destroy();
}

async function frames() {
  using newest: Frame | null = topic.latest();
  const found: (Frame | null)[] = [topic.receiveSync({ timeout: 1000 }), topic.tryReceive(), await topic.receive(waiting)];
  for await (const frame of topic.frames({ ref: false })) console.log(frame.text());
  for await (const { data, length, tag, sequence, missed } of topic) console.log(data.toString(), length + tag + sequence + missed);
  return [newest?.data, found];
}

const key: string | number = channel.key;
const numbers: number[] = [channel.slots, channel.size, topic.size, topic.history, topic.readers];
const closed: boolean[] = [channel.closed, topic.closed];
const nothing: void[] = [channel.close(), topic.leave(), topic.close(), topic.detach()];

const wrong = async () => {
  // @ts-expect-error: it is no job
  jobs.send({ name: 'x' });
  // @ts-expect-error: a bare number was a timeout once
  channel.receiveSync(1000);
  // @ts-expect-error: it is null once the channel is closed
  channel.receiveSync().data;
  // @ts-expect-error: there may be no message
  channel.tryReceive().data;
  // @ts-expect-error: nor a free slot
  channel.tryLoan().send();
  // @ts-expect-error: nor a frame
  topic.latest().data;
  // @ts-expect-error: what blocks cannot be aborted
  channel.receiveSync({ signal: new AbortController().signal });
  // @ts-expect-error: it is not copied into text
  channel.receiveIntoSync('text');
  // @ts-expect-error: there is no such option
  new shm.Channel('/jobs', { history: 1 });
  // @ts-expect-error: there is no such way
  new shm.Channel('/jobs', { overflow: 'drop-newest' });
  // @ts-expect-error: a topic never waits for its readers
  new shm.Topic('/video', { overflow: 'wait' });
  // @ts-expect-error: it is whose message it is
  channel.tryReceive()!.tag = 1;
  // @ts-expect-error: there may be no frame
  (await topic.receive()).data;
  // @ts-expect-error: a bare number was a timeout once
  topic.receiveSync(1000);
  // @ts-expect-error: it is no price
  prices.publishSync({ name: 'x' });
  // @ts-expect-error: of a topic there is the newest only
  for (const frame of topic) console.log(frame);
  // @ts-expect-error: a message is received, not made
  new shm.Message();
};
console.log(none, sent, published, read, loans, messages, work, frames, key, numbers, closed, nothing, wrong);

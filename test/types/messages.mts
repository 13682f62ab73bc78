// Channel and Topic; compiled, not run.
import shm, { Channel, ChannelOptions, Frame, FrameLoan, Loan, Message, Payload, Topic, TopicOptions, WaitOptions } from '../../lib/index.mjs';

const channelOptions: ChannelOptions = { slots: 64, size: 4096, perm: 600, overflow: 'drop-oldest' };
const channel: Channel = new shm.Channel('/jobs', channelOptions);
const none: [ChannelOptions, TopicOptions, WaitOptions] = [{}, {}, {}];
const topicOptions: TopicOptions = { size: 4096, history: 2, readers: 4, perm: '600' };
const topic: Topic = new shm.Topic(5, topicOptions);
const waiting: WaitOptions = { timeout: 1000, signal: new AbortController().signal, ref: false };

/** Text and whatever views bytes. */
const payloads: Payload[] = ['text', Buffer.from('bytes'), new Float64Array(1), new DataView(new ArrayBuffer(1))];
const sent: (void | boolean | Promise<void>)[] = [channel.send(payloads[0]), channel.send('text', 1000), channel.trySend(payloads[1]), channel.sendAsync('text', waiting)];
topic.publish(payloads[2], 1000);

/** What is held for a while can be given back by `using`. */
async function loans() {
  using loan: Loan = channel.loan(1000);
  const bytes: Buffer = loan.data;
  loan.length = bytes.write('text');
  loan.tag = -1;
  loan.send();
  const maybe: Loan | null = channel.tryLoan();
  const later: Loan = await channel.loanAsync(waiting);
  later.release();
  using frame: FrameLoan = topic.loan(1000);
  frame.length = frame.data.fill(frame.tag).length;
  frame.publish();
  return maybe;
}

async function messages() {
  using message: Message | null = channel.receive(1000);
  const found: (Message | null)[] = [channel.tryReceive(), await channel.receiveAsync(waiting)];
  const copied: number | null = channel.receiveInto(new Uint8Array(4096), 1000);
  for await (const { data, length, tag, deliveries } of channel) console.log(data.toString(), length + tag + deliveries);
  return [message?.data, found, copied];
}

async function frames() {
  using newest: Frame | null = topic.latest();
  const found: (Frame | null)[] = [topic.receive(1000), topic.tryReceive(), await topic.receiveAsync(waiting)];
  for await (const { data, length, tag, sequence, missed } of topic) console.log(data.toString(), length + tag + sequence + missed);
  return [newest?.data, found];
}

const key: string | number = channel.key;
const numbers: number[] = [channel.slots, channel.size, topic.size, topic.history, topic.readers];
const closed: boolean[] = [channel.closed, topic.closed];
const nothing: void[] = [channel.close(), topic.leave(), topic.close()];

const wrong = async () => {
  // @ts-expect-error: objects go as JSON
  channel.send({ id: 1 });
  // @ts-expect-error: an ArrayBuffer is no view
  channel.trySend(new ArrayBuffer(1));
  // @ts-expect-error: it is null once the channel is closed
  channel.receive().data;
  // @ts-expect-error: there may be no message
  channel.tryReceive().data;
  // @ts-expect-error: nor a free slot
  channel.tryLoan().send();
  // @ts-expect-error: nor a frame
  topic.latest().data;
  // @ts-expect-error: what blocks takes a time only
  channel.receive(waiting);
  // @ts-expect-error: it is not copied into text
  channel.receiveInto('text');
  // @ts-expect-error: there is no such option
  new shm.Channel('/jobs', { history: 1 });
  // @ts-expect-error: there is no such way
  new shm.Channel('/jobs', { overflow: 'drop-newest' });
  // @ts-expect-error: a topic never waits for its readers
  new shm.Topic('/video', { overflow: 'wait' });
  // @ts-expect-error: it is whose message it is
  channel.tryReceive()!.tag = 1;
  // @ts-expect-error: there may be no frame
  (await topic.receiveAsync()).data;
  // @ts-expect-error: of a topic there is the newest only
  for (const frame of topic) console.log(frame);
  // @ts-expect-error: a message is received, not made
  new shm.Message();
};
console.log(none, sent, loans, messages, frames, key, numbers, closed, nothing, wrong);

import { Key } from './arrays';
import { Permissions } from './options';
import { AbortSignalLike, NodeBuffer, WithDispose } from './platform';
import { TimeoutOptions, WaitOptions } from './wait';

/** Text, which is sent as UTF-8, or bytes. */
export type Payload = string | ArrayBufferView;

/** What is common to everything that is held for a while: `using` gives it back, or `release` does. */
interface Held extends WithDispose {
  /** Gives it back; from then on `data` is empty. Doing it again does nothing. */
  release(): void;
}

/**
 * A slot of a {@link Channel} that this thread fills. Released without having been sent, it never was. Its slot stays
 * taken as that of a {@link Message} does.
 */
export interface Loan extends Held {
  /** The whole slot, in shared memory. What an earlier message has left there is still in it. */
  readonly data: NodeBuffer;
  /** Bytes of the message; the whole slot's at first. */
  length: number;
  /** A number of 32 bits (−2³¹ … 2³¹−1) that goes with the message; 0 at first. */
  tag: number;
  /**
   * Sends it, without a copy. The loan is over then. It waits only if another sender is stopped in the middle; if that
   * takes too long, the loan is not over.
   *
   * @throws {RangeError} if `length` or `tag` are out of range
   * @throws {Error} with `code` `'ERR_SHM_CLOSED'`, `'ERR_SHM_DETACHED'` or `'ERR_SHM_TIMED_OUT'`; `'ERR_SHM_RELEASED'`
   *   if it is over
   */
  send(options?: WaitOptions): Promise<void>;
  /** {@link send} that blocks. Handlers of SIGINT wait for its end. */
  sendSync(options?: TimeoutOptions): void;
  /** {@link send} that does not wait: false, and the loan is not over, if another sender was stopped in the middle. */
  trySend(): boolean;
}

/**
 * A message that this thread has taken out of a {@link Channel}. Until it is given back, its slot is not free. If it is
 * lost (its script was terminated, say, or threw), only the channel's `detach` or the end of the thread gives it back.
 */
export interface Message<T = any> extends Held {
  /**
   * Exactly the message, in shared memory: no copy, and what is written to it, is written there. After `release` it
   * is empty. A view that was kept (`const { data } = message`) shows the slot, and so other messages, later on:
   * never beyond the slot, but it must not be used.
   */
  readonly data: NodeBuffer;
  /** Bytes. */
  readonly length: number;
  /** The number that the sender gave it. */
  readonly tag: number;
  /** How often it was delivered before, to receivers that died or put it back. 0 as a rule. */
  readonly deliveries: number;
  /** The message as text: its bytes are UTF-8. */
  text(): string;
  /** What `JSON.parse` makes of the text. @throws {SyntaxError} if it is no JSON */
  json(): T;
  /**
   * Gives it back undone: it is delivered again, as the last, with one more of `deliveries`. At once, or within a second
   * if another sender is just then stopped in the middle.
   */
  putBack(): void;
}

/** How a {@link Channel} is opened. An unknown option is an error. */
export interface ChannelOptions {
  /** How many messages there can be at a time, those being written and read included. 64 if it is created. */
  slots?: number;
  /** The longest message, in bytes. Needed if it is created. */
  size?: number;
  /** Permissions as octal digits, if it is created; `'660'` by default. */
  perm?: Permissions;
  /** Whether the memory goes with its last user, as in `create`. */
  transient?: boolean;
  /** What this object's sends do when no slot is free: wait, as by default, or throw away the oldest message. */
  overflow?: 'wait' | 'drop-oldest';
}

/** How {@link Channel.consume} hands out messages. An unknown option is an error. */
export interface ConsumeOptions<T = any> {
  /** Aborting it ends `consume`: no further message is taken, and what runs is waited for. */
  signal?: AbortSignalLike;
  /** How many messages are handled at a time; 1 by default. */
  concurrency?: number;
  /**
   * How often a message is delivered again, before a failure is the last; `Infinity` by default. It takes `onFailure`.
   * The death of a process that had the message is a failure, too.
   */
  retries?: number;
  /**
   * Called with the error and the message of the last retry, which is done then. The error is `ERR_SHM_OWNER_DIED` if the
   * process that had it has died. If it fails itself, the message is put back and `consume` rejects with its error.
   */
  onFailure?: (error: any, message: Message<T>) => unknown;
}

/** How {@link Channel.messages} waits. An unknown option is an error. */
export type MessagesOptions = Pick<WaitOptions, 'signal' | 'ref'>;

/**
 * A queue of messages between any number of threads and processes: each message goes to one of those that receive.
 * First in, first out. What one object sends is queued in the order of its calls. Loans are apart from that: a loan has
 * its slot already, so it is sent before what waits for a slot; and while its `send` waits for a sender that is stopped in
 * the middle, later calls of the object may come first. A process that is killed, at any moment, harms no other: what was
 * not sent never was, what was sent arrives, and what was received and not given back is delivered again within a second,
 * as the last.
 *
 * It lies in the shared memory of its key, with `slots` × `size` bytes reserved. It needs Node.js 16.11 or newer.
 *
 * A call without a suffix returns a promise, its twin `…Sync` blocks, and `try…` never waits. While a call blocks,
 * handlers of SIGINT and other signals wait.
 *
 * @typeParam T what is sent as JSON
 * @example
 * interface Job { id: number }
 * const jobs = new shm.Channel<Job>('/jobs', { slots: 64, size: 4096 });
 * await jobs.send({ id: 1 });
 * // elsewhere
 * await jobs.consume(async (message) => work(message.json().id));
 */
export class Channel<T = any> implements AsyncIterable<Message<T>> {
  /**
   * Opens the channel, or creates it if there is none. An option that is not given is what it has. If it fails, it
   * leaves nothing behind.
   *
   * @param key string for a POSIX object, integer for a System V segment
   * @throws {TypeError | RangeError} if an argument is wrong
   * @throws {Error} with `code` `'ERR_SHM_LAYOUT'` if there is something else, or one of another geometry;
   *   `'ERR_SHM_UNAVAILABLE'` before Node.js 16.11
   * @throws {ShmSystemError} if the system refuses
   */
  constructor(key: Key, options?: ChannelOptions);

  readonly key: Key;
  /** How many messages there can be at a time. */
  readonly slots: number;
  /** The longest message, in bytes. */
  readonly size: number;
  /** Whether it has been closed. */
  readonly closed: boolean;

  /**
   * Sends a copy of text, bytes, or what JSON can hold, once a slot is free. Bytes are copied when there is one: do not
   * change them before.
   *
   * @throws {RangeError} if it is longer than `size`
   * @throws {TypeError} if JSON cannot hold it; if the bytes were transferred or resized while it waited
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'`, `'ERR_SHM_CLOSED'`, `'ERR_SHM_DETACHED'`; `'ERR_SHM_REPLACED'` if
   *   the key leads to other memory by now; `'ERR_SHM_LAYOUT'` if something has written what no participant writes
   */
  send(data: Payload | T, options?: WaitOptions): Promise<void>;
  /** {@link send} that blocks. Handlers of SIGINT wait for its end. */
  sendSync(data: Payload | T, options?: TimeoutOptions): void;
  /** {@link send} that does not wait: false if no slot is free, or another sender was stopped in the middle for 50 ms. */
  trySend(data: Payload | T): boolean;

  /** A free slot, to make a message in place, once there is one. Throws what {@link send} throws. */
  loan(options?: WaitOptions): Promise<Loan>;
  /** {@link loan} that blocks. Handlers of SIGINT wait for its end. */
  loanSync(options?: TimeoutOptions): Loan;
  /** {@link loan} that does not wait: `null` if no slot is free. */
  tryLoan(): Loan | null;

  /**
   * The next message, once there is one; to be given back by `release`, `putBack` or `using`. `null` once the channel is
   * closed and empty.
   *
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'`, `'ERR_SHM_DETACHED'`, `'ERR_SHM_REPLACED'`; `'ERR_SHM_LAYOUT'` if
   *   something has written what no participant writes: that entry is gone then
   */
  receive(options?: WaitOptions): Promise<Message<T> | null>;
  /** {@link receive} that blocks. Handlers of SIGINT wait for its end. */
  receiveSync(options?: TimeoutOptions): Message<T> | null;
  /** {@link receive} that does not wait: `null` if there is no message, or another receiver was stopped in the middle for 50 ms. */
  tryReceive(): Message<T> | null;

  /**
   * Copies the next message and gives it back at once: it is delivered at most once.
   *
   * @param buffer of at least `size` bytes
   * @returns the message's length in bytes; `null` once the channel is closed and empty
   */
  receiveInto(buffer: Uint8Array, options?: WaitOptions): Promise<number | null>;
  /** {@link receiveInto} that blocks. Handlers of SIGINT wait for its end. */
  receiveIntoSync(buffer: Uint8Array, options?: TimeoutOptions): number | null;
  /** {@link receiveInto} that does not wait: `null` as from {@link tryReceive}. */
  tryReceiveInto(buffer: Uint8Array): number | null;

  /**
   * Hands each message to `handler`, until the channel is closed and empty, or the signal is aborted. The message is done
   * when what the handler returns is fulfilled. When the handler throws or rejects, the message goes back, as the last,
   * with one more of `deliveries`; likewise when its process dies.
   *
   * @throws {TypeError | RangeError} if an argument is wrong: `ERR_INVALID_ARG_VALUE` for `retries` without `onFailure`
   * @throws {Error} with `code` `'ERR_SHM_DETACHED'`, `'ERR_SHM_REPLACED'` or `'ERR_SHM_LAYOUT'`, as {@link receive} does
   * @throws what `onFailure` has thrown
   */
  consume(handler: (message: Message<T>) => unknown, options?: ConsumeOptions<T>): Promise<void>;

  /**
   * Messages until the channel is closed and empty. Each is released, and so done, when the loop goes on or is left, by
   * a `break` as by a `throw`: a loop cannot tell them apart. {@link consume} can. The event loop has a turn every 64
   * messages or 2 ms.
   */
  messages(options?: MessagesOptions): AsyncIterableIterator<Message<T>>;
  /** {@link messages} without options. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message<T>>;

  /** Closes it for everybody, for good: sends throw, receivers get what is queued and then end. */
  close(): void;
  /**
   * Gives back all that this object has: its messages are delivered again, its loans never were. Its calls that wait are
   * rejected with `ERR_SHM_DETACHED`. With the last object over the key in this thread the memory is detached, too, and
   * with it what `get` has shown of it.
   */
  detach(): void;
  /** Destroys it for everybody who opens the key from now on. Whether there was something to destroy. */
  destroy(): boolean;
}

/** `using` calls {@link Channel.detach}. */
export interface Channel<T = any> extends WithDispose {}

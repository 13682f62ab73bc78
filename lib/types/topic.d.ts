import { Key } from './arrays';
import { Payload } from './channel';
import { Permissions } from './options';
import { NodeBuffer, WithDispose } from './platform';
import { TimeoutOptions, WaitOptions } from './wait';

/**
 * A frame of a {@link Topic} that this thread writes: it has the writer's lock until the loan is over. Released without
 * having been published, it never was.
 */
export interface FrameLoan extends WithDispose {
  /** The whole frame, in shared memory. An older frame is still in it. */
  readonly data: NodeBuffer;
  /** Bytes of the frame; all of them at first. */
  length: number;
  /** A number of 32 bits (−2³¹ … 2³¹−1) that goes with the frame; 0 at first. */
  tag: number;
  /** The number that the frame will have, modulo 2³¹. */
  readonly sequence: number;
  /**
   * Publishes it, without a copy and without waiting. The loan is over then.
   *
   * @throws {RangeError} if `length` or `tag` are out of range
   * @throws {Error} with `code` `'ERR_SHM_CLOSED'` or `'ERR_SHM_DETACHED'`; `'ERR_SHM_RELEASED'` if it is over;
   *   `'ERR_SHM_LAYOUT'` if something has taken the writer's lock away
   */
  publish(): void;
  /** Gives it back; from then on `data` is empty. Doing it again does nothing. */
  release(): void;
}

/** A frame that a reader has, until it is released or the reader gets another. */
export interface Frame<T = any> extends WithDispose {
  /**
   * Exactly the frame, in shared memory; it stays as it is while the reader has it. After `release` it is empty. A view
   * that was kept (`const { data } = frame`) shows other frames later on, and must not be used.
   */
  readonly data: NodeBuffer;
  /** Bytes. */
  readonly length: number;
  /** The number that the writer gave it. */
  readonly tag: number;
  /** The frame's number, counted from 1, modulo 2³¹. */
  readonly sequence: number;
  /** How many frames there were between the one before and this one, which this reader has not got. */
  readonly missed: number;
  /** The frame as text: its bytes are UTF-8. */
  text(): string;
  /** What `JSON.parse` makes of the text. @throws {SyntaxError} if it is no JSON */
  json(): T;
  /** Gives it back; from then on `data` is empty. Doing it again does nothing. */
  release(): void;
}

/** How a {@link Topic} is opened. An unknown option is an error. */
export interface TopicOptions {
  /** The longest frame, in bytes. Needed if it is created. */
  size?: number;
  /** How many of the newest frames a reader that is behind can still get. 1 if it is created. */
  history?: number;
  /** How many readers there can be at a time. 8 if it is created. */
  readers?: number;
  /** Permissions as octal digits, if it is created; `'660'` by default. */
  perm?: Permissions;
  /** Whether the memory goes with its last user, as in `create`. */
  transient?: boolean;
}

/** How {@link Topic.frames} waits. An unknown option is an error. */
export type FramesOptions = Pick<WaitOptions, 'signal' | 'ref'>;

/**
 * The newest frame, from one writer at a time to any number of readers in any threads and processes: a camera's
 * pictures, a state, prices. The writer never waits for readers, and no reader sees half a frame. A process that is
 * killed, at any moment, harms no other.
 *
 * It lies in the shared memory of its key, with (`history` + `readers` + 1) × `size` bytes reserved. It needs Node.js 16.11
 * or newer.
 *
 * An object is one reader, from its first read on, and has one frame at a time. A second object over the same key, also
 * in the same thread, is another reader.
 *
 * A call without a suffix returns a promise, its twin `…Sync` blocks, and `try…` never waits. While a call blocks,
 * handlers of SIGINT and other signals wait.
 *
 * @typeParam T what is published as JSON
 * @example
 * const video = new shm.Topic('/video', { size: 1920 * 1080 * 3 });
 * const frame = await video.loan();
 * camera.readInto(frame.data);
 * frame.publish();
 * // elsewhere
 * for await (const frame of new shm.Topic('/video')) draw(frame.data);
 */
export class Topic<T = any> implements AsyncIterable<Frame<T>> {
  /**
   * Opens the topic, or creates it if there is none. An option that is not given is what it has. If it fails, it leaves
   * nothing behind.
   *
   * @param key string for a POSIX object, integer for a System V segment
   * @throws {TypeError | RangeError} if an argument is wrong
   * @throws {Error} with `code` `'ERR_SHM_LAYOUT'` if there is something else, or one of another geometry;
   *   `'ERR_SHM_UNAVAILABLE'` before Node.js 16.11
   * @throws {ShmSystemError} if the system refuses
   */
  constructor(key: Key, options?: TopicOptions);

  readonly key: Key;
  /** The longest frame, in bytes. */
  readonly size: number;
  /** How many of the newest frames can be read. */
  readonly history: number;
  /** How many readers there can be at a time. */
  readonly readers: number;
  /** Whether it has been closed. */
  readonly closed: boolean;

  /**
   * An unused frame, to be filled in place, once no other loan or call is writing. This thread is the writer until it
   * is published or released, so keep it short. What one object writes comes in the order of its calls.
   *
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'`, `'ERR_SHM_CLOSED'`, `'ERR_SHM_DETACHED'`; `'ERR_SHM_REPLACED'` if
   *   the key leads to other memory by now; `'ERR_SHM_LAYOUT'` if something has written what no participant writes
   */
  loan(options?: WaitOptions): Promise<FrameLoan>;
  /**
   * {@link loan} that blocks. Handlers of SIGINT wait for its end.
   *
   * @throws {Error} as {@link loan} does, and with `code` `'ERR_SHM_DEADLOCK'` if this thread has a loan of the topic
   */
  loanSync(options?: TimeoutOptions): FrameLoan;
  /** {@link loan} that does not wait: `null` if somebody is writing. */
  tryLoan(): FrameLoan | null;

  /**
   * Publishes a copy of text, bytes, or what JSON can hold, once no other loan or call is writing. Bytes are copied
   * then: do not change them before. Throws what {@link loan} throws.
   *
   * @throws {RangeError} if it is longer than `size`
   * @throws {TypeError} if JSON cannot hold it; if the bytes were transferred or resized while it waited
   */
  publish(data: Payload | T, options?: WaitOptions): Promise<void>;
  /** {@link publish} that blocks, and throws what {@link loanSync} throws. Handlers of SIGINT wait for its end. */
  publishSync(data: Payload | T, options?: TimeoutOptions): void;
  /** {@link publish} that does not wait: false if somebody is writing. */
  tryPublish(data: Payload | T): boolean;

  /**
   * The newest frame, whether seen before or not; `null` if there has been none. It never waits.
   *
   * @throws {Error} with `code` `'ERR_SHM_FULL'` if there are `readers` readers already, `'ERR_SHM_DETACHED'`,
   *   `'ERR_SHM_LAYOUT'`
   */
  latest(): Frame<T> | null;
  /**
   * The next frame that this reader has not seen, or the oldest that there still is, once there is one. A reader that
   * joins late gets the newest first. `null` once the topic is closed and this reader has seen all.
   *
   * @throws {Error} as {@link latest} does, and with `code` `'ERR_SHM_TIMED_OUT'`; `'ERR_SHM_REPLACED'` if the key leads
   *   to other memory by now
   */
  receive(options?: WaitOptions): Promise<Frame<T> | null>;
  /** {@link receive} that blocks. Handlers of SIGINT wait for its end. */
  receiveSync(options?: TimeoutOptions): Frame<T> | null;
  /** {@link receive} that does not wait: `null` if there is no new frame. */
  tryReceive(): Frame<T> | null;

  /** Frames until the topic is closed. Each is released when the loop goes on or is left. */
  frames(options?: FramesOptions): AsyncIterableIterator<Frame<T>>;
  /** {@link frames} without options. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Frame<T>>;

  /** Gives up this reader's row, for another one; the next read takes one again. */
  leave(): void;
  /** Closes it for everybody, for good: writers' calls throw, readers get what they have not seen and then end. */
  close(): void;
  /**
   * Gives back all that this object has: its frame, its row, its loan. Its calls that wait are rejected with
   * `ERR_SHM_DETACHED`. With the last object over the key in this thread the memory is detached, too, and with it what
   * `get` has shown of it. An object that is collected gives back its row, too.
   */
  detach(): void;
  /** Destroys it for everybody who opens the key from now on. Whether there was something to destroy. */
  destroy(): boolean;
}

/** `using` calls {@link Topic.detach}. */
export interface Topic<T = any> extends WithDispose {}

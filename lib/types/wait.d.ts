import { AbortSignalLike } from './platform';

/** How a wait ended: woken by {@link notify}, not begun since the word held another value, or too late. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out';

/** Options of {@link waitAsync} and of all calls that wait without blocking. An unknown option is an error. */
export interface WaitOptions {
  /** Milliseconds from 0; `Infinity` by default. */
  timeout?: number;
  /** Aborting it ends the wait: the promise is rejected with the signal's reason. */
  signal?: AbortSignalLike;
  /** Whether the process stays alive for this wait, as for any promise of Node's own; true by default. */
  ref?: boolean;
}

/** Options of the calls that block. An unknown option is an error. */
export interface TimeoutOptions {
  /** Milliseconds from 0; `Infinity` by default. */
  timeout?: number;
}

/**
 * Sleeps until another thread, of this process or any other, calls {@link notify} for the same word
 * of the same memory: `Atomics.wait` across processes. It blocks this thread, and handlers of SIGINT
 * and other signals wait for its end; see {@link waitAsync}.
 *
 * Whatever the notifier wrote before its `notify` is seen by this thread after `'ok'`, if the value
 * itself is written and read with `Atomics`.
 *
 * @param int32Array over memory that this thread has attached, and not with `copyOnWrite`; an array
 *   that another thread has posted is not enough: attach its key here
 * @param index of the word, in elements
 * @param value sleeps only if the word holds this, as an `Int32Array` holds it
 * @param timeout milliseconds; `Infinity` by default, as `NaN` is; negative ones are 0
 * @throws {TypeError | RangeError} if an argument is wrong: `ERR_INVALID_ARG_VALUE` for an array over
 *   other memory, or over a private copy
 * @throws {ShmError} `ERR_SHM_DETACHED` if the memory has been detached
 * @throws {WaitSystemError} if the system refuses
 * @example
 * while (Atomics.load(words, 0) === 0) shm.wait(words, 0, 0, 1000);
 * @see https://man7.org/linux/man-pages/man2/futex.2.html
 */
export function wait(int32Array: Int32Array, index: number, value: number, timeout?: number): WaitResult;

/**
 * {@link wait} without blocking. Where the kernel lets this process wait with `io_uring` (Linux 6.7
 * on), the wait has begun when this returns: a {@link notify} that comes next counts it. Node's own
 * event loop is told of its end; on Bun and Deno one thread is, for all waits. Elsewhere it begins a
 * moment later, a few threads serve all waits, and a word that has changed counts as notified.
 *
 * Nothing is thrown: what follows is what the promise is rejected with.
 *
 * @param int32Array over memory that this thread has attached, and not with `copyOnWrite`
 * @param index of the word, in elements
 * @param value waits only if the word holds this, as an `Int32Array` holds it
 * @param options `timeout` in milliseconds, `signal`, `ref`
 * @throws {TypeError | RangeError | ShmError | WaitSystemError} as {@link wait} does; `ERR_SHM_DETACHED`
 *   also when the memory is detached during the wait, `ERR_SHM_CALLBACK` if the runtime refuses
 * @throws the signal's reason when it is aborted
 * @example
 * const result = await shm.waitAsync(words, 0, 0, { timeout: 1000 });
 * @see https://man7.org/linux/man-pages/man2/io_uring_enter.2.html
 */
export function waitAsync(
  int32Array: Int32Array,
  index: number,
  value: number,
  options?: WaitOptions,
): Promise<WaitResult>;

/**
 * Wakes those who wait for a word, in any process, blocking or not: who waits longest comes first.
 *
 * @param int32Array over memory that this thread has attached, and not with `copyOnWrite`
 * @param index of the word, in elements
 * @param count at most so many; all by default
 * @returns how many were woken
 * @throws {TypeError | RangeError | ShmError | WaitSystemError} as {@link wait} does
 * @example
 * Atomics.store(words, 0, 1);
 * shm.notify(words, 0);
 * @see https://man7.org/linux/man-pages/man2/futex.2.html
 */
export function notify(int32Array: Int32Array, index: number, count?: number): number;

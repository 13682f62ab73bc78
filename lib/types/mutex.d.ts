import { WaitOptions } from './wait';

/**
 * How a lock was taken: in peace, or from an owner that died while it held it, which may have left
 * what the lock protects half done.
 */
export type LockResult = 'ok' | 'owner-died';

/**
 * A lock in one word of shared memory, for threads and processes. All zero, it is free: whoever
 * attaches the memory makes a `Mutex` over the same word and takes part.
 *
 * The owner is a thread. If it ends without unlocking, by `terminate()` or SIGKILL too, the next to
 * lock gets the lock and `'owner-died'`. Free, it is locked and unlocked without a system call.
 *
 * What an owner wrote before `unlock` is seen by whoever locks next, without further `Atomics`.
 *
 * @example
 * const mutex = new shm.Mutex(words, 0);
 * if (mutex.lock() === 'owner-died') repair();
 * try {
 *   change();
 * } finally {
 *   mutex.unlock();
 * }
 */
export class Mutex {
  /**
   * @param int32Array over memory that this thread has attached, and not with `copyOnWrite`
   * @param index of the word, in elements
   * @throws {TypeError | RangeError} if an argument is wrong: `ERR_INVALID_ARG_VALUE` for an array
   *   over other memory, or over a private copy
   * @throws {ShmError} `ERR_SHM_DETACHED` if the memory has been detached
   * @throws {WaitSystemError} if this thread cannot make itself known to the others
   * @example
   * const mutex = new shm.Mutex(shm.getOrCreate(1, 'Int32Array', '/lock'), 0);
   */
  constructor(int32Array: Int32Array, index: number);

  readonly int32Array: Int32Array;
  /** Of the word, in elements. */
  readonly index: number;

  /**
   * Blocks until this thread owns the lock.
   *
   * @param timeout milliseconds; `Infinity` by default, as `NaN` is; negative ones are 0
   * @throws {ShmError} `ERR_SHM_TIMED_OUT` after the timeout, `ERR_SHM_DEADLOCK` if this thread owns it
   *   already, `ERR_SHM_DETACHED` if the memory has been detached
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if the timeout is no number
   * @throws {WaitSystemError} if the system refuses
   * @example
   * const how = mutex.lock(100);
   */
  lock(timeout?: number): LockResult;

  /**
   * Takes the lock if nobody owns it, and never blocks.
   *
   * @returns `null` if somebody owns it, this thread included
   * @throws {ShmError} `ERR_SHM_DETACHED` if the memory has been detached
   * @example
   * if (mutex.tryLock() === null) console.log('busy');
   */
  tryLock(): LockResult | null;

  /**
   * {@link lock} without blocking. Several tasks of one thread can wait for the lock, one after the
   * other; it is the thread's, so any of them can unlock it.
   *
   * Nothing is thrown: what follows is what the promise is rejected with.
   *
   * @param options `timeout` in milliseconds, `signal`, `ref`
   * @throws {ShmError | TypeError | WaitSystemError} as {@link lock} does, but it waits where this
   *   thread owns the lock
   * @throws the signal's reason when it is aborted
   * @example
   * await mutex.lockAsync({ signal: controller.signal });
   */
  lockAsync(options?: WaitOptions): Promise<LockResult>;

  /**
   * Gives the lock to the next.
   *
   * @throws {ShmError} `ERR_SHM_NOT_OWNER` if this thread does not own it, `ERR_SHM_DETACHED` if the
   *   memory has been detached
   * @example
   * mutex.unlock();
   */
  unlock(): void;
}

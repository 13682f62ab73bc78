import { Key } from './arrays';
import { TimeoutOptions, WaitOptions } from './wait';

/**
 * How a lock was taken: `'ok'`, or from an owner that died while it had the lock. What the lock
 * protects may be half done then.
 */
export type LockResult = 'ok' | 'owner-died';

/** Options of `Mutex.run`. An unknown option is an error. */
export interface RunOptions extends WaitOptions {
  /**
   * Called before the callback if the last owner died while it had the lock: it repairs what the lock
   * protects. If it throws or rejects, so does `run`, and the next owner is told of the death as well.
   */
  recover?: () => unknown;
}

/**
 * A lock in one word of shared memory, for threads and processes. All zero, it is free: whoever
 * attaches the memory makes a `Mutex` over the same word and takes part.
 *
 * The owner is a thread. If it ends without unlocking, by `terminate()` or SIGKILL too, the next one
 * gets the lock and is told `'owner-died'`. A free lock is locked and unlocked without a system call.
 *
 * What an owner wrote before it unlocked is seen by the next owner, without further `Atomics`.
 *
 * @example
 * const mutex = new shm.Mutex(words, 0);
 * await mutex.run(async () => change(), { recover: () => repair() });
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

  /** The array that has the word. */
  readonly int32Array: Int32Array;
  /** The word's index, in elements. */
  readonly index: number;

  /**
   * Takes the lock as soon as nobody else has it; the event loop stays free. Several tasks of one
   * thread can wait for the lock, one after the other. It is the thread's, so any of them can unlock it.
   *
   * Nothing is thrown: what follows is what the promise is rejected with.
   *
   * @param options `timeout` in milliseconds, `signal`, `ref`
   * @throws {ShmError} `ERR_SHM_TIMED_OUT` after the timeout, `ERR_SHM_DETACHED` if the memory has been
   *   detached, `ERR_SHM_REPLACED` if its name or key leads elsewhere by now
   * @throws {TypeError | RangeError} if an option is wrong
   * @throws {WaitSystemError} if the system refuses
   * @throws the signal's reason when it is aborted
   * @example
   * await mutex.lock({ timeout: 1000 });
   */
  lock(options?: WaitOptions): Promise<LockResult>;

  /**
   * {@link lock}, but it blocks this thread. Handlers of SIGINT and other signals wait for its end.
   *
   * @param options `timeout` in milliseconds
   * @throws {ShmError} as {@link lock} does, and `ERR_SHM_DEADLOCK` if this thread has the lock already
   * @throws {TypeError | RangeError} if an option is wrong
   * @throws {WaitSystemError} if the system refuses
   * @example
   * if (mutex.lockSync({ timeout: 100 }) === 'owner-died') repair();
   */
  lockSync(options?: TimeoutOptions): LockResult;

  /**
   * Takes the lock if nobody has it, and never waits.
   *
   * @returns `null` if somebody has it, this thread included
   * @throws {ShmError} `ERR_SHM_DETACHED` if the memory has been detached
   * @example
   * if (mutex.tryLock() === null) console.log('busy');
   */
  tryLock(): LockResult | null;

  /**
   * Gives the lock to the next.
   *
   * @throws {ShmError} `ERR_SHM_NOT_OWNER` if this thread does not have it, `ERR_SHM_DETACHED` if the
   *   memory has been detached
   * @example
   * mutex.unlock();
   */
  unlock(): void;

  /**
   * Takes the lock as {@link lock} does, calls the function, waits for its promise, and unlocks,
   * whether that is fulfilled or rejected or the function throws. A thread that locks again inside
   * waits for itself.
   *
   * Nothing is thrown: what follows is what the promise is rejected with.
   *
   * @param callback has the lock until its promise is settled
   * @param options those of {@link lock}, and `recover`
   * @returns what the callback has given
   * @throws what the callback or `recover` has thrown
   * @throws {ShmError | TypeError | RangeError | WaitSystemError} as {@link lock} does;
   *   `ERR_SHM_NOT_OWNER` if the lock was unlocked inside
   * @example
   * const total = await mutex.run(() => ++words[1], { timeout: 1000, recover: () => (words[1] = 0) });
   */
  run<T>(callback: () => T, options?: RunOptions): Promise<Awaited<T>>;

  /** What `JSON.stringify` shows, and `console.log` in one line. Over a file, and after a detach, there is no key. */
  toJSON(): { key: Key | undefined; index: number; state: 'free' | 'locked' | 'locked by this thread' | 'detached' };
}

import { Key } from './arrays';
import { Permissions } from './options';
import { AbortSignalLike } from './platform';

/** A lock, as the callback of a request sees it. */
export interface NamedLock {
  readonly name: string;
  readonly mode: 'exclusive' | 'shared';
  /** Whether whoever held the lock before died while it did: what the lock protects may be half done. All who share a lock are told. */
  readonly ownerDied: boolean;
}

/** Options of `LockManager.requestSync`. An unknown option is an error. */
export interface LockRequestSyncOptions {
  /** `'exclusive'` by default; any number can hold a `'shared'` lock at a time. */
  mode?: 'exclusive' | 'shared';
  /** How many can hold the lock at a time, 1 by default. All who ask for a name at a time have to ask for the same number. */
  permits?: number;
  /** Does not wait: if the lock is not to be had at once, the callback is called with `null`. */
  ifAvailable?: boolean;
  /** Takes the lock from whoever holds it: their `request` is rejected with an `AbortError`, while their callback goes on. */
  steal?: boolean;
  /** How long to wait, in milliseconds; `Infinity` by default. */
  timeout?: number;
}

/** Options of `LockManager.request`. An unknown option is an error. */
export interface LockRequestOptions extends LockRequestSyncOptions {
  /** Gives the request up when it is aborted, as long as the lock has not been granted. */
  signal?: AbortSignalLike;
}

/** Options of a `LockManager`. An unknown option is an error. */
export interface LockManagerOptions {
  /** How many requests there can be at a time, held and pending, of all threads together: 4,096 by default, 320 bytes each. */
  requests?: number;
  /** Permissions of a new one, in octal digits: `'660'` by default, `'600'` without a key. */
  perm?: Permissions;
  /** Whether the memory goes with its last user, as in `create`; true by default without a key. */
  transient?: boolean;
}

/** A request, as `query` tells of it. */
export interface LockInfo {
  name: string;
  mode: 'exclusive' | 'shared';
  /** A thread: the same for all its requests. */
  clientId: string;
  /** The process that the thread belongs to, as that process knows its own number. */
  pid: number;
}

/** What `query` tells. */
export interface LockManagerSnapshot {
  held: LockInfo[];
  /** In the order in which they were made. */
  pending: LockInfo[];
}

/** Requests of locks by name: what `shm.locks` and each `LockManager` have. */
export interface Locks {
  /**
   * Calls back with the lock of that name as soon as it is granted, and releases it when the callback's promise is
   * settled. First come, first served, for each name. Whoever dies loses what it held, and the next one is told
   * (`lock.ownerDied`); nobody else ever loses a lock, however long it is stopped.
   *
   * The process stays alive for a request that is pending, and not for a lock that is held.
   *
   * @param name at most 255 bytes of UTF-8, not beginning with `-`
   * @returns what the callback returns
   * @throws what the callback throws; the signal's reason; `NotSupportedError` for options that contradict each other;
   *   `AbortError` if the lock is stolen
   * @throws {TypeError | RangeError} if an argument is wrong: `ERR_INVALID_ARG_VALUE` also for other `permits` than
   *   others have asked for
   * @throws {ShmError} `ERR_SHM_TIMED_OUT` after the timeout, `ERR_SHM_FULL` if there are too many requests,
   *   `ERR_SHM_REPLACED` if the name of the memory leads elsewhere by now (`shm.locks` opens it again for the next request),
   *   `ERR_SHM_DETACHED`
   * @example
   * await shm.locks.request('report', async (lock) => {
   *   if (lock.ownerDied) await repair();
   *   await write();
   * });
   */
  request<R>(name: string, callback: (lock: NamedLock) => R): Promise<Awaited<R>>;
  request<R>(name: string, options: LockRequestOptions, callback: (lock: NamedLock | null) => R): Promise<Awaited<R>>;

  /**
   * {@link request}, but it blocks this thread until the lock is granted, and releases it when the callback returns.
   * Handlers of SIGINT and other signals wait for its end. It does not wait for a promise that the callback returns. If a
   * process keeps the table of locks busy, the call may take five seconds longer than its timeout; with `ifAvailable` or
   * `steal`, five seconds.
   *
   * @returns what the callback returns
   * @throws as {@link request} does; `AbortError` for a stolen lock after the callback has returned
   * @example
   * shm.locks.requestSync('build', { timeout: 5000 }, () => compile());
   */
  requestSync<R>(name: string, callback: (lock: NamedLock) => R): R;
  requestSync<R>(name: string, options: LockRequestSyncOptions, callback: (lock: NamedLock | null) => R): R;

  /**
   * Who holds which lock, and who waits.
   *
   * @example
   * const { held, pending } = await shm.locks.query();
   */
  query(): Promise<LockManagerSnapshot>;
}

/**
 * Locks by name, for all processes and threads that open the same key. `shm.locks` is that of all processes of this
 * (effective) user on this machine; a manager of one's own is for other users, or for more requests.
 *
 * @example
 * const team = new shm.LockManager('/team-locks', { perm: '660' });
 */
export class LockManager implements Locks {
  /**
   * Opens it, or creates it if there is none.
   *
   * @param key the name of an object or the number of a segment; without it (or undefined) the key of `shm.locks`: of the
   *   effective user, with the permissions `'600'`, transient, and never one that belongs to somebody else
   * @throws {TypeError | RangeError} if an argument is wrong
   * @throws {ShmError} `ERR_SHM_LAYOUT` if the key has something else, or another number of requests
   * @throws {WaitSystemError} if the system refuses, or the locks of this user belong to somebody else (`EACCES`)
   */
  constructor(key?: Key, options?: LockManagerOptions);
  readonly key: Key;
  request<R>(name: string, callback: (lock: NamedLock) => R): Promise<Awaited<R>>;
  request<R>(name: string, options: LockRequestOptions, callback: (lock: NamedLock | null) => R): Promise<Awaited<R>>;
  requestSync<R>(name: string, callback: (lock: NamedLock) => R): R;
  requestSync<R>(name: string, options: LockRequestSyncOptions, callback: (lock: NamedLock | null) => R): R;
  query(): Promise<LockManagerSnapshot>;
  /** Gives back all that this object holds or waits for, and detaches the memory, unless others of this thread use it. */
  detach(): void;
  /** Detaches the memory and destroys it; whether there was something to destroy. */
  destroy(): boolean;
}

/** The locks of this user, for all processes on this machine. Opened by the first request; gone with the last process that uses it. */
export const locks: Locks;

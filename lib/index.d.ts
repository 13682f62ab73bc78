/// <reference types="node" />

declare global {
  // Empty here, so that this file can name it where TypeScript or @types/node are too old to have it.
  interface Disposable {}
}

/**
 * An array over shared memory. Over a System V segment it carries the segment's `key`, to be given
 * to {@link get} in another process; over a POSIX object `key` is undefined.
 *
 * Where the runtime has `Symbol.dispose` (Node 20 and newer), a `using` declaration detaches the key
 * when its block ends, and with it every view that this thread has of that memory.
 */
export type Shm<T> = T & { key?: number } & Disposable;

/** An array class that only newer runtimes (and newer `lib` settings of TypeScript) have. */
type Newer<Name extends string> = typeof globalThis extends { [K in Name]: { prototype: infer T } }
  ? T
  : never;

/** Type key → the array that {@link create} and {@link get} return for it. */
export type ShmMap = {
  Buffer: Shm<Buffer>;
  Int8Array: Shm<Int8Array>;
  Uint8Array: Shm<Uint8Array>;
  Uint8ClampedArray: Shm<Uint8ClampedArray>;
  Int16Array: Shm<Int16Array>;
  Uint16Array: Shm<Uint16Array>;
  Int32Array: Shm<Int32Array>;
  Uint32Array: Shm<Uint32Array>;
  Float32Array: Shm<Float32Array>;
  Float64Array: Shm<Float64Array>;
  BigInt64Array: Shm<Newer<'BigInt64Array'>>;
  BigUint64Array: Shm<Newer<'BigUint64Array'>>;
  Float16Array: Shm<Newer<'Float16Array'>>;
};

/** The name of an array type: a key of {@link BufferType}. */
export type TypeKey = keyof ShmMap;

/**
 * What memory is called by. An integer from 1 to 2³²−2 is the key of a System V segment; a string is
 * the name of a POSIX object, `'/name'` (a missing slash is added), one path component of at most
 * 255 bytes of UTF-8 on Linux, 31 with the slash on macOS.
 */
export type Key = number | string;

/** An error of the operating system, shaped like those of Node's `fs`. */
export interface ShmSystemError extends Error {
  /** The symbolic name: `'EACCES'`, `'ENOSPC'`, `'EINVAL'`, `'EMFILE'` … */
  code: string;
  /** The number, negative as in Node. */
  errno: number;
  /** The system call that failed. */
  syscall: string;
  /** The key it was about. */
  key: Key;
}

/** How {@link create} and {@link getOrCreate} make memory. An unknown option is an error. */
export interface CreateOptions {
  /** Permissions as octal digits, `'660'` by default; the umask applies to POSIX objects. */
  perm?: string | number;
  /**
   * POSIX: no 8-byte header, the whole object is data. That is what programs in C, Python or Rust
   * make and expect. Segments never have a header.
   */
  raw?: boolean;
  /**
   * `false`: no memory is reserved, pages come into being when they are touched. Touching one when
   * /dev/shm is full then ends the process with SIGBUS. `true` by default.
   */
  reserve?: boolean;
  /**
   * Fault every page in now, so that no first touch is slow. Before Linux 5.14 and on macOS this is
   * no more than a hint.
   */
  populate?: boolean;
  /**
   * Use huge pages (2 MB on most systems). Throws `ENOTSUP` where they are switched off; the message
   * tells how root switches them on.
   */
  hugePages?: boolean;
  /**
   * Over a `SharedArrayBuffer`, which can be posted to worker threads of this process without a copy,
   * and on which `Atomics.wait` works between them. After a detach it reads private zeros.
   */
  shared?: boolean;
}

/** How {@link get} opens and shows memory. An unknown option is an error. */
export interface GetOptions {
  /** POSIX: the object has no 8-byte header, all of it is data. */
  raw?: boolean;
  /** Bytes to skip before the first element, a multiple of the element's size. 0 by default. */
  offset?: number;
  /** Elements (not bytes) to show. As many whole ones as there are by default. */
  count?: number;
  /** Fault every page in now. Before Linux 5.14 and on macOS this is no more than a hint. */
  populate?: boolean;
  /** Use huge pages for what is not in memory yet. Throws `ENOTSUP` where they are switched off. */
  hugePages?: boolean;
  /**
   * What is written stays in this thread's view, and permission to read is enough. A page shows what
   * others write until it is first written here. Of a System V segment it is a copy made now.
   */
  copyOnWrite?: boolean;
  /**
   * Over a `SharedArrayBuffer`, which can be posted to worker threads of this process without a copy,
   * and on which `Atomics.wait` works between them. After a detach it reads private zeros.
   */
  shared?: boolean;
}

/** {@link create} of a `Buffer`, which is what no type key stands for. */
export function create(
  count: number,
  typeKey: undefined,
  key?: Key | null,
  perm?: string | number | CreateOptions,
): ShmMap['Buffer'] | null;
/**
 * Creates shared memory, all zero, and returns an array over it, or `null` if the key is taken.
 *
 * A POSIX object appears under its name finished or not at all, and its memory is reserved.
 *
 * @param count elements (not bytes), an integer from 1 to {@link LengthMax}
 * @param typeKey type of the array, `'Buffer'` by default
 * @param key integer for a System V segment (none or `null`: a random unused one), string for a
 *   POSIX object
 * @param perm permissions as octal digits, `'660'` by default; the umask applies to POSIX objects.
 *   Or an object with options, of which `perm` is one
 * @throws {TypeError} if an argument is of the wrong type or the type key unknown
 * @throws {RangeError} if an argument is out of range
 * @throws {ShmSystemError} if the system refuses, with `code`, and in the message what to do
 * @see https://man7.org/linux/man-pages/man2/shmget.2.html
 * @see https://man7.org/linux/man-pages/man3/shm_open.3.html
 */
export function create<K extends TypeKey = 'Buffer'>(
  count: number,
  typeKey?: K,
  key?: Key | null,
  perm?: string | number | CreateOptions,
): ShmMap[K] | null;

/** {@link createPosix} of a `Buffer`, which is what no type key stands for. */
export function createPosix(
  name: string,
  count: number,
  typeKey: undefined,
  perm?: string | number | CreateOptions,
): ShmMap['Buffer'] | null;
/**
 * Creates a POSIX shared memory object: {@link create} with the name first.
 *
 * @param name name of the object, `'/name'`
 * @param count elements (not bytes)
 */
export function createPosix<K extends TypeKey = 'Buffer'>(
  name: string,
  count: number,
  typeKey?: K,
  perm?: string | number | CreateOptions,
): ShmMap[K] | null;

/** {@link get} of a `Buffer`, which is what no type key stands for. */
export function get(key: Key, typeKey: undefined, options?: GetOptions): ShmMap['Buffer'] | null;
/**
 * Returns an array over existing shared memory (as many whole elements as fit), or `null` if there
 * is none. Getting a key again gives another view of the same mapping.
 *
 * @throws {TypeError | RangeError} if an argument is wrong, the part asked for not there, or the
 *   whole longer than this runtime's arrays can be (`offset` and `count` show a part of it)
 * @throws {ShmSystemError} if the system refuses: `'EACCES'`, for example
 * @throws {Error} with `code` `'ERR_SHM_LAYOUT'` if a POSIX object has not the 8-byte header that
 *   this package gives to its own
 * @see https://man7.org/linux/man-pages/man2/shmat.2.html
 * @see https://man7.org/linux/man-pages/man2/mmap.2.html
 */
export function get<K extends TypeKey = 'Buffer'>(
  key: Key,
  typeKey?: K,
  options?: GetOptions,
): ShmMap[K] | null;

/** {@link getPosix} of a `Buffer`, which is what no type key stands for. */
export function getPosix(name: string, typeKey: undefined, options?: GetOptions): ShmMap['Buffer'] | null;
/** Returns an array over an existing POSIX object, or `null`: {@link get} for names only. */
export function getPosix<K extends TypeKey = 'Buffer'>(
  name: string,
  typeKey?: K,
  options?: GetOptions,
): ShmMap[K] | null;

/** {@link getOrCreate} of a `Buffer`, which is what no type key stands for. */
export function getOrCreate(
  count: number,
  typeKey: undefined,
  key: Key,
  perm?: string | number | CreateOptions,
): ShmMap['Buffer'];
/**
 * Returns an array over `count` elements of the key's memory, which is created if there is none. Of
 * any number of processes that do this at the same time, exactly one creates it.
 *
 * @param count elements (not bytes), an integer from 1 to {@link LengthMax}; the array has that
 *   length also if what exists is larger
 * @param perm permissions, or an object with options, for the case that it is created
 * @throws {Error} with `code` `'ERR_SHM_SIZE'` if what exists is smaller
 * @throws {Error} with `code` `'ERR_SHM_BUSY'` if it vanished 10,000 times between look and create
 * @throws what {@link create} and {@link get} throw
 */
export function getOrCreate<K extends TypeKey = 'Buffer'>(
  count: number,
  typeKey: K | undefined,
  key: Key,
  perm?: string | number | CreateOptions,
): ShmMap[K];

/**
 * Detaches the memory from this thread. Every array over it is empty from then on: its `length` is
 * 0 and writing to it does nothing.
 *
 * A System V segment is destroyed with its last attach. A POSIX object stays until it is destroyed.
 *
 * @param forceDestroy destroy it in any case, also if it is not attached here
 * @returns 0 if the memory was destroyed, else how many attaches are left in all processes (for a
 *   POSIX object always 1), −1 if there was nothing to detach
 * @throws {ShmSystemError} if the system refuses: `'EPERM'` for somebody else's memory, for example
 * @see https://man7.org/linux/man-pages/man2/shmctl.2.html
 */
export function detach(key: Key, forceDestroy?: boolean): number;

/** Detaches a POSIX object: {@link detach} for names only. */
export function detachPosix(name: string, forceDestroy?: boolean): number;

/**
 * Detaches the memory and destroys it: `detach(key, true) === 0`. Processes that have it attached
 * keep it until they detach; nobody can get it anew.
 *
 * @returns whether it was destroyed; false if there was none
 */
export function destroy(key: Key): boolean;

/**
 * Detaches everything that this thread has attached. It is called at the `exit` event of the process.
 *
 * @returns how many System V segments that destroyed; POSIX objects stay
 */
export function detachAll(): number;

/** Bytes of shared memory that this thread has mapped. A POSIX object counts its 8-byte header. */
export function getTotalSize(): number;

/** Bytes of shared memory that this thread has created and not destroyed. */
export function getTotalCreatedSize(): number;

export { Advice, FileOptions, advise, flush, flushAsync, mapFile, unmapFile } from './types/file';

/** What {@link stat} and {@link list} tell of both kinds of memory. */
export interface ShmStatus {
  /** Bytes, a POSIX object's header included. */
  size: number;
  /** Permissions as octal digits: `'660'`. */
  perm: string;
  /** The owner's user id. */
  uid: number;
  /** The owner's group id. */
  gid: number;
  /** When permissions or owner were last changed; of a POSIX object also its size or name. */
  changedAt: Date | null;
}

/** A System V segment. */
export interface SegmentStatus extends ShmStatus {
  kind: 'sysv';
  /** `null` for a segment that has no key: a private one, or one that is destroyed but still attached. */
  key: number | null;
  /** The kernel's number for it, as `ipcs -m` and `ipcrm -m` have it. */
  id: number;
  /** How many attaches it has in all processes. */
  attaches: number;
  /** Whether it is destroyed already and goes with its last attach. */
  destroyed: boolean;
  /** Process that created it. It may have ended, and its number may be another process's by now. */
  creatorPid: number;
  /** Process that attached or detached it last; 0 if none has. */
  lastPid: number;
  /** When it was last attached, to the second. */
  attachedAt: Date | null;
  /** When it was last detached, to the second. */
  detachedAt: Date | null;
}

/** A POSIX object. */
export interface ObjectStatus extends ShmStatus {
  kind: 'posix';
  /** Its name, with the slash. */
  key: string;
  /** When it was created or last written by a system call; writes to mapped memory do not count. */
  modifiedAt: Date | null;
}

/**
 * What there is of a key, without attaching it; `null` if there is nothing.
 *
 * @throws {TypeError | RangeError} if the key is wrong
 * @throws {ShmSystemError} if the system refuses to tell
 * @see https://man7.org/linux/man-pages/man2/shmctl.2.html
 */
export function stat(key: number): SegmentStatus | null;
export function stat(key: string): ObjectStatus | null;
export function stat(key: Key): SegmentStatus | ObjectStatus | null;

/**
 * All segments and objects that this user can see: what is in /proc/sysvipc/shm, and the regular files
 * of /dev/shm. Left out are names that are not UTF-8, which no key can be, and the file of {@link Mutex}.
 *
 * @throws {Error} with `code` `'ERR_SHM_UNAVAILABLE'` on macOS, which cannot list objects
 */
export function list(): (SegmentStatus | ObjectStatus)[];

/** How a wait ended: woken by {@link notify}, not begun since the word held another value, or too late. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out';

/**
 * Sleeps until another thread, of this process or any other, calls {@link notify} for the same word
 * of the same memory: `Atomics.wait` across processes. It blocks this thread; see {@link waitAsync}.
 *
 * Whatever the notifier wrote before its `notify` is seen by this thread after `'ok'`, if the value
 * itself is written and read with `Atomics`.
 *
 * In a worker thread it looks up every 100 ms, so that `terminate()` can end it.
 *
 * @param int32Array over memory that this thread has attached
 * @param index of the word, in elements
 * @param value sleeps only if the word holds this, as an `Int32Array` holds it
 * @param timeout milliseconds; `Infinity` by default, as `NaN` is; negative ones are 0
 * @throws {TypeError | RangeError} if an argument is wrong; `ERR_INVALID_ARG_VALUE` for an array
 *   over other memory
 * @throws {Error} with `code` `'ERR_SHM_DETACHED'` if the memory has been detached
 * @see https://man7.org/linux/man-pages/man2/futex.2.html
 */
export function wait(int32Array: Int32Array, index: number, value: number, timeout?: number): WaitResult;

/** Options of {@link waitAsync} and {@link Mutex.lockAsync}. */
export interface WaitOptions {
  /** Milliseconds; `Infinity` by default. */
  timeout?: number;
  /** Aborting it ends the wait: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the process stays alive for this wait; false by default. */
  ref?: boolean;
}

/**
 * {@link wait} without blocking. Where the kernel lets this process wait with `io_uring` (Linux 6.7
 * on), the wait has begun when this returns: a {@link notify} that comes next counts it. Node's own
 * event loop hears of its end; on Bun and Deno one thread does, for all waits. Elsewhere it begins a
 * moment later, a few threads serve all waits, and a word that has changed counts as notified.
 *
 * The promise is rejected, with what `wait` throws, for wrong arguments and when the memory is
 * detached; and with the signal's reason when that is aborted. The process does not stay alive for
 * it unless `ref` is true.
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
 * @param count at most so many; all by default
 * @returns how many were woken
 * @throws {TypeError | RangeError | Error} as {@link wait} does
 */
export function notify(int32Array: Int32Array, index: number, count?: number): number;

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
 */
export class Mutex {
  /**
   * @param int32Array over memory that this thread has attached
   * @param index of the word, in elements
   * @throws {TypeError | RangeError | Error} as {@link wait} does
   * @throws {ShmSystemError} if this thread cannot make itself known to the others
   */
  constructor(int32Array: Int32Array, index: number);

  readonly int32Array: Int32Array;
  readonly index: number;

  /**
   * Blocks until this thread owns the lock.
   *
   * @param timeout milliseconds; `Infinity` by default
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'` after the timeout, `'ERR_SHM_DEADLOCK'` if this
   *   thread owns it already, `'ERR_SHM_DETACHED'` if the memory has been detached
   */
  lock(timeout?: number): LockResult;

  /** Takes the lock if nobody owns it, and never blocks; `null` if somebody does. */
  tryLock(): LockResult | null;

  /**
   * {@link lock} without blocking. Several tasks of one thread can wait for the lock, one after the
   * other; it is the thread's, so any of them can unlock it.
   *
   * The promise is rejected with what `lock` throws (but waits where this thread owns the lock), and
   * with the signal's reason.
   */
  lockAsync(options?: WaitOptions): Promise<LockResult>;

  /**
   * Gives the lock to the next.
   *
   * @throws {Error} with `code` `'ERR_SHM_NOT_OWNER'` if this thread does not own it
   */
  unlock(): void;
}

/** The most elements (not bytes) of an array: 2³¹ on 64-bit systems, less if the runtime's limit is less. */
export const LengthMax: number;

/** Type key → number of the type; only types that this runtime has. */
export const BufferType: { [key: string]: number };

export const SHMBT_BUFFER: number;
export const SHMBT_INT8: number;
export const SHMBT_UINT8: number;
export const SHMBT_UINT8CLAMPED: number;
export const SHMBT_INT16: number;
export const SHMBT_UINT16: number;
export const SHMBT_INT32: number;
export const SHMBT_UINT32: number;
export const SHMBT_FLOAT32: number;
export const SHMBT_FLOAT64: number;
/** Only where the runtime has `BigInt64Array`. */
export const SHMBT_BIGINT64: number | undefined;
/** Only where the runtime has `BigUint64Array`. */
export const SHMBT_BIGUINT64: number | undefined;
/** Only where the runtime has `Float16Array`. */
export const SHMBT_FLOAT16: number | undefined;

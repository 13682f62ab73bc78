import { ShmArray, TypeKey, TypeNumber } from './arrays';
import { Permissions } from './options';

/** A `URL`, of whichever library. */
interface FileUrl {
  readonly href: string;
}

/**
 * How {@link mapFile} opens, makes and shows a file. An unknown option is an error.
 *
 * @typeParam Shared whether `shared` is true; `boolean` if that is not known
 * @typeParam Disposable whether `disposable` is true; `boolean` if that is not known
 */
export interface FileOptions<Shared extends boolean = boolean, Disposable extends boolean = boolean> {
  /**
   * Whether what is written reaches the file. `false` by default: pages that are written are private
   * copies then, permission to read is enough, and a stray write does no harm.
   */
  write?: boolean;
  /**
   * Elements (not bytes) of the file that is made if there is none: zeros, their room reserved on the disk.
   * It appears under its name finished or not at all. An existing file is kept, and the array shows that
   * many elements of it. Implies `write`.
   */
  create?: number;
  /** Permissions of a new file as octal digits, `'660'` by default, less the umask. */
  perm?: Permissions;
  /**
   * For a file that is written: `true` fills its holes, `false` leaves them, and writing to one when the
   * disk is full then ends the process with SIGBUS. Without it, a file with holes is an error.
   */
  reserve?: boolean;
  /** Bytes to skip before the first element: any multiple of the element's size. 0 by default. */
  offset?: number;
  /** Elements (not bytes) to show. As many whole ones as there are by default. */
  count?: number;
  /** Read every page in now. Before Linux 5.14 and on macOS this is no more than a hint. */
  populate?: boolean;
  /** Over a `SharedArrayBuffer`, which can be posted to worker threads of this process without a copy. */
  shared?: Shared;
  /** The array has `[Symbol.dispose]` where the runtime has it, so that `using` unmaps the file. */
  disposable?: Disposable;
}

/** How a part of a file is going to be read, or that core dumps leave memory out: see {@link advise}. */
export type Advice = 'normal' | 'random' | 'sequential' | 'willneed' | 'dontdump';

/** {@link mapFile} that makes the file if there is none. */
export function mapFile<
  K extends TypeKey | TypeNumber | undefined = 'Buffer',
  Shared extends boolean = false,
  Disposable extends boolean = false,
>(path: string | FileUrl, typeKey: K, options: FileOptions<Shared, Disposable> & { create: number }): ShmArray<K, string, Shared, Disposable>;
/**
 * Shows an ordinary file as an array, without reading it: all threads and processes that map it have
 * its pages in memory once. Returns `null` if there is no such file. Links are followed.
 *
 * Mapping a file again gives another view of the same mapping, unless the file has been replaced
 * (by `rename`) or has grown meanwhile: then it is the new one, and older arrays keep what they had.
 *
 * **A file that is rewritten in place or truncated ends the processes that have it mapped
 * (SIGBUS): replace files by `rename`.**
 *
 * @param path of the file, or a `file:` URL
 * @param typeKey type of the array, `'Buffer'` by default
 * @throws {TypeError} if an argument is of the wrong type, an option unknown, or options contradict
 * @throws {RangeError} if the part asked for is not in the file, or longer than an array can be
 * @throws {Error} with `path`, and `code` `'ERR_SHM_LAYOUT'` if the file is empty or has been cut short
 *   since it was mapped, `'ERR_SHM_SIZE'` if an existing one is smaller than `create` asks for,
 *   `'ERR_SHM_SPARSE'` if one to be written has holes
 * @throws {Error} shaped like {@link ShmSystemError}, with `path`, if the system refuses: `'EACCES'`,
 *   `'EROFS'`, `'ENOSPC'`, `'ENODEV'` (a file system that cannot map) …
 * @example
 * const table = shm.mapFile('/var/lib/table', 'Float64Array');
 * if (table === null) throw new Error('it has not been written yet');
 * @see https://man7.org/linux/man-pages/man2/mmap.2.html
 */
export function mapFile<
  K extends TypeKey | TypeNumber | undefined = 'Buffer',
  Shared extends boolean = false,
  Disposable extends boolean = false,
>(path: string | FileUrl, typeKey?: K, options?: FileOptions<Shared, Disposable>): ShmArray<K, string, Shared, Disposable> | null;

/**
 * Ends every array that this thread has over the file, as {@link detach} does: over what the path leads to
 * now, and over what it led to in earlier calls. The file stays.
 *
 * @param path of the file, a `file:` URL, or an array over a file: it ends the very file that it is over, and nothing
 *   that has taken its path since
 * @returns whether anything was mapped
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if it is no path, `ERR_INVALID_ARG_VALUE` for an array over other memory
 * @example
 * shm.unmapFile('/var/lib/table');
 */
export function unmapFile(path: string | FileUrl | ArrayBufferView): boolean;

/**
 * Writes what has been changed in an array to its file, and returns when it is on the disk. Other processes
 * see changes without that; it is for the case that the machine stops. It blocks: see {@link flushAsync}.
 *
 * @param array over a file that was mapped with `write`, or a part of one
 * @param offset bytes to skip from the start of the array, a multiple of its element's size; 0 by default
 * @param count elements (not bytes); all that follow by default
 * @throws {TypeError | RangeError} if an argument is wrong: `ERR_INVALID_ARG_VALUE` for other arrays
 * @throws {Error} with `code` `'ERR_SHM_DETACHED'` if the file has been unmapped
 * @throws {ShmSystemError} if the disk refuses: `'EIO'`, `'ENOSPC'`
 * @example
 * state[0] = 1;
 * shm.flush(state);
 * @see https://man7.org/linux/man-pages/man2/msync.2.html
 */
export function flush(array: ArrayBufferView, offset?: number, count?: number): void;

/**
 * {@link flush} without blocking: a thread of the runtime's pool waits for the disk. The promise is rejected
 * with `ERR_SHM_DETACHED` if the file is unmapped meanwhile; what was written reaches it all the same,
 * later.
 *
 * @throws {TypeError | RangeError | ShmError | ShmSystemError} as {@link flush} does; the promise is rejected with it
 * @example
 * await shm.flushAsync(state);
 */
export function flushAsync(array: ArrayBufferView, offset?: number, count?: number): Promise<void>;

/**
 * Tells the system how (a part of) a mapped file is going to be read: `'random'` for no read-ahead,
 * `'sequential'` for more of it, `'willneed'` to begin reading now, `'normal'` to take it back.
 *
 * `'dontdump'` keeps memory out of this process's core dumps until it is detached: that of segments and objects, too
 * (Linux; on macOS `ENOTSUP`).
 *
 * @param array over a file, or a part of one; for `'dontdump'` over any memory of this package
 * @param offset bytes to skip from the start of the array, a multiple of its element's size; 0 by default
 * @param count elements (not bytes); all that follow by default
 * @throws {TypeError | RangeError} if an argument is wrong
 * @example
 * shm.advise(table, 'random');
 * @see https://man7.org/linux/man-pages/man2/madvise.2.html
 */
export function advise(array: ArrayBufferView, advice: Advice, offset?: number, count?: number): void;

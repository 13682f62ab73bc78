import { Key } from './arrays';

/** An argument is of the wrong type, has a value that cannot be used, or is out of range; as in Node. */
export type ArgumentErrorCode = 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE';

/** What this package says about memory and waits. */
export type ShmErrorCode =
  /** Node, Bun or Electron makes no `ArrayBuffer` over the memory. */
  | 'ERR_SHM_ARRAY_BUFFER'
  /** `getOrCreate`: the key vanished 10,000 times between look and create. */
  | 'ERR_SHM_BUSY'
  /** A channel or topic was closed. */
  | 'ERR_SHM_CLOSED'
  /** An entry is larger than the `maxEntry` of the map. */
  | 'ERR_SHM_ENTRY_SIZE'
  /** There is no room: no place for one more reader of a topic, or a map that does not evict is full. */
  | 'ERR_SHM_FULL'
  /** `increment` met a value that is no number. */
  | 'ERR_SHM_NOT_A_NUMBER'
  /** A call would write to a map that was opened with `{ readOnly: true }`. */
  | 'ERR_SHM_READ_ONLY'
  /** A message or frame was used after its release. */
  | 'ERR_SHM_RELEASED'
  /** `waitAsync`: the runtime makes no function that other threads can call. */
  | 'ERR_SHM_CALLBACK'
  /** `Mutex`: this thread owns the lock that it wants to wait for. */
  | 'ERR_SHM_DEADLOCK'
  /** The memory under the array has been detached. */
  | 'ERR_SHM_DETACHED'
  /**
   * A POSIX object has not the 8-byte header that this package gives to its own: `{ raw: true }`. Or
   * `mapFile`: the file is empty, or has been cut short since it was mapped.
   */
  | 'ERR_SHM_LAYOUT'
  /** `Mutex`: this thread does not own the lock that it wants to unlock. */
  | 'ERR_SHM_NOT_OWNER'
  /**
   * The key was removed or replaced while its memory was in use: who opens it now gets other memory. What waits
   * looks once a second.
   */
  | 'ERR_SHM_REPLACED'
  /** `getOrCreate`, `mapFile`: what exists is smaller than what was asked for. */
  | 'ERR_SHM_SIZE'
  /** `mapFile`: a file to be written has holes. */
  | 'ERR_SHM_SPARSE'
  /** `Mutex`: not locked within the timeout. */
  | 'ERR_SHM_TIMED_OUT'
  /** `list`: this system does not tell what there is. */
  | 'ERR_SHM_UNAVAILABLE';

/** What `require` and `import` of this package throw. */
export type LoadErrorCode =
  /** No native addon works on this system. The message tells what was tried. */
  | 'ERR_SHM_NOT_LOADED'
  /** Node is older than 10.20. */
  | 'ERR_SHM_NODE_TOO_OLD';

/** An `errno` of the system by its name; the message says what to do where that is known. */
export type SystemErrorCode =
  | 'EACCES'
  | 'EAGAIN'
  | 'EBADF'
  | 'EBUSY'
  | 'EDEADLK'
  | 'EDQUOT'
  | 'EEXIST'
  | 'EFAULT'
  | 'EFBIG'
  | 'EIDRM'
  | 'EINTR'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'ELOOP'
  | 'EMFILE'
  | 'EMLINK'
  | 'ENAMETOOLONG'
  | 'ENFILE'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOLCK'
  | 'ENOMEM'
  | 'ENOSPC'
  | 'ENOSYS'
  | 'ENOTDIR'
  | 'ENOTSUP'
  | 'ENXIO'
  | 'EOPNOTSUPP'
  | 'EOVERFLOW'
  | 'EPERM'
  | 'EROFS'
  | 'ESPIPE'
  | 'ESTALE'
  | 'ETIMEDOUT'
  | 'ETXTBSY'
  | 'EXDEV'
  /** A number that none of the calls here is documented to give; `errno` has it. */
  | 'UNKNOWN';

/** The `code` of every error that this package throws or rejects a promise with. */
export type ErrorCode = ArgumentErrorCode | ShmErrorCode | LoadErrorCode | SystemErrorCode;

/** An error of this package: about arguments, about memory, about waits. */
export interface ShmError extends Error {
  code: ErrorCode;
  /** The key it is about, where it is about one. */
  key?: Key;
  /** The file it is about, where it is about one. */
  path?: string;
}

/** An error of the operating system in `wait`, `waitAsync`, `notify` or `Mutex`; these know no key. */
export interface WaitSystemError extends Error {
  code: SystemErrorCode;
  /** The number, negative as in Node. */
  errno: number;
  /** The system call that failed. */
  syscall: string;
}

/** An error of the operating system about a key, shaped like those of Node's `fs`. */
export interface ShmSystemError extends WaitSystemError {
  /** The key it was about. */
  key: Key;
}

/** The error that has that code. */
export type ShmErrorOf<Code extends ErrorCode> = (Code extends SystemErrorCode ? WaitSystemError & ShmError : ShmError) & { code: Code };

/**
 * Whether what was caught is an error as this package throws it; with a code, whether it has that one. Errors of the
 * system have the codes that they have in Node's own modules, too, so ask right behind the call.
 *
 * @param error anything
 * @param code one code of {@link ErrorCode}
 * @example
 * try {
 *   shm.create(1e9, 'Buffer', '/large');
 * } catch (error) {
 *   if (!shm.isShmError(error, 'ENOSPC')) throw error;
 *   console.error(error.message, error.key);
 * }
 */
export function isShmError(error: unknown): error is ShmError;
export function isShmError<Code extends ErrorCode>(error: unknown, code: Code): error is ShmErrorOf<Code>;

import { Key } from './arrays';

/** An argument is of the wrong type, has a value that cannot be used, or is out of range; as in Node. */
export type ArgumentErrorCode = 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE';

/**
 * What this package says about memory and waits. The calls after *From* are examples that a test holds; those of the same
 * kind throw it, too.
 */
export type ShmErrorCode =
  /** The engine made no `ArrayBuffer` over the memory. From `create`, `get`, `getOrCreate`, `mapFile`. */
  | 'ERR_SHM_ARRAY_BUFFER'
  /**
   * The key or file vanished again and again between a look and a create: others destroy and create it all the time.
   * From `getOrCreate`, `mapFile`.
   */
  | 'ERR_SHM_BUSY'
  /** The engine made no function that other threads can call. From `waitAsync`. */
  | 'ERR_SHM_CALLBACK'
  /**
   * The channel or topic was closed. From `Channel.trySend`, `Channel.send`, `Channel.sendSync`, `Channel.tryLoan`,
   * `Channel.loan`, `Channel.loanSync`, `Topic.tryPublish`, `Topic.publish`, `Topic.publishSync`, `Topic.tryLoan`,
   * `Topic.loan`, `Topic.loanSync`.
   */
  | 'ERR_SHM_CLOSED'
  /**
   * This thread itself has the lock, or the loan, that the call would wait for. From `Mutex.lockSync`,
   * `Topic.publishSync`, `Topic.loanSync`.
   */
  | 'ERR_SHM_DEADLOCK'
  /**
   * The memory was detached. From `wait`, `waitAsync`, `notify`, `flush`, `flushAsync`, `advise`, `Mutex`,
   * `Mutex.lock`, `Mutex.lockSync`, `Mutex.tryLock`, `Mutex.unlock`, `Channel.trySend`, `Channel.send`,
   * `Channel.sendSync`, `Channel.tryReceive`, `Channel.receive`, `Channel.receiveSync`, `Channel.tryLoan`,
   * `Channel.close`, `Topic.tryPublish`, `Topic.publish`, `Topic.publishSync`, `Topic.tryReceive`, `Topic.receive`,
   * `Topic.receiveSync`, `Topic.latest`, `Topic.close`, `SharedMap.get`, `SharedMap.has`, `SharedMap.ttl`,
   * `SharedMap.set`, `SharedMap.add`, `SharedMap.replace`, `SharedMap.delete`, `SharedMap.increment`,
   * `SharedMap.update`, `SharedMap.touch`, `SharedMap.clear`, `SharedMap.prune`.
   */
  | 'ERR_SHM_DETACHED'
  /**
   * An entry is larger than the map's `maxEntry`. From `SharedMap.set`, `SharedMap.add`, `SharedMap.replace`,
   * `SharedMap.update`.
   */
  | 'ERR_SHM_ENTRY_SIZE'
  /**
   * There is no room: no row for one more reader of a topic, or a map that does not evict is full. From
   * `SharedMap.set`.
   */
  | 'ERR_SHM_FULL'
  /**
   * The memory is not what the call takes it for: an object has not the 8-byte header of this package (`{ raw: true
   * }`), a file is empty or was cut short, or a key leads to something else than such a structure. From `get`,
   * `getOrCreate`, `mapFile`, `Channel`, `Topic`, `SharedMap`, `LockManager`.
   */
  | 'ERR_SHM_LAYOUT'
  /** What is to be incremented is no number. From `SharedMap.increment`. */
  | 'ERR_SHM_NOT_A_NUMBER'
  /** This thread does not own the lock. From `Mutex.unlock`. */
  | 'ERR_SHM_NOT_OWNER'
  /**
   * The process that had a message at its last retry has died, or put the message back. `onFailure` is called with it.
   * From `Channel.consume`.
   */
  | 'ERR_SHM_OWNER_DIED'
  /**
   * The map was opened with `{ readOnly: true }`. From `SharedMap.compute`, `SharedMap.set`, `SharedMap.add`,
   * `SharedMap.replace`, `SharedMap.delete`, `SharedMap.increment`, `SharedMap.update`, `SharedMap.touch`,
   * `SharedMap.clear`, `SharedMap.prune`.
   */
  | 'ERR_SHM_READ_ONLY'
  /**
   * The loan was sent, published or released before. From `Loan.trySend`, `Loan.send`, `Loan.sendSync`,
   * `FrameLoan.publish`.
   */
  | 'ERR_SHM_RELEASED'
  /**
   * The key was removed or replaced while its memory was in use: who opens it now gets other memory. Everything that
   * waits looks once a second. From `Mutex.lock`.
   */
  | 'ERR_SHM_REPLACED'
  /** What exists is smaller than what was asked for. From `getOrCreate`, `mapFile`. */
  | 'ERR_SHM_SIZE'
  /** A file to be written has holes. From `mapFile`. */
  | 'ERR_SHM_SPARSE'
  /**
   * It did not happen within the timeout. From `Channel.receive`, `Channel.receiveSync`, `Channel.receiveInto`,
   * `Channel.receiveIntoSync`, `Channel.send`, `Channel.sendSync`, `Channel.loan`, `Channel.loanSync`,
   * `Topic.receive`, `Topic.receiveSync`, `Topic.publish`, `Topic.loan`, `Mutex.lock`.
   */
  | 'ERR_SHM_TIMED_OUT'
  /** This system or runtime cannot do it. From `list`, `destroyOrphans`, `SharedMap`. */
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

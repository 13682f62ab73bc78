import { Key } from './arrays';
import { ListFilter } from './lifetimes';

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
  /**
   * What `get` takes. A segment that is transient, private (`IPC_PRIVATE`) or destroyed but still attached has no key:
   * this number tells its id, and when it was made.
   */
  key: number;
  /** The kernel's number for it, as `ipcs -m` and `ipcrm -m` have it. */
  id: number;
  /** How many attaches it has in all processes. */
  attaches: number;
  /** Whether it goes with its last attach: it is transient, or was destroyed while it was attached. */
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
  /** Whether it goes with its last user: see `transient` of {@link CreateOptions}. */
  transient: boolean;
  /** When it was created or last written by a system call; writes to mapped memory do not count. */
  modifiedAt: Date | null;
}

/** What {@link stat} tells of a key of that type. */
export type StatusOf<Q extends Key> = [Q] extends [number]
  ? SegmentStatus
  : [Q] extends [string]
    ? ObjectStatus
    : SegmentStatus | ObjectStatus;

/**
 * What there is of a key, without attaching it; `null` if there is nothing.
 *
 * @param key integer of a System V segment, or string of a POSIX object
 * @throws {TypeError | RangeError} if the key is wrong
 * @throws {ShmSystemError} if the system refuses to tell
 * @example
 * const status = shm.stat(4321);
 * if (status !== null) console.log(`${status.size} bytes, ${status.attaches} attaches`);
 * @see https://man7.org/linux/man-pages/man2/shmctl.2.html
 * @see https://man7.org/linux/man-pages/man2/stat.2.html
 */
export function stat<Q extends Key>(key: Q): StatusOf<Q> | null;

/**
 * All segments and objects that this user can see: what is in /proc/sysvipc/shm, and the regular files
 * of /dev/shm. Left out are names that are not UTF-8, which no key can be, and the file of `Mutex`.
 *
 * @param filter which of it; all if it is undefined
 * @throws {TypeError | RangeError} if the filter is wrong
 * @throws {ShmError} `ERR_SHM_UNAVAILABLE` on macOS, which does not list objects, and
 *   where there is no /proc
 * @throws {ShmSystemError} if the system refuses to tell; `ENOTSUP` for `orphans` on macOS
 * @example
 * for (const { key, size } of shm.list()) console.log(key, size, 'bytes');
 * @see https://man7.org/linux/man-pages/man5/proc_sysvipc.5.html
 */
export function list(filter?: ListFilter): (SegmentStatus | ObjectStatus)[];

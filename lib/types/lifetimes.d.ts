import { SegmentStatus, ObjectStatus } from './stat';

/**
 * Tells whether a key still leads to the very memory that an array shows, or that a structure is in. It does not if
 * something has removed or replaced the key meanwhile: `destroy`, `rm /dev/shm/…`, a script, a service manager that
 * removes what a user has left. Who opens the key then gets other memory. Of a mapped file it tells whether the path
 * still leads to that file.
 *
 * It is one system call. macOS tells of an object only whether there is one of that name.
 *
 * @param arrayOrStructure an array over memory that this thread has attached; a `Channel`, `Topic`, `SharedMap`, `LockManager` or `Mutex`
 * @returns false also after a detach
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if it is neither an array nor a structure, `ERR_INVALID_ARG_VALUE` if
 *   it is an array over other memory
 * @example
 * if (!shm.isCurrent(prices)) prices = reopen();
 * @see https://man7.org/linux/man-pages/man2/lstat.2.html
 * @see https://man7.org/linux/man-pages/man2/shmctl.2.html
 */
export function isCurrent(arrayOrStructure: object): boolean;

/** Which memory is meant, of all that there is. */
export interface MemoryFilter {
  /** Only what belongs to this user. */
  mine?: boolean;
  /**
   * Milliseconds: only what was last created or changed longer ago, and of a segment also attached
   * and detached. It spares what a program has just made for another one that has yet to attach it.
   */
  olderThan?: number;
  /** Only objects whose names begin so: `'/app-'`, with or without the slash. */
  prefix?: string;
}

/** Which memory {@link destroyOrphans} destroys. */
export interface OrphanFilter extends MemoryFilter {
  /**
   * What other programs have made, too: any file of `/dev/shm` that nobody has open, and any segment that nobody has
   * attached, whatever they are for. Some programs keep such files on purpose. `false` by default.
   */
  all?: boolean;
}

/** Which memory `list` tells of. */
export interface ListFilter extends MemoryFilter {
  /**
   * Only what nobody has attached, whatever became of its creator (Linux only). The kernel tells of an
   * object who has it open or mapped, in other containers too, but only to its owner and to root, and
   * from Linux 5.3 on; an object that it does not tell of is left out.
   */
  orphans?: boolean;
}

/**
 * Destroys the orphans: what nobody has attached, whatever became of its creator. Of an object this
 * is free of races: nobody can open it between the kernel's word that nobody has it and its end.
 * Of a segment an attach at that very instant is possible: it then ends with that attach.
 *
 * It takes only what carries a mark of this package: an object the 8-byte header or the mark of `transient`, a segment
 * the number that a `Channel`, `Topic`, `SharedMap` or `LockManager` begins with. `raw` objects and plain segments carry
 * none: `all` takes them as well.
 *
 * What this user may not destroy stays, and so do objects that the kernel does not tell of: see
 * `orphans` of {@link ListFilter}.
 *
 * @returns what was destroyed, as `list` tells of it
 * @throws {TypeError | RangeError} if the filter is wrong
 * @throws {ShmSystemError} `ENOTSUP` on macOS
 * @throws {ShmError} `ERR_SHM_UNAVAILABLE` without /proc
 * @example
 * // at the start of a service: what a crash has left behind
 * shm.destroyOrphans({ mine: true, olderThan: 60000 });
 * @see https://man7.org/linux/man-pages/man2/F_SETLEASE.2const.html
 */
export function destroyOrphans(filter?: OrphanFilter): (SegmentStatus | ObjectStatus)[];

/**
 * Switches off the line `shm segments destroyed: N` that a normal exit of the process prints to stdout
 * if it has destroyed segments, or on again. Called in the main thread, it holds for the process.
 *
 * Whoever starts a program can switch the line off too: `SHM_TYPED_ARRAY_QUIET=1` in its environment.
 *
 * @param quiet whether the line is left out; false at the start
 * @throws {TypeError} if it is neither true nor false
 * @example
 * shm.setQuiet(true);
 */
export function setQuiet(quiet: boolean): void;

import type { Key } from './arrays';
import type { Permissions } from './options';

/** What a {@link SharedMap} holds. Objects go in and out as JSON: `JSON.stringify`, `JSON.parse`. */
export type SharedMapValue = string | number | Uint8Array;

/** How a {@link SharedMap} is opened or created. An unknown option is an error. */
export interface SharedMapOptions {
  /** Bytes of memory, at most 2³¹, all of them reserved when it is created; 16 MB by default. */
  bytes?: number;
  /** How many entries there shall be room for; one for each 128 bytes by default. */
  entries?: number;
  /** Bytes of the largest entry: 24, and the key and the value, each padded to 8. By default at least 4096. */
  maxEntry?: number;
  /**
   * What happens when it is full. `false`, the default: `set` throws `ERR_SHM_FULL`, and the old value stays. `true`:
   * the oldest entries that nobody has read go, which `stats()` counts.
   */
  evict?: boolean;
  /** Milliseconds that entries live unless the call says otherwise; `Infinity` by default. It is this object's own. */
  ttl?: number;
  /** Permissions, as in `create`. */
  perm?: Permissions;
}

/** How long an entry lives. */
export interface SharedMapLifetime {
  /** Milliseconds; `Infinity`: until it is deleted. By default what the constructor was given. */
  ttl?: number;
}

/** What {@link SharedMap.stats} tells. */
export interface SharedMapStats {
  /** Entries, those included that have expired and are not reclaimed yet. */
  size: number;
  /** Bytes of the whole map. */
  bytes: number;
  /** Bytes of its entries. */
  liveBytes: number;
  /** Entries that had to go since the map was full. */
  evicted: number;
  /** Expired entries that were reclaimed. */
  expired: number;
  /** How often a process had died while it changed a part of the map, and another made that part whole. */
  repairs: number;
}

/**
 * A map of strings, numbers and bytes that all processes and threads of a machine share: a cache of bounded size,
 * with counters. Who opens the same key has the same map.
 *
 * Reading takes no lock, and gives the whole value or none. Each change of a key is atomic. A process that dies
 * at any moment leaves the old value or the new one, and keeps the others waiting for 50 to 150 ms, once.
 *
 * A value comes out as it went in, but for what UTF-8 cannot hold (lone surrogates become U+FFFD), and for bytes,
 * which come out as a `Buffer` of the caller's own.
 *
 * @example
 * const visits = new shm.SharedMap('/visits', { evict: true });
 * if (visits.increment(address, 1, { ttl: 60000 }) > 100) refuse();
 */
export class SharedMap<V extends SharedMapValue = SharedMapValue> implements Iterable<[string, V]> {
  /**
   * Opens the map of that key, or creates it. Sizes that are given have to be those it was created with.
   *
   * @throws {TypeError | RangeError} if an argument is wrong, or `bytes` too few for `entries` and `maxEntry`
   * @throws {Error} with `code` `'ERR_SHM_LAYOUT'` if the key is something else or a map of other sizes,
   *   `'ERR_SHM_UNAVAILABLE'` before Node 16
   * @throws what `create` and `get` throw
   */
  constructor(key: Key, options?: SharedMapOptions);

  readonly key: Key;

  /** The value of a key that is there and has not expired; it counts as read, which eviction spares once. */
  get(key: string): V | undefined;

  /** Whether a key is there and has not expired. It does not count as read. */
  has(key: string): boolean;

  /**
   * Stores a value, in place of what there is.
   *
   * @param key well-formed Unicode, at most 65,535 bytes of UTF-8
   * @throws {Error} with `code` `'ERR_SHM_FULL'`, unless the map evicts: the old value stays
   * @throws {RangeError} with `code` `'ERR_SHM_ENTRY_SIZE'` if the entry is larger than `maxEntry`
   * @throws {Error} with `code` `'ERR_SHM_DETACHED'` if the memory has been detached, `'ERR_SHM_LAYOUT'` if
   *   something else has written to it
   */
  set(key: string, value: V, options?: SharedMapLifetime): this;

  /** Stores a value if there is none; whether it has. Throws what {@link set} throws. */
  add(key: string, value: V, options?: SharedMapLifetime): boolean;

  /** Stores a value if there is one; whether it has. Throws what {@link set} throws. */
  replace(key: string, value: V, options?: SharedMapLifetime): boolean;

  /** Takes a key out; whether it was there. */
  delete(key: string): boolean;

  /**
   * Adds to a number, which is `initial` (0 by default) where there is none. Only then `ttl` counts: the entry
   * expires as long after its first increment, which makes it a fixed window.
   *
   * @returns the sum
   * @throws {TypeError} with `code` `'ERR_SHM_NOT_A_NUMBER'` if the value is something else
   * @throws what {@link set} throws
   */
  increment(key: string, by?: number, options?: SharedMapLifetime & { initial?: number }): number;

  /**
   * Stores what `change` makes of the value; nothing is locked meanwhile, and if another was faster, `change` is
   * called again with what is there then. `undefined` is no value, and takes the key out. The entry expires when
   * it would have.
   *
   * @returns what is stored
   * @throws what {@link set} and `change` throw
   */
  update(key: string, change: (value: V | undefined) => V | undefined): V | undefined;

  /** Lets an entry live for so many milliseconds from now on; whether it was there. */
  touch(key: string, ttl: number): boolean;

  /** How many milliseconds an entry has left; `Infinity` if it does not expire, `undefined` if it is not there. */
  ttl(key: string): number | undefined;

  /** Takes everything out, one part of the map after the other. It makes a damaged map whole, too. */
  clear(): void;

  /** Takes out what has expired, which happens by and by in any case; how many entries that were. */
  prune(): number;

  /** Entries, those included that have expired and are not reclaimed yet. */
  readonly size: number;

  stats(): SharedMapStats;

  /**
   * Everything that has not expired. An entry that is there throughout comes at least once; others may change
   * the map meanwhile.
   */
  entries(): IterableIterator<[string, V]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<V>;
  [Symbol.iterator](): IterableIterator<[string, V]>;

  /** Detaches the memory from this thread, as `detach` does: every `SharedMap` of the key is unusable then. */
  detach(): void;

  /** Destroys the map, as `destroy` does; whether there was one. Who has it open keeps it. */
  destroy(): boolean;
}

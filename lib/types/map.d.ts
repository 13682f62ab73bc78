import { Key } from './arrays';
import { Permissions } from './options';
import type { AbortSignalLike } from './platform';

/** How a {@link SharedMap} is opened or created. An unknown option is an error. */
export interface SharedMapOptions {
  /**
   * Bytes of memory, at most 2³¹, all of them reserved when it is created; 16 MB by default. `SharedMap.bytesFor` tells
   * how many a number of entries takes.
   */
  bytes?: number;
  /** How many entries there has to be room for; one for each 128 bytes by default. */
  entries?: number;
  /**
   * Bytes of the largest entry, which are 24, and the key and the value, each padded to 8: a larger one is refused. At
   * least 40. By default as many as the map's parts allow, which is at least 4096 unless the map is smaller than 256 KB.
   */
  maxEntry?: number;
  /**
   * What happens when it is full. `false`, the default: `set` throws `ERR_SHM_FULL`, and the old value stays. `true`:
   * the oldest entries that were not read are dropped; `stats()` counts them.
   */
  evict?: boolean;
  /** Milliseconds that entries live unless the call says otherwise; `Infinity` by default. It is this object's own. */
  ttl?: number;
  /**
   * How long calls wait for the lock of a part of the map, in milliseconds, unless they say otherwise; 5000 by default.
   * Locks are held for microseconds, and that of a dead process is free after 150 ms: only a process that was stopped, or
   * something that forged the lock, makes a call wait for longer. It is this object's own.
   */
  timeout?: number;
  /**
   * Under a name: read permission is enough. What others write shows; calls that write throw `ERR_SHM_READ_ONLY`. A map that does not
   * exist is not created. `false` by default.
   */
  readOnly?: boolean;
  /** Permissions of a map that is created, as in `create`. */
  perm?: Permissions;
  /** Whether the memory goes with its last user, as in `create`. */
  transient?: boolean;
}

/** How long a call waits. */
export interface SharedMapTimeout {
  /** Milliseconds to wait for the lock of a part of the map; by default what the constructor was given, or 5000. */
  timeout?: number;
}

/** How long an entry lives, and how long a call waits to store it. */
export interface SharedMapLifetime extends SharedMapTimeout {
  /** Milliseconds; `Infinity`: until it is deleted. By default what the constructor was given. */
  ttl?: number;
}

/** How {@link SharedMap.compute} stores a value, and waits for one. */
export interface SharedMapComputing {
  /** Milliseconds that the value lives; by default what the constructor was given. */
  ttl?: number;
  /**
   * For so many milliseconds after a value has expired, those who do not compute the new one get the old one at once, as
   * long as its room has not been reclaimed. 0 by default: they wait.
   */
  stale?: number;
  /** Milliseconds to wait for another call that computes; `Infinity` by default. It does not limit this call's own callback. */
  timeout?: number;
  /** Aborts the wait, or lets this call's callback finish for nothing: the next one that wants the value computes it. */
  signal?: AbortSignalLike;
  /** Whether waiting keeps the process alive; `true` by default. */
  ref?: boolean;
}

/** The number of entries and their sizes, for {@link SharedMap.bytesFor}. */
export interface SharedMapSizes {
  /** How many entries the map must have room for. */
  entries: number;
  /** Bytes of the longest key, in UTF-8. */
  keyBytes: number;
  /** Bytes of the longest value: 8 for numbers, and those of the JSON for objects, in UTF-8. */
  valueBytes: number;
}

/** What {@link SharedMap.stats} tells. */
export interface SharedMapStats {
  /** Entries, with those that have expired and are not reclaimed yet, and one for each `compute` that runs. */
  size: number;
  /** Bytes of the whole map. */
  bytes: number;
  /** Bytes of its entries. */
  liveBytes: number;
  /** Entries that were dropped because the map was full. */
  evicted: number;
  /** Expired entries that were reclaimed, and claims of `compute` whose owners had died. */
  expired: number;
  /** How often a process had died, or a call was ended by force, in the middle of a change, and another made that part whole. */
  repairs: number;
}

/**
 * A map of values by key that all processes and threads of a machine share: a cache of bounded size, with counters.
 * Whoever opens the same key has the same map.
 *
 * Reading takes no lock, and gives the whole value or none. Each change of a key is atomic. A process that dies
 * at any moment leaves the old value or the new one, and keeps the others waiting for 50 to 150 ms, once.
 *
 * Strings, numbers and bytes are stored as they are; bytes come out as a `Buffer` of the caller's own. Objects, arrays,
 * booleans and null are stored as JSON, and each `get` gives a new object. Lone surrogates in strings become U+FFFD.
 *
 * Every call but `get`, `has`, `ttl`, `size`, `stats` and iteration throws `ERR_SHM_READ_ONLY` on a map that was opened
 * with `{ readOnly: true }`; every call throws `ERR_SHM_DETACHED` after `detach`, and `ERR_SHM_LAYOUT` if something other
 * than a SharedMap has written to the memory.
 *
 * @example
 * const visits = new shm.SharedMap('/visits', { evict: true });
 * if (visits.increment(address, 1, { ttl: 60000 }) > 100) refuse();
 */
export class SharedMap<V = any> implements Iterable<[string, V]> {
  /**
   * Bytes for a map that has room for so many entries with keys and values of at most these sizes, however unevenly the
   * keys are spread over its parts. Entries of more than 16 KB, which are their 24 bytes, the key and the value, take
   * `maxEntry` and `entries`, too.
   *
   * @throws {RangeError} with `code` `'ERR_OUT_OF_RANGE'` if that is more than 2³¹ bytes
   * @example
   * const bytes = shm.SharedMap.bytesFor({ entries: 10000, keyBytes: 40, valueBytes: 200 });
   * const sessions = new shm.SharedMap('/sessions', { bytes, entries: 10000 });
   */
  static bytesFor(sizes: SharedMapSizes): number;

  /**
   * Opens the map of that key, or creates it. An existing map takes all sizes that it was created with, or none: beside
   * one that is given, one that is left out is the default. `evict` has to be that of the map, if it is given.
   *
   * @throws {TypeError | RangeError} if an argument is wrong, or `bytes` too few for `entries` and `maxEntry`
   * @throws {Error} with `code` `'ERR_SHM_LAYOUT'` if the key is something else or a map of other sizes or another `evict`,
   *   `'ENOENT'` if there is none and it was to be opened with `{ readOnly: true }`, `'ERR_SHM_UNAVAILABLE'` before Node.js 16.11
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
   * @throws {TypeError} with `code` `'ERR_INVALID_ARG_TYPE'` if JSON cannot hold the value
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'` if another process has had the lock for too long
   */
  set(key: string, value: V, options?: SharedMapLifetime): this;

  /** Stores a value if there is none; whether it did. Throws what {@link set} throws. */
  add(key: string, value: V, options?: SharedMapLifetime): boolean;

  /** Stores a value if there is one; whether it did. Throws what {@link set} throws. */
  replace(key: string, value: V, options?: SharedMapLifetime): boolean;

  /** Takes a key out; whether it was there. Throws `ERR_SHM_TIMED_OUT`, as {@link set} does. */
  delete(key: string, options?: SharedMapTimeout): boolean;

  /**
   * Adds to a number, which is `initial` (0 by default) where there is none. `ttl` counts only then: the entry
   * expires as long after its first increment, which makes it a fixed window.
   *
   * @returns the sum
   * @throws {TypeError} with `code` `'ERR_SHM_NOT_A_NUMBER'` if the value is something else
   * @throws what {@link set} throws
   */
  increment(key: string, by?: number, options?: SharedMapLifetime & { initial?: number }): number;

  /**
   * Stores what `change` makes of the value. Nothing is locked meanwhile, and if another call was faster, `change` is
   * called again with what is there then. `undefined` is no value, and takes the key out. The entry expires when
   * it would have.
   *
   * @returns what is stored
   * @throws what {@link set} and `change` throw
   */
  update(key: string, change: (value: V | undefined) => V | undefined, options?: SharedMapTimeout): V | undefined;

  /**
   * The value of a key; if there is none, what the callback gives, which is stored. Of all processes and calls that want
   * the value of a key at the same time, one calls its callback; the others get the expired value for `stale` milliseconds
   * more, or wait. If the callback fails, its error rejects that call only, and the next one calls its own; if
   * its process dies, the next one does so within 300 ms. What it gives is handed on as it is, `undefined` is not stored.
   *
   * The callback must not compute the same key again: it would wait for itself.
   *
   * @throws {Error} with `code` `'ERR_SHM_TIMED_OUT'` if another call computes for longer than `timeout`, `'ERR_SHM_REPLACED'`
   *   if the key leads to other memory by now
   * @throws what {@link set} and the callback throw, and the signal's reason
   * @example
   * const rates = await map.compute('rates', async () => (await fetch(url)).json(), { ttl: 60000, stale: 10000 });
   */
  compute<T extends V = V>(key: string, callback: (context: { signal?: AbortSignalLike }) => T | PromiseLike<T>, options?: SharedMapComputing): Promise<T>;

  /** Lets an entry live for `ttl` milliseconds from now on; whether it was there. */
  touch(key: string, ttl: number, options?: SharedMapTimeout): boolean;

  /** How many milliseconds an entry has left; `Infinity` if it does not expire, `undefined` if it is not there. */
  ttl(key: string): number | undefined;

  /** Takes everything out, one part of the map after the other. It makes a damaged map whole, too. */
  clear(options?: SharedMapTimeout): void;

  /** Takes out what has expired, and claims of `compute` whose owners have died, which happens by and by in any case; how many entries that were. */
  prune(options?: SharedMapTimeout): number;

  /** Entries, with those that have expired and are not reclaimed yet, and one for each `compute` that runs. */
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

  /**
   * Ends this object's share of the memory, and the claims of its computations that still run; the last object of this
   * thread over a key detaches the memory.
   */
  detach(): void;

  /** Destroys the map, as `destroy` does; whether there was one. Others who have it open keep it. */
  destroy(): boolean;
}

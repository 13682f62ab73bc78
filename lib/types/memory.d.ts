import { Key, ShmArray, ShmMap, TypeKey, TypeNumber } from './arrays';
import { CreateOptions, GetOptions, GetOrCreateOptions, Permissions } from './options';

/**
 * Creates shared memory, all zero, and returns an array over it, or `null` if the key is taken.
 *
 * A POSIX object appears under its name finished or not at all, and its memory is reserved.
 *
 * @param count elements (not bytes), an integer from 1 to what this runtime can show: `LengthMax` anywhere, more on
 *   Node.js 14 and later
 * @param typeKey type of the array, a name or its number; `'Buffer'` by default
 * @param key integer for a System V segment (none or `null`: a random unused one, which the array's
 *   `key` tells), string for a POSIX object
 * @param perm permissions as octal digits, `'660'` by default; the umask applies to POSIX objects.
 *   Or an object with options, of which `perm` is one
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if an argument is of the wrong type,
 *   `ERR_INVALID_ARG_VALUE` if the type key or an option is unknown, or options contradict each other
 * @throws {RangeError} `ERR_OUT_OF_RANGE` if an argument is out of range
 * @throws {ShmSystemError} if the system refuses, with `code`, and in the message what to do
 * @example
 * const pixels = shm.create(1920 * 1080 * 4, 'Uint8ClampedArray');
 * if (pixels !== null) console.log(pixels.key); // for another process to get it by
 * const named = shm.create(1000, 'Float64Array', '/prices', { perm: '640', populate: true });
 * @see https://man7.org/linux/man-pages/man2/shmget.2.html
 * @see https://man7.org/linux/man-pages/man3/shm_open.3.html
 */
export function create<
  K extends TypeKey | TypeNumber | undefined = 'Buffer',
  Q extends Key | null | undefined = null,
  Shared extends boolean = false,
  Disposable extends boolean = false,
>(count: number, typeKey?: K, key?: Q, perm?: Permissions | CreateOptions<Shared, Disposable>): ShmArray<K, Q, Shared, Disposable> | null;
/** {@link create} with the type key as its only type argument: `create<'Int8Array'>(…)`. */
export function create<K extends TypeKey>(
  count: number,
  typeKey: K,
  key?: Key | null,
  perm?: Permissions | CreateOptions<false, false>,
): ShmMap[K] | null;

/**
 * Creates a POSIX shared memory object: {@link create} with the name first.
 *
 * @param name name of the object, `'/name'`
 * @param count elements (not bytes), as in {@link create}
 * @param typeKey type of the array, a name or its number; `'Buffer'` by default
 * @param perm permissions, or an object with options
 * @throws {TypeError | RangeError | ShmSystemError} as {@link create} does
 * @example
 * const array = shm.createPosix('/prices', 1000, 'Float64Array');
 */
export function createPosix<K extends TypeKey | TypeNumber | undefined = 'Buffer', Shared extends boolean = false, Disposable extends boolean = false>(
  name: string,
  count: number,
  typeKey?: K,
  perm?: Permissions | CreateOptions<Shared, Disposable>,
): ShmArray<K, string, Shared, Disposable> | null;

/**
 * Returns an array over existing shared memory (as many whole elements as fit), or `null` if there
 * is none. Getting a key again gives another view of the same mapping.
 *
 * @param key integer of a System V segment, or string of a POSIX object
 * @param typeKey type of the array, a name or its number; `'Buffer'` by default
 * @param options which part is shown (`offset` in bytes, `count` in elements), and how
 * @throws {TypeError | RangeError} if an argument is wrong, the part asked for not there, or the
 *   whole longer than this runtime's arrays can be (`offset` and `count` show a part of it)
 * @throws {ShmSystemError} if the system refuses: `'EACCES'`, for example
 * @throws {ShmError} `ERR_SHM_LAYOUT` if a POSIX object has not the 8-byte header that this package
 *   gives to its own; `{ raw: true }` shows it
 * @example
 * const array = shm.get('/prices', 'Float64Array');
 * if (array === null) throw new Error('it has not been created yet');
 * @see https://man7.org/linux/man-pages/man2/shmat.2.html
 * @see https://man7.org/linux/man-pages/man2/mmap.2.html
 */
export function get<
  K extends TypeKey | TypeNumber | undefined = 'Buffer',
  Q extends Key = Key,
  Shared extends boolean = false,
  Disposable extends boolean = false,
>(key: Q, typeKey?: K, options?: GetOptions<Shared, Disposable>): ShmArray<K, Q, Shared, Disposable> | null;

/**
 * Returns an array over an existing POSIX object, or `null`: {@link get} for names only.
 *
 * @param name name of the object, `'/name'`
 * @param typeKey type of the array, a name or its number; `'Buffer'` by default
 * @param options which part is shown (`offset` in bytes, `count` in elements), and how
 * @throws {TypeError | RangeError | ShmSystemError | ShmError} as {@link get} does
 * @example
 * const bytes = shm.getPosix('/made-in-c', 'Buffer', { raw: true });
 */
export function getPosix<K extends TypeKey | TypeNumber | undefined = 'Buffer', Shared extends boolean = false, Disposable extends boolean = false>(
  name: string,
  typeKey?: K,
  options?: GetOptions<Shared, Disposable>,
): ShmArray<K, string, Shared, Disposable> | null;

/**
 * Returns an array over `count` elements of the key's memory, which is created if there is none. Of
 * any number of processes that do this at the same time, exactly one creates it.
 *
 * @param count elements (not bytes), as in {@link create}; the array has that length
 *   also if what exists is larger
 * @param typeKey type of the array, `'Buffer'` if undefined
 * @param key integer of a System V segment, or string of a POSIX object
 * @param perm permissions, or an object with options, for the case that it is created
 * @throws {ShmError} `ERR_SHM_SIZE` if what exists is smaller, `ERR_SHM_BUSY` if it vanished 10,000
 *   times between look and create
 * @throws {TypeError | RangeError | ShmSystemError | ShmError} as {@link create} and {@link get} do
 * @example
 * const counters = shm.getOrCreate(16, 'Int32Array', '/counters');
 * Atomics.add(counters, 0, 1);
 */
export function getOrCreate<
  K extends TypeKey | TypeNumber | undefined = 'Buffer',
  Q extends Key = Key,
  Shared extends boolean = false,
  Disposable extends boolean = false,
>(count: number, typeKey: K, key: Q, perm?: Permissions | GetOrCreateOptions<Shared, Disposable>): ShmArray<K, Q, Shared, Disposable>;

/**
 * Detaches the memory from this thread. Every array over it is empty from then on: its `length` is
 * 0 and writing to it does nothing (where the engine cannot empty it, as a `shared` one, it reads zeros that are
 * private). End streams that hold such an array first, or `write` a copy.
 *
 * A System V segment is destroyed with its last attach. A POSIX object stays until it is destroyed, or, if it is
 * `transient`, goes with its last user.
 *
 * @param key integer of a System V segment, string of a POSIX object, or an array over either. An array ends the very
 *   memory that it is over, and nothing that has taken its key since
 * @param forceDestroy destroy it in any case, also if it is not attached here; false by default
 * @returns 0 if the memory was destroyed, else how many attaches are left in all processes (1 for a
 *   POSIX object that stays), −1 if there was nothing to detach
 * @throws {TypeError | RangeError} if the key is wrong: `ERR_INVALID_ARG_VALUE` for an array over other memory
 * @throws {ShmSystemError} if the system refuses: `'EPERM'` for another user's memory, for example
 * @example
 * if (shm.detach(array.key) === 0) console.log('no other process had it');
 * @see https://man7.org/linux/man-pages/man2/shmctl.2.html
 */
export function detach(key: Key | ArrayBufferView, forceDestroy?: boolean): number;

/**
 * Detaches a POSIX object: {@link detach} for names only.
 *
 * @param name name of the object, `'/name'`
 * @param forceDestroy destroy it, also if it is not attached here; false by default
 * @returns 0 if it was destroyed, 1 if it stays, −1 if there was nothing to detach
 * @throws {TypeError | RangeError | ShmSystemError} as {@link detach} does
 * @example
 * shm.detachPosix('/prices', true);
 */
export function detachPosix(name: string, forceDestroy?: boolean): number;

/**
 * Detaches the memory and destroys it: `detach(key, true) === 0`. Processes that have it attached
 * keep it until they detach; it cannot be opened any more.
 *
 * @param key integer of a System V segment, string of a POSIX object, or an array over either
 * @returns whether it was destroyed; false if there was none
 * @throws {TypeError | RangeError | ShmSystemError} as {@link detach} does
 * @example
 * shm.destroy('/prices');
 */
export function destroy(key: Key | ArrayBufferView): boolean;

/**
 * The key under which this thread has an array's memory attached, whatever view of it that is; `null` if it has not:
 * the memory was detached, is a file's, or an ordinary array's.
 *
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` if it is no array
 * @example
 * const array = shm.create(1000, 'Float64Array', 'prices');
 * if (array !== null) console.log(shm.keyOf(array.subarray(10))); // /prices
 */
export function keyOf(array: ArrayBufferView): Key | null;

/**
 * Detaches everything that this thread has attached. At the `exit` event of the process segments are detached without
 * it; objects can be used by exit handlers that come later.
 *
 * @returns how many System V segments that destroyed; POSIX objects stay
 * @throws {ShmSystemError} if the system refuses
 * @example
 * after(() => shm.detachAll());
 */
export function detachAll(): number;

/**
 * How much shared memory this thread has mapped.
 *
 * @returns bytes; a POSIX object counts its 8-byte header
 * @example
 * console.log(`${shm.getTotalSize()} bytes mapped`);
 */
export function getTotalSize(): number;

/**
 * How much shared memory this thread has created and not destroyed.
 *
 * @returns bytes; a POSIX object counts its 8-byte header
 * @example
 * console.log(`${shm.getTotalCreatedSize()} bytes have to be destroyed`);
 */
export function getTotalCreatedSize(): number;

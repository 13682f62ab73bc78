import { NodeBuffer, WithDispose } from './platform';

/** The name of an array type: a key of `BufferType`. */
export type TypeKey = keyof Plain;

/** The number of an array type, which stands for its name: `BufferType` and the `SHMBT_*` constants have it. */
export type TypeNumber = keyof Names;

interface Names {
  0: 'Buffer';
  1: 'Int8Array';
  2: 'Uint8Array';
  3: 'Uint8ClampedArray';
  4: 'Int16Array';
  5: 'Uint16Array';
  6: 'Int32Array';
  7: 'Uint32Array';
  8: 'Float32Array';
  9: 'Float64Array';
  10: 'BigInt64Array';
  11: 'BigUint64Array';
  12: 'Float16Array';
}

/** The name that a type key, or its number, stands for; undefined stands for `'Buffer'`. */
type NameOf<K> = K extends TypeNumber ? Names[K] : K extends undefined ? 'Buffer' : K & TypeKey;

/**
 * What memory is called by. A string is the name of a POSIX object, `'/name'` (a missing slash is
 * added): one path component of at most 255 bytes of UTF-8 on Linux, 31 with the slash on macOS.
 *
 * An integer is the key of a System V segment: 1 to 2³²−2, or −2³¹ to −2, which is how C prints the
 * same keys with `%d`. From 2³² on it is the key of a transient segment, as `create` has made it: a
 * safe integer, so that it survives JSON, and an environment or a command line as `Number(text)`.
 * TypeScript cannot check the range.
 */
export type Key = number | string;

/**
 * An array over shared memory. Over a System V segment it carries the segment's `key`, to be given
 * to `get` in another process; over a POSIX object `key` is undefined.
 */
export type Shm<T> = T & { key?: number };

/** Type key → an array over an `ArrayBuffer`, of whichever kind of memory. */
export type ShmMap = { [K in TypeKey]: Shm<Arrays<ArrayBuffer>[K]> };

/**
 * The array that `create`, `get` and `getOrCreate` return.
 *
 * @typeParam K type key or its number; undefined stands for `'Buffer'`
 * @typeParam Q type of the key: over a segment the array has `key`, over an object it has not
 * @typeParam Shared whether it is over a `SharedArrayBuffer`; `boolean` if that is not known
 * @typeParam Disposable whether it has `[Symbol.dispose]`; `boolean` if that is not known
 */
export type ShmArray<
  K extends TypeKey | TypeNumber | undefined,
  Q extends Key | null | undefined = Key,
  Shared extends boolean = false,
  Disposable extends boolean = false,
> = Arrays<BufferOf<Shared>>[NameOf<K>] & KeyOf<Q> & DisposeOf<Disposable>;

type BufferOf<Shared extends boolean> = [Shared] extends [false]
  ? ArrayBuffer
  : [Shared] extends [true]
    ? SharedArrayBuffer
    : ArrayBufferLike;

type KeyOf<Q> = [Q] extends [number | null | undefined]
  ? { key: number }
  : [Q] extends [string]
    ? { key?: never }
    : { key?: number };

/** `[Symbol.dispose]`, where TypeScript and its `lib` know it (5.2 on, `lib: esnext.disposable`). */
type DisposeOf<Disposable extends boolean> = [Disposable] extends [false]
  ? unknown
  : [Disposable] extends [true]
    ? WithDispose
    : Partial<WithDispose>;

/** Type key → the class over a buffer of that type; over any buffer where the class cannot tell. */
type Arrays<B extends ArrayBufferLike> = { [K in TypeKey]: IsAny<Generic<B>[K]> extends true ? Plain[K] : Generic<B>[K] };

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The classes without a parameter, which is all that there are before TypeScript 5.7. */
interface Plain {
  Buffer: NodeBuffer;
  Int8Array: Int8Array;
  Uint8Array: Uint8Array;
  Uint8ClampedArray: Uint8ClampedArray;
  Int16Array: Int16Array;
  Uint16Array: Uint16Array;
  Int32Array: Int32Array;
  Uint32Array: Uint32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
  BigInt64Array: Newer<'BigInt64Array'>;
  BigUint64Array: Newer<'BigUint64Array'>;
  Float16Array: Newer<'Float16Array'>;
}

/** An array class that only newer runtimes (and newer `lib` settings of TypeScript) have. */
type Newer<Name extends string> = typeof globalThis extends { [K in Name]: { prototype: infer T } }
  ? T
  : never;

/**
 * The classes with the type of their buffer. Before TypeScript 5.7, and before @types/node had it
 * for `Buffer`, they have no such parameter; what is an error there is `any`, and told from that.
 */
interface Generic<B extends ArrayBufferLike> {
  // @ts-ignore
  Buffer: Buffer<B>;
  // @ts-ignore
  Int8Array: Int8Array<B>;
  // @ts-ignore
  Uint8Array: Uint8Array<B>;
  // @ts-ignore
  Uint8ClampedArray: Uint8ClampedArray<B>;
  // @ts-ignore
  Int16Array: Int16Array<B>;
  // @ts-ignore
  Uint16Array: Uint16Array<B>;
  // @ts-ignore
  Int32Array: Int32Array<B>;
  // @ts-ignore
  Uint32Array: Uint32Array<B>;
  // @ts-ignore
  Float32Array: Float32Array<B>;
  // @ts-ignore
  Float64Array: Float64Array<B>;
  // @ts-ignore
  BigInt64Array: BigInt64Array<B>;
  // @ts-ignore
  BigUint64Array: BigUint64Array<B>;
  // @ts-ignore
  Float16Array: Float16Array<B>;
}

export {};

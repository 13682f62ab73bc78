// What 1.0 adds; compiled, not run.
import shm, { create, createPosix, getPosix, detachPosix, SHMBT_FLOAT64, CreateOptions, ErrorCode, GetOptions, Shm, ShmArray, ShmSystemError, TypeKey, WaitSystemError } from '../../lib/index.mjs';

const big: Shm<BigUint64Array> | null = create(10, 'BigUint64Array', null, 660);
const object: Shm<Uint8ClampedArray> | null = createPosix('/name', 10, 'Uint8ClampedArray');
const again: Shm<Buffer> | null = getPosix('/name');
const number: number = SHMBT_FLOAT64 + detachPosix('/name', true);

/** undefined stands for a Buffer. */
const buffers: (Shm<Buffer> | null)[] = [
  create(1, undefined, '/name', '600'),
  createPosix('/name', 1, undefined, '600'),
  shm.get('/name', undefined, { raw: true }),
  getPosix('/name', undefined, { raw: true }),
  shm.getOrCreate(1, undefined, '/name'),
];

/** A generic caller keeps the class, and can use what all classes have. */
function ensure<K extends TypeKey>(count: number, typeKey: K, name: string) {
  const array = shm.create(count, typeKey, name) || shm.get(name, typeKey);
  if (array !== null) console.log(array.length, array.byteLength, array.buffer);
  return array;
}
const ensured: Shm<Float64Array> | null = ensure(10, 'Float64Array', '/name');

/** The type key as a type argument, as 0.1.x allows it. */
const explicit: (Shm<Int8Array> | null)[] = [
  shm.create<'Int8Array'>(10, 'Int8Array'),
  shm.create<'Int8Array'>(10, 'Int8Array', '/name', '600'),
  shm.get<'Int8Array'>('/name', 'Int8Array'),
  shm.getOrCreate<'Int8Array'>(10, 'Int8Array', '/name', { raw: true }),
];

/** The number of a type stands for its name, and an array for its key. */
const numbered: [Shm<Buffer> | null, Shm<Float32Array> | null, Uint8Array] = [shm.get(5, shm.SHMBT_BUFFER), create(16, shm.BufferType.Float32Array), shm.getOrCreate(1, 2, '/name')];
const keyOfIt: string | number | null = shm.keyOf(numbered[2]);
const ended: [number, boolean] = [shm.detach(numbered[2]), shm.destroy(numbered[2])];

/** Over a segment the key is there, over an object it is not, and one must look where that is open. */
const keys: number[] = [shm.create(10)!.key, shm.create(10, 'Int8Array', null)!.key, shm.create(10, 'Buffer', 5)!.key, shm.get(5)!.key, shm.getOrCreate(1, 'Buffer', -5).key];
const none: undefined = shm.create(10, 'Buffer', '/name')!.key;
declare const either: string | number;
const maybe: number | undefined = shm.get(either)!.key;
// @ts-expect-error: an object's array has no key
const noKey: number = shm.get('/name')!.key;
// @ts-expect-error: it may have none
const noSureKey: number = shm.get(either)!.key;

/** Options, in variables too. */
const options: CreateOptions = { perm: 600, reserve: false, shared: true };
const watching: GetOptions = { readOnly: true, raw: true };
const view: GetOptions = { offset: 8, count: 4, copyOnWrite: true };
const array: ShmArray<'Int32Array', string> | null = shm.get('/name', 'Int32Array', { hugePages: true, populate: true });
console.log(shm.create(1, 'Buffer', null, options)?.buffer.byteLength, shm.get(5, 'Buffer', view), array);

/** How long memory lives. */
const transient = shm.create(16, 'Int32Array', null, { transient: true });
const kept = shm.getOrCreate(16, 'Int32Array', '/name', { transient: true });
const swept: number = shm.destroyOrphans({ mine: true, olderThan: 1000, prefix: '/app-', all: false }).length + shm.list({ orphans: true }).length;
shm.setQuiet(true);
console.log(transient?.key, kept.length, swept);

const wrong = () => {
  // @ts-expect-error: it destroys nothing
  shm.list({ all: true });
  // @ts-expect-error: it destroys orphans only
  shm.destroyOrphans({ orphans: true });
  // @ts-expect-error: there is no such option
  shm.create(1, 'Buffer', null, { shard: true });
  // @ts-expect-error: nor here
  shm.get('/name', 'Buffer', { perm: '600' });
  // @ts-expect-error: no memory now, and all of it
  shm.create(1, 'Buffer', null, { reserve: false, populate: true });
  // @ts-expect-error: pages copied one by one are small
  shm.get('/name', 'Buffer', { copyOnWrite: true, hugePages: true });
  // @ts-expect-error: to watch, or to try something out
  shm.get('/name', 'Buffer', { copyOnWrite: true, readOnly: true });
  // @ts-expect-error: 0o640 is 416
  shm.create(1, 'Buffer', null, 0o640);
  // @ts-expect-error: the same in an object
  shm.create(1, 'Buffer', null, { perm: 0o640 });
  // @ts-expect-error: nor for one of another class
  new shm.Channel('/c', { size: 8, perm: 0o640 });
  // @ts-expect-error: nor for another
  new shm.SharedMap('/m', { perm: 0o640 });
  // @ts-expect-error: no such number
  shm.create(1, 13);
  // @ts-expect-error: 8 is no octal digit
  shm.create(1, 'Buffer', null, 680);
  // As in 0.1.x, where a name may be a variable.
  const ofVariable: number = shm.BufferType[String(8)];
  console.log(ofVariable);
  // @ts-expect-error: nor such a constant
  shm.SHMBT_INT7;
  // @ts-expect-error: only some runtimes have this one
  shm.BufferType.Float16Array + 1;
};

/** What was caught narrows by its code. */
const caught: unknown = null;
if (shm.isShmError(caught)) {
  const code: ErrorCode = caught.code;
  console.log(code, caught.key, caught.path);
}
if (shm.isShmError(caught, 'ENOSPC')) {
  const known: 'ENOSPC' = caught.code;
  console.log(known, caught.errno + 1, caught.syscall);
}
if (shm.isShmError(caught, 'ERR_SHM_SIZE')) {
  // @ts-expect-error: only errors of the system have one
  console.log(caught.syscall);
}
// @ts-expect-error: there is no such code
shm.isShmError(caught, 'ENOSUCH');

/** Every error has a code of a known list; those of waits have no key. */
try {
  shm.get('/name');
} catch (error) {
  const { code, errno, syscall, key } = error as ShmSystemError;
  const known: ErrorCode = code;
  // @ts-expect-error: there is no such code
  if (code === 'ENOSUCH') console.log(known);
  // @ts-expect-error: it knows no key
  console.log((error as WaitSystemError).key);
  console.log(code.length, errno + 1, syscall.length, key);
}
console.log(watching, numbered, keyOfIt, ended, big, object, again, number, buffers, ensured, explicit, keys, none, maybe, noKey, noSureKey, wrong);

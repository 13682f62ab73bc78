// What 1.0 adds; compiled, not run.
import shm, { create, createPosix, getPosix, detachPosix, SHMBT_FLOAT64, Shm, ShmSystemError, TypeKey } from '../../lib/index.mjs';

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

/** A generic caller keeps the class. */
function ensure<K extends TypeKey>(count: number, typeKey: K, name: string) {
  return shm.create(count, typeKey, name) || shm.get(name, typeKey);
}
const ensured: Shm<Float64Array> | null = ensure(10, 'Float64Array', '/name');

try {
  shm.get('/name');
} catch (error) {
  const { code, errno, syscall, key } = error as ShmSystemError;
  console.log(code.length, errno + 1, syscall.length, key);
}
console.log(big, object, again, number, buffers, ensured);

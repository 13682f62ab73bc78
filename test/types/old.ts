// What programs typed against the declarations of 0.1.1 do; compiled, not run.
import * as shm from '../../lib/index.js';

// The class follows from the type key, and null must be expected.
const byDefault: shm.Shm<Buffer> | null = shm.create(10);
const floats: shm.Shm<Float32Array> | null = shm.create(10, 'Float32Array');
const keyed: shm.Shm<Uint16Array> | null = shm.create(10, 'Uint16Array', 4321);
const named: shm.Shm<Int8Array> | null = shm.create(10, 'Int8Array', '/name', '600');
const found: shm.Shm<Float64Array> | null = shm.get('/name', 'Float64Array');
const foundBuffer: shm.ShmMap['Buffer'] | null = shm.get(4321);
// @ts-expect-error: it may be null
const surely: Buffer = shm.create(10);
// @ts-expect-error: it is another class
const other: shm.Shm<Int32Array> | null = shm.create(10, 'Uint32Array');
// @ts-expect-error: a count is needed
shm.create();
// @ts-expect-error: a key is needed
shm.detach();
// @ts-expect-error: no such type
shm.create(10, 'Int7Array');

if (keyed) {
  const key: number | undefined = keyed.key;
  const left: number = shm.detach(key as number);
  const destroyed: boolean = shm.destroy('/name');
  console.log(left, destroyed, shm.detach('/name', true));
}
const sizes: number = shm.detachAll() + shm.getTotalSize() + shm.getTotalCreatedSize() + shm.LengthMax;
const type: number = shm.BufferType['Buffer'];
console.log(byDefault, floats, named, found, foundBuffer, surely, other, sizes, type);

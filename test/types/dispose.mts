// using declarations, where TypeScript's lib has them; compiled, not run.
import shm from '../../lib/index.mjs';

{
  using segment = shm.create(8, 'Buffer', null, { disposable: true });
  using object = shm.getOrCreate(8, 'Int32Array', '/name', { disposable: true, shared: true });
  using existing = shm.get('/name', 'Int32Array', { disposable: true, copyOnWrite: true });
  using file = shm.mapFile('/table', 'Int32Array', { disposable: true });
  using made = shm.mapFile('/table', 'Int32Array', { disposable: true, create: 8 });
  const disposable: Disposable = object;
  const memory: number | undefined = segment?.key;
  console.log(disposable, memory, existing, segment, object.buffer, file, made);
}
{
  // @ts-expect-error: it has not been asked for
  using ordinary = shm.create(8);
  // @ts-expect-error: nor here
  using existing = shm.get('/name', 'Int32Array', { disposable: false });
  console.log(ordinary, existing);
}

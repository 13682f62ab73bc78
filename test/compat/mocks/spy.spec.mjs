// Vitest: the package itself, with spies on its default export, and a partial fake.
import { afterEach, expect, test, vi } from 'vitest';
import shm from 'shm-typed-array';

const key = +process.env.SHM_KEY + 1;

afterEach(() => {
  vi.restoreAllMocks();
  shm.detachAll();
});

test('a spy calls through', () => {
  const create = vi.spyOn(shm, 'create');
  expect(shm.create(8, 'Uint32Array', key)).toHaveLength(8);
  expect(create).toHaveBeenCalledWith(8, 'Uint32Array', key);
});

test('a spy replaces', () => {
  vi.spyOn(shm, 'get').mockReturnValue(null);
  expect(shm.get(key)).toBeNull();
});

test('a partial fake', async () => {
  vi.doMock('shm-typed-array', async (original) => ({ ...(await original()), detachAll: () => 77 }));
  const around = await import('shm-typed-array');
  expect(around.detachAll()).toBe(77);
  expect(around.create(4, 'Buffer', key).length).toBe(4);
});

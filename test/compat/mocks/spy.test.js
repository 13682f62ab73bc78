'use strict';
// The package itself in Jest, with spies on it, and a partial fake around it.
const shm = require('shm-typed-array');

const key = +process.env.SHM_KEY;

afterEach(() => {
  jest.restoreAllMocks();
  shm.detachAll();
});

test('a spy calls through', () => {
  const create = jest.spyOn(shm, 'create');
  const array = shm.create(8, 'Int16Array', key);
  expect(create).toHaveBeenCalledTimes(1);
  array.set([1, -2]);
  expect(Array.from(array.slice(0, 2))).toEqual([1, -2]);
  expect(shm.destroy(key)).toBe(true);
});

test('a spy replaces', () => {
  jest.spyOn(shm, 'get').mockImplementation(() => null);
  expect(shm.get(key)).toBeNull();
});

test('a fake around the real one', () => {
  jest.doMock('shm-typed-array', () => ({ ...jest.requireActual('shm-typed-array'), detachAll: () => 77 }));
  jest.isolateModules(() => {
    const around = require('shm-typed-array');
    expect([around.detachAll(), around.create(4, 'Buffer', key).length, around.destroy(key)]).toEqual([77, 4, true]);
  });
});

test('matchers know the arrays', () => {
  const array = shm.create(3, 'Float64Array', key);
  expect(array.fill(0.5)).toHaveLength(3);
  expect([...array]).toEqual([0.5, 0.5, 0.5]);
  expect(Buffer.isBuffer(shm.create(3))).toBe(true);
  expect(() => shm.create(0)).toThrow(RangeError);
});

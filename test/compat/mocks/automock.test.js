'use strict';
// Everything of the package replaced by Jest itself.
jest.mock('shm-typed-array');
const shm = require('shm-typed-array');

test('calls do nothing and are counted', () => {
  shm.get.mockReturnValue(Buffer.from('fake'));
  expect(shm.get(1, 'Buffer').toString()).toBe('fake');
  expect(shm.create(10)).toBeUndefined();
  expect(shm.detach).not.toHaveBeenCalled();
  expect(shm.get).toHaveBeenCalledWith(1, 'Buffer');
});

test('constants stay', () => {
  expect(shm.BufferType.Float64Array).toBe(9);
  expect(typeof shm.LengthMax).toBe('number');
});

'use strict';
// A fake in place of the package: what a reader of telemetry is tested with.
const page = Buffer.alloc(64);
jest.mock('shm-typed-array', () => ({ get: jest.fn(), detach: jest.fn(() => 0), BufferType: { Buffer: 0 } }));
const { get, detach } = require('shm-typed-array');

function read(name) {
  const memory = get(name, 'Buffer');
  if (memory === null) return null;
  const speed = memory.readFloatLE(4);
  detach(name);
  return speed;
}

beforeEach(() => jest.clearAllMocks());

test('nothing there', () => {
  get.mockReturnValueOnce(null);
  expect(read('/page')).toBeNull();
  expect(detach).not.toHaveBeenCalled();
});

test('a page', () => {
  page.writeFloatLE(61.5, 4);
  get.mockReturnValue(page);
  expect(read('/page')).toBe(61.5);
  expect(detach).toHaveBeenCalledWith('/page');
});

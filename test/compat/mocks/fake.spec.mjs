// Vitest: a fake in place of the package, by vi.mock.
import { expect, test, vi } from 'vitest';
import shm, { get } from 'shm-typed-array';

vi.mock('shm-typed-array', () => {
  const fake = { get: vi.fn(() => Buffer.from('fake')), detach: vi.fn(() => -1) };
  return { ...fake, default: fake };
});

test('the fake', () => {
  expect(get('/page').toString()).toBe('fake');
  expect(shm.detach('/page')).toBe(-1);
  expect(get).toHaveBeenCalledTimes(1);
});

// Programs typed by the default import, which TypeScript allows with esModuleInterop.
import shm from 'shm-typed-array';

const lazily: typeof shm | null = null;
let loaded: any = null;
try {
  loaded = require('shm-typed-array');
} catch (_) {}

export async function load(): Promise<typeof shm> {
  return loaded || lazily || import('shm-typed-array');
}

export function write(text: string, key = 4321): Buffer {
  const buffer = shm.create(4096, 'Buffer', key) ?? shm.get(key, 'Buffer');
  if (buffer === null) throw new Error(`no memory under ${key}`);
  buffer.fill(0);
  buffer.write(text);
  return buffer;
}

/** What a test puts in place of the package. */
export const fake: Partial<typeof shm> = {
  create: () => null,
  get: () => null,
  detach: () => -1,
  detachAll: () => 0,
};
export const replaced = { ...shm, getTotalSize: () => 0 };

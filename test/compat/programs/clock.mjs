// A clock, as an ES module with the default import: detaches what is left first, writes text, another process dumps it

import { execFileSync } from 'child_process';
import { fileURLToPath } from 'url';
import shm from 'shm-typed-array';

const name = process.env.SHM_NAME;

if (process.argv[2] === 'dump') {
  const buffer = shm.get(name, 'Buffer');
  const ascii = Buffer.from(buffer).toString('ascii').replace(/[^\x20-\x7E]/g, '').substring(0, process.argv[3] || 100);
  process.stdout.write(`${ascii}\n`);
} else {
  try {
    console.log(shm.detach(name));
  } catch (error) {
    console.log(error.code);
  }
  const buffer = shm.create(1024, 'Buffer', name);
  for (const time of ['12:00:00', '12:00:01']) {
    buffer.fill(0);
    buffer.write(`time ${time}`);
    process.stdout.write(execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'dump', '10']));
  }
  console.log(shm.create(1024, 'Buffer', name), shm.detach(name, true), shm.BufferType.Uint8Array);
}

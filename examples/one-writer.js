'use strict';
// node examples/one-writer.js FILE [TIMES]: counts in a file, which any number of these programs may do at once.

const fs = require('fs');
const { locks } = require('..');

const [file, times = 1] = process.argv.slice(2);

function count(lock) {
  // Whoever died while it counted may have left half a file, but never in place of the whole one.
  if (lock.ownerDied) fs.rmSync(`${file}.new`, { force: true });
  const next = fs.existsSync(file) ? Number(fs.readFileSync(file)) + 1 : 1;
  fs.writeFileSync(`${file}.new`, String(next));
  fs.renameSync(`${file}.new`, file);
  return next;
}

for (let i = 0; i < times; i++) locks.requestSync(`write ${file}`, { timeout: 60000 }, count);

'use strict';
// A file in which test processes note the keys that they use, so that whoever has started them can
// destroy what a killed one has left.

const fs = require('fs');
const os = require('os');
const path = require('path');

/** A new journal: `env` is for the test processes, `sweep()` destroys what is left and ends it. */
function openJournal() {
  const file = path.join(os.tmpdir(), `shm-test-${process.pid}-${Date.now()}.journal`);
  fs.writeFileSync(file, '');
  return {
    env: Object.assign({}, process.env, { SHM_TEST_JOURNAL: file }),
    sweep() {
      const shm = require('../lib');
      for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) destroyQuietly(shm, JSON.parse(line));
      fs.unlinkSync(file);
    },
  };
}

/** Notes a key in the journal of this test process, if it has one. */
function note(key) {
  const { SHM_TEST_JOURNAL: file } = process.env;
  if (!file) return;
  // Opened once: some tests use up all descriptors.
  if (descriptor === null) descriptor = fs.openSync(file, 'a');
  fs.writeSync(descriptor, `${JSON.stringify(key)}\n`);
}

let descriptor = null;

function destroyQuietly(shm, key) {
  try {
    shm.destroy(key);
  } catch (_) {
    // Some tests hand out names that no object can have.
  }
}

module.exports = { destroyQuietly, note, openJournal };

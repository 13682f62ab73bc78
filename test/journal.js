'use strict';
// What a run of tests may leave behind, in one place, so that the runner can remove it: the keys that test processes
// note in a file, and the folder in which they make their temporary files.

const fs = require('fs');
const os = require('os');
const path = require('path');

/** Node and npm keep compiled code there, for the next process. */
const NOT_OURS = ['node-compile-cache'];

/**
 * A new journal. `envFor(name)` is the environment of a test's processes, whose TMPDIR is a folder of its own;
 * `leftBy(name)` names what the test has left there. `sweep()` destroys what is left and removes the folders.
 */
function openJournal() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-run-'));
  fs.chmodSync(folder, 0o755); // some tests look at their files as another user
  const journal = path.join(folder, 'journal');
  fs.writeFileSync(journal, '');
  const temporary = (name) => path.join(folder, name);
  return {
    envFor(name) {
      fs.mkdirSync(temporary(name));
      return Object.assign({}, process.env, { SHM_TEST_JOURNAL: journal, TMPDIR: temporary(name) });
    },
    leftBy: (name) => fs.readdirSync(temporary(name)).filter((entry) => !NOT_OURS.includes(entry)),
    sweep() {
      const shm = require('../lib');
      for (const line of fs.readFileSync(journal, 'utf8').split('\n').filter(Boolean)) destroyQuietly(shm, JSON.parse(line));
      removeFolder(folder);
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

/** Node 10 cannot remove a folder with what is in it. */
function removeFolder(folder) {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (fs.lstatSync(file).isDirectory()) removeFolder(file);
    else fs.unlinkSync(file);
  }
  fs.rmdirSync(folder);
}

module.exports = { destroyQuietly, note, openJournal, removeFolder };

'use strict';
// Whose a thread's number is: each thread has the byte of its number locked in the owners' file, and the kernel shows
// the locks of a process beside its descriptors. https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html

const fs = require('fs');
const { readText } = require('./processes');

/** What was found before: numbers are random, and are not used again. @type {Map<number, { pid: number, name: string }>} */
const found = new Map();

/** A lock of one byte by an open file description. */
const LOCK = /^lock:\s+\d+: OFDLCK\s+ADVISORY\s+WRITE \S+ \S+ (\d+) \1$/gm;

/**
 * The processes by the numbers of their threads, as far as this user may look into them.
 *
 * @param {{ pid: number, name: string }[]} processes
 */
function threadsOf(processes) {
  for (const one of processes) {
    for (const text of descriptorsOf(one.pid)) {
      for (let match = LOCK.exec(text); match !== null; match = LOCK.exec(text)) found.set(Number(match[1]), one);
    }
  }
  return found;
}

function descriptorsOf(pid) {
  const folder = `/proc/${pid}/fdinfo`;
  try {
    return fs.readdirSync(folder).map((name) => readText(`${folder}/${name}`));
  } catch (_) {
    return []; // another user's, or it has ended
  }
}

module.exports = { threadsOf };

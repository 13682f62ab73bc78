'use strict';
// A test program and all that it starts, as one group of processes, which ends as a whole.

const { spawn } = require('child_process');

/** What ends the groups that run. */
const groups = new Set();

/**
 * Starts a program in a group of its own. Nobody of the group outlives it, nor `timeout` milliseconds, nor an
 * interrupted runner: a child that hangs would keep its memory.
 */
function startGroup(command, args, options, timeout) {
  const child = spawn(command, args, Object.assign({ detached: true }, options));
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (_) {
      child.kill('SIGKILL'); // it has ended, or has no group
    }
  };
  groups.add(kill);
  const timer = setTimeout(kill, timeout);
  child.on('exit', () => {
    clearTimeout(timer);
    kill();
    groups.delete(kill);
  });
  return child;
}

/** Has Ctrl-C and a SIGTERM end the groups, which a terminal does not know, and then call `cleanUp`. */
function endTogether(cleanUp) {
  const end = () => {
    groups.forEach((kill) => kill());
    cleanUp();
    process.exit(1);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
}

module.exports = { endTogether, startGroup };

'use strict';
// Rows of programs: each contestant is a program that prints one number, and is started anew in every round.

const { execFile, spawn, spawnSync } = require('child_process');
const { interleave } = require('./statistics');

/** The number that a program prints, which may be given more of an environment. */
const run = (command, args, env) =>
  new Promise((resolve, reject) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, stdout) => (error ? reject(error) : resolve(Number(stdout))));
  });

/** The same while so many other programs use up a processor each. */
async function besideBusyLoops(count, measured) {
  const loops = Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  try {
    return await measured();
  } finally {
    loops.forEach((loop) => loop.kill('SIGKILL'));
  }
}

/** Why a command is not there; null if it is. */
function missing(command, args, what) {
  const found = spawnSync(command, args, { encoding: 'utf8' });
  if (found.status === 0) return null;
  const reason = found.error ? found.error.message : `${found.stdout}${found.stderr}`.trim().split('\n')[0];
  return `left out: ${what}${reason && `: ${reason}`}`;
}

/** Measures the rows one after the other: each has `subjects`, and what else a row of the results has. */
async function measure(bench, rows) {
  const done = [];
  for (const { subjects, ...row } of rows) {
    done.push({ ...row, numbers: await interleave(subjects, bench.rounds(9), bench.round(row.label)) });
  }
  return done;
}

module.exports = { besideBusyLoops, measure, missing, run };

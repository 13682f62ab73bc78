'use strict';
// node test/explorer/run.js CLASS [--shape=NAME] [--schedule=NUMBER] [--budget=N] [--seconds=N] [--all] [--seed=N] [--seeds=N] [--exhaustive]
// Explores one class; ends with exit code 1 at the first fault. `--schedule` plays that one, and prints its steps; `--seeds`
// goes on with the next seeds; `--exhaustive` plays all schedules of two, but for those that are equal to others.

const { explore, playOne } = require('./explore');
const { PAIRS, exploreAll } = require('./exhaustive');
const { numberOf, scheduleOf } = require('./shapes');

/** About how many schedules of each shape: the program takes a few seconds. */
const BUDGET = 300;

const options = new Map(process.argv.slice(3).map((argument) => /^--([^=]*)=?(.*)$/.exec(argument)).map(([, name, value]) => [name, value]));
const name = process.argv[2];
const subject = require(`./${name}`);

/** Whether there was a fault. */
async function main() {
  if (options.has('schedule')) return playAgain(scheduleOf(options.get('schedule')));
  // Their traces would take a fifth of the time.
  Error.stackTraceLimit = 0;
  if (options.has('exhaustive')) return exploreExhaustively();
  const first = Number(options.get('seed') || 0);
  let hasFault = false;
  for (let seed = first; seed < first + Number(options.get('seeds') || 1); seed++) hasFault = (await exploreOnce(seed)) || hasFault;
  return hasFault;
}

async function exploreOnce(seed) {
  const faults = [];
  const began = Date.now();
  const counts = await explore(subject, {
    budget: Number(options.get('budget') || BUDGET),
    only: options.has('shape') ? [options.get('shape')] : undefined,
    until: options.has('seconds') ? began + 1000 * Number(options.get('seconds')) : undefined,
    seed,
    goesOn: options.has('all'),
    onFault: (schedule, error) => faults.push([numberOf(schedule), error]),
  });
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(`${name}: ${total} schedules of seed ${seed} in ${((Date.now() - began) / 1000).toFixed(1)} s (${((process.cpuUsage().user + process.cpuUsage().system) / 1e6).toFixed(1)} s of a processor): ${Object.entries(counts).map(([shape, count]) => `${count} ${shape}`).join(', ')}`);
  tell(faults);
  return faults.length > 0;
}

async function exploreExhaustively() {
  const faults = [];
  for (const shape of options.has('shape') ? [options.get('shape')] : PAIRS) {
    const began = process.cpuUsage().user;
    const { played, all } = await exploreAll(subject, shape, (schedule, error) => faults.push([numberOf(schedule), error]));
    console.log(`${name}, ${shape}: ${all} schedules, of which ${played} were played, in ${((process.cpuUsage().user - began) / 1e6).toFixed(0)} s of a processor`);
  }
  tell(faults);
  return faults.length > 0;
}

function tell(faults) {
  const kinds = new Map();
  for (const [number, error] of faults) {
    const kind = messageOf(error).replace(/\d+|\b[A-D]\b/g, '#');
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push([number, error]);
  }
  for (const same of kinds.values()) console.log(`${same.length} × ${messageOf(same[0][1])}\n  node test/explorer/run.js ${name} '--schedule=${same[0][0]}'`);
}

async function playAgain(schedule) {
  try {
    await playOne(subject, schedule, { isFresh: true, trace: (actor, kind, isFree) => isFree || console.log(`${actor.name} ${actor.steps + 1} ${kind}${where()}`) });
    console.log('nothing is wrong');
    return false;
  } catch (error) {
    console.log(error.stack);
    return true;
  }
}

const messageOf = (error) => (error instanceof Error ? error.message : `thrown: ${JSON.stringify(error)}`);

/** The line of lib/ that makes the step. */
function where() {
  const line = new Error().stack.split('\n').find((text) => text.includes('/lib/') && !text.includes('/test/'));
  return line === undefined ? '' : ` at ${line.replace(/^.*\/lib\//, 'lib/').replace(')', '')}`;
}

process.exitCode = 1; // what waits in vain for something that is played ends without an error
main().then((hasFault) => {
  if (!hasFault) process.exitCode = 0;
});

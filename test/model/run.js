'use strict';
// npm run test:model: spin explores every interleaving of the models of this folder, in the sizes below, and
// tells how many states there are. Then each step that a model can break on purpose (BREAK_…) is broken, and has
// to be found by the run that lists it. Arguments: names of models (none means all).

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { spin } = require('../../scripts/spin');

/** What is looked for: how to compile the verifier, and how to run it. */
const searches = {
  // A promise broken, or a state in which somebody waits for ever.
  states: { compile: ['-DSAFETY'], run: [] },
  // Going round in circles, though everybody who can take a step takes one at some time.
  circles: { compile: ['-DNP'], run: ['-l', '-f'] },
  // Not being served, with everybody else locking for ever.
  starvation: { compile: [], run: ['-a', '-f', '-N', 'fair'] },
};

const models = {
  mutex: [
    {
      name: 'three processes, no timeouts: no wakeup is lost',
      sizes: { ROUNDS: 2, GIVE_UP: 1, TRY: 1 },
      breaks: ['OWNED_ALONE', 'SLEEPERS_LEAVE', 'SEIZE_BLINDLY', 'MARK_BLINDLY', 'SLEEP_UNSEEN', 'LEFT_UNMARKED', 'UNLOCK_BLINDLY', 'WAKE_FORGOTTEN', 'WAKE_FIRST', 'HANDED_ON_STAYS', 'FREED_SILENTLY', 'TRY_UNASKED'],
    },
    {
      name: 'turns counted: nobody sleeps longer than HANDED_ON_FOR for a lock that is handed on',
      sizes: { ROUNDS: 3, TURNS: 2, SLICES: 1 },
      breaks: ['TURNS_UNHEARD'],
    },
    {
      name: 'two of three are killed',
      sizes: { TURNS: 1, SLICES: 2, DEATHS: 2 },
      breaks: ['DEATH_GUESSED', 'DEATH_UNTOLD', 'WRONG_SUSPECT'],
    },
    {
      name: 'two of three are killed, and one timer a thread looks after those that wait without blocking',
      sizes: { TURNS: 1, SLICES: 3, DEATHS: 2 },
      breaks: ['FREE_UNWATCHED'],
    },
    { name: 'one of three is killed, with tryLock and deadlines', sizes: { SLICES: 2, DEATHS: 1, GIVE_UP: 1, TRY: 1 } },
    { name: 'two tasks of one thread and another thread', sizes: { SHARED: 1, ROUNDS: 2, GIVE_UP: 1, TRY: 1 } },
    { name: 'two tasks of one thread and another thread, one thread is killed', sizes: { SHARED: 1, SLICES: 2, DEATHS: 1 } },
    {
      name: 'two processes, one may be killed: everybody comes to an end',
      search: 'circles',
      sizes: { PROCESSES: 2, ROUNDS: 3, TURNS: 1, SLICES: 2, DEATHS: 1, GIVE_UP: 1, TRY: 1 },
    },
    {
      name: 'two processes for ever: who sleeps is served',
      search: 'starvation',
      sizes: { PROCESSES: 2, ROUNDS: 0 },
      breaks: ['HAND_ON_REFUSED', 'HAND_ON_UNASKED', 'NEWCOMERS_TAKE'],
    },
    { name: 'two processes for ever, turns counted: who sleeps is served', search: 'starvation', sizes: { PROCESSES: 2, ROUNDS: 0, TURNS: 2 } },
  ],
  map: [
    { name: 'two writers and a reader: the whole value or none', sizes: { OPERATIONS: 1 }, breaks: ['EMPTY_FIRST', 'MOVES_UNCOUNTED', 'MISS_UNCHECKED', 'PUBLISH_FIRST'] },
    { name: 'three keys: slots move up two at a time', sizes: { WRITERS: 1, OPERATIONS: 2, KEYS: 3 } },
    { name: 'one writer goes round the ring: entries are reused while they are read', sizes: { WRITERS: 1, OPERATIONS: 6, DELETES: 0 }, breaks: ['HIT_UNCHECKED', 'OTHERS_UNCHECKED'] },
    { name: 'a reader sleeps until all positions have come again', sizes: { WRITERS: 1, OPERATIONS: 14, KEYS: 1, DELETES: 0 }, breaks: ['LAPS_UNSEEN', 'LAPS_UNCOUNTED'] },
    { name: 'a writer is killed', sizes: { DEATHS: 1, OPERATIONS: 1 }, breaks: ['REPAIR_UNCOUNTED'] },
    { name: 'a writer is killed, two changes each: nothing is lost', sizes: { DEATHS: 1, READS: 0 }, breaks: ['UNREPAIRED', 'HEAD_STAYS', 'TAIL_FIRST'] },
    { name: 'two of three writers are killed: nothing is lost', sizes: { WRITERS: 3, DEATHS: 2, READS: 0, OPERATIONS: 1 } },
    { name: 'three keys, a writer is killed: nothing is lost', sizes: { DEATHS: 1, READS: 0, KEYS: 3 } },
  ],
  threads: [
    {
      name: 'words change: every wait ends once',
      sizes: {},
      breaks: ['HEARD_LATE', 'RING_WAKES_FIRST', 'RING_SILENTLY', 'START_UNHEARD', 'STOP_UNHEARD', 'ANY_WORD'],
    },
    { name: 'words change, two slept for at once: every wait ends once', sizes: { AT_ONCE: 2 } },
    { name: 'words change, one slept for at once: every wait ends once', sizes: { AT_ONCE: 1 } },
    { name: 'words change: nobody goes round in circles', search: 'circles', sizes: {}, breaks: ['CHANGE_UNSEEN'] },
    { name: 'words change, two slept for at once: nobody goes round in circles', search: 'circles', sizes: { AT_ONCE: 2 } },
    { name: 'words change, one slept for at once: nobody goes round in circles', search: 'circles', sizes: { AT_ONCE: 1 }, breaks: ['TURNS_NOT_TAKEN'] },
    {
      name: 'notifications without a new value: none is lost',
      sizes: { CHANGES: 0, CANCELS: 2, NOTIFICATIONS: 3 },
      breaks: ['BELL_LAST', 'PASSED_OVER', 'NOT_PASSED_ON', 'LAST_ONLY', 'CANCEL_UNSEEN', 'CANCEL_TWICE'],
    },
    { name: 'notifications without a new value, one word slept for at once: none is lost', sizes: { CHANGES: 0, AT_ONCE: 1 } },
  ],
  channel: [
    {
      name: 'a producer and two consumers, two are killed',
      sizes: { MESSAGES: 1, CONSUMERS: 2, DEATHS: 2 },
      breaks: ['HEAD_FIRST', 'TAIL_FIRST', 'TAKE_UNFINISHED', 'SEND_UNFINISHED', 'REAP_FREES_FIRST'],
    },
    {
      name: 'two producers and a consumer, one is killed',
      sizes: { MESSAGES: 1, PRODUCERS: 2, DEATHS: 1 },
      breaks: ['CLAIM_BLINDLY', 'REAP_LIVING', 'FINISH_BLINDLY'],
    },
    { name: 'two producers and a consumer, one slot, two are killed', sizes: { MESSAGES: 1, PRODUCERS: 2, SLOTS: 1, DEATHS: 2 } },
    { name: 'two messages, two are killed', sizes: { MESSAGES: 2, DEATHS: 2 }, breaks: ['TICKET_IGNORED'] },
    { name: 'one slot, the oldest is thrown away, one is killed', sizes: { MESSAGES: 2, SLOTS: 1, DROP: 1, DEATHS: 1 } },
  ],
  topic: [
    {
      name: 'a writer, and two readers of one place, one is killed',
      sizes: {},
      breaks: ['FRAME_TOO_FEW', 'PINS_UNSEEN', 'CHOSEN_EARLY', 'PUBLISHED_EARLY', 'NOT_LOOKED_AGAIN', 'WINDOW_TOO_WIDE', 'TAKE_LIVING'],
    },
    { name: 'two frames of history', sizes: { HISTORY: 2, FRAMES_PUBLISHED: 4, READERS: 1 }, breaks: ['RING_TOO_SMALL'] },
    { name: 'two writers and a reader, two are killed', sizes: { WRITERS: 2, READERS: 1, DEATHS: 2 } },
    {
      name: 'three readers of one place, one is killed: it is taken over once',
      sizes: { READERS: 3, READS: 1, DEATHS: 1 },
      breaks: ['TAKE_BLINDLY', 'CLEARED_EARLY'],
    },
  ],
  locks: [
    { name: 'three processes: each is served, in their order', sizes: {}, breaks: ['NOTIFY_FORGOTTEN', 'RELEASE_GRANTS_NOTHING'] },
    { name: 'three processes, twice each', sizes: { ROUNDS: 2 } },
    { name: 'one of three is killed', sizes: { DEATHS: 1 }, breaks: ['NO_LOOK', 'NEWCOMER_FIRST'] },
    { name: 'two of three are killed: the next one is told', sizes: { DEATHS: 2 }, breaks: ['DEAD_FREED_FIRST'] },
    { name: 'a request is given up', sizes: { ABORTS: 1 }, breaks: ['ABORT_GRANTS_NOTHING'] },
    { name: 'two may share, and a request is given up', sizes: { SHARES: 2, ABORTS: 1 }, breaks: ['GONE_GRANTS_NOTHING'] },
    { name: 'two may share, one of three is killed', sizes: { SHARES: 2, DEATHS: 1 } },
    { name: 'a request is given up, one of three is killed', sizes: { ABORTS: 1, DEATHS: 1 }, breaks: ['TOLD_LOST'] },
    { name: 'a request is given up, two of three are killed', sizes: { ABORTS: 1, DEATHS: 2 } },
    { name: 'a lock is stolen, one of three is killed', sizes: { STEALS: 1, DEATHS: 1 }, breaks: ['THIEF_UNTOLD'] },
    { name: 'a lock is stolen, two of three are killed', sizes: { STEALS: 1, DEATHS: 2 }, breaks: ['THIEF_FREES_FIRST'] },
    { name: 'two processes, one may be killed: everybody comes to an end', search: 'circles', sizes: { PROCESSES: 2, DEATHS: 1 }, breaks: ['LIST_KEPT'] },
  ],
  lifetimes: [
    {
      name: 'three workers: one memory under one name, and nothing after the last',
      sizes: {},
      breaks: ['CLAIM_FIRST', 'CLAIM_BESIDE_USERS', 'JOIN_CLAIMED', 'NAME_UNSEEN', 'NAMED_UNLOCKED', 'REMOVE_UNSEEN'],
    },
    { name: 'two workers, two rounds each', sizes: { WORKERS: 2, ROUNDS: 2 } },
    { name: 'two of three workers are killed at any step', sizes: { DEATHS: 2 } },
    { name: 'two workers, and somebody removes the name by force', sizes: { WORKERS: 2, DESTROYS: 1 }, breaks: ['DESTROY_UNLOCKED', 'DESTROY_ANY'] },
    { name: 'two workers, one is killed, and somebody removes the name by force', sizes: { WORKERS: 2, DESTROYS: 1, DEATHS: 1 } },
  ],
  sleeping: [
    { name: 'changes are counted if somebody may sleep', sizes: {}, breaks: ['COUNTED_FIRST', 'LOOKED_FIRST', 'NOT_MARKED', 'SLEEP_UNSEEN', 'WAKE_ONE'] },
    { name: 'all changes are counted', sizes: { COUNTED: 0 }, breaks: ['PLAIN_STORE'] },
    { name: 'changes are counted if somebody may sleep, a maker is killed', sizes: { DEATHS: 1 }, breaks: ['NO_LOOK_UP'] },
    { name: 'all changes are counted, a maker is killed', sizes: { COUNTED: 0, DEATHS: 1 } },
    { name: 'it is closed', sizes: { CLOSES: 1, MAKERS: 1 }, breaks: ['END_KEPT'] },
  ],
  takers: [
    { name: 'some wake all, some wake one: nobody sleeps beside a thing', sizes: { MAKERS: 1, EACH: 3 }, breaks: ['ONE_CLEARS', 'CLEARED_SILENTLY', 'CLEARED_FOR_ONE'] },
    { name: 'a call ends while its thread sleeps', sizes: { MAKERS: 1, ENDS: 1 }, breaks: ['NOT_PASSED_ON'] },
    { name: 'two makers', sizes: { TAKERS: 2, EACH: 2 } },
    { name: 'two are killed', sizes: { TAKERS: 2, DEATHS: 2 }, breaks: ['NO_LOOK_UP'] },
    { name: 'a call ends, and one is killed', sizes: { MAKERS: 1, EACH: 2, ENDS: 1, DEATHS: 1 } },
  ],
};

/** Runs a program to its end; its output. */
function execute(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal || code}: ${output}`));
    });
  });
}

/** Lets spin explore one model: how many errors and states there are, and which steps nobody took. */
async function explore(command, { model, search = 'states', sizes, broken }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-model-'));
  try {
    const file = `${model}.pml`;
    fs.copyFileSync(path.join(__dirname, file), path.join(folder, file));
    const options = ['-Pcc -E -x c'].concat(Object.keys(sizes).map((name) => `-D${name}=${sizes[name]}`));
    if (broken !== undefined) options.push(`-DBREAK_${broken}`);
    await execute(command, options.concat('-a', file), folder);
    // What is broken is found soon: there is no point in compiling it well, or in much memory.
    const isBroken = broken !== undefined;
    const { compile, run } = searches[search];
    await execute('cc', ['-w', isBroken ? '-O0' : '-O1', '-DMEMLIM=900', ...compile, '-o', 'pan', 'pan.c'], folder);
    const result = resultOf(await execute(path.join(folder, 'pan'), ['-m100000', isBroken ? '-w18' : '-w22', ...run], folder));
    if (result.errors > 0 && !isBroken) result.output += await execute(command, options.concat('-t', '-p', '-g', '-l', file), folder);
    return result;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(output) {
  const errors = /errors: (\d+)/.exec(output);
  const states = /(\d+(?:\.\d+e\+\d+)?) states, stored/.exec(output);
  if (errors === null || states === null) throw new Error(output);
  const isIncomplete = /Search not completed|max search depth too small|out of memory/.test(output);
  return { errors: Number(errors[1]), states: Number(states[1]), isIncomplete, unreached: unreachedIn(output), output };
}

/**
 * The steps that were never taken, but for ends, for what `unless` puts before each step, and for those of who comes
 * last: it does not die, and finds little left to do.
 */
function unreachedIn(output) {
  const unreached = new Set();
  let proctype = '';
  for (const line of output.split('\n')) {
    const head = /^unreached in (.*)$/.exec(line);
    if (head !== null) proctype = head[1];
    const step = /^\t\S+:(\d+), state (\d+), "(.*)"$/.exec(line);
    if (step === null || proctype === 'proctype last') continue;
    if (step[3] !== '-end-' && !step[3].startsWith('(dead[')) unreached.add(`${proctype}, line ${step[1]}, ${step[2]}`);
  }
  return unreached;
}

/** Runs jobs, two at a time. */
async function inTwos(jobs) {
  const next = async () => {
    while (jobs.length > 0) await jobs.shift()();
  };
  await Promise.all([next(), next()]);
}

async function main(wanted) {
  let command;
  try {
    command = spin();
    await execute('cc', ['--version']);
  } catch (error) {
    console.log(`# SKIP the models: they need spin, which Debian has, and a C compiler (${error.message.split('\n')[0]})`);
    return;
  }
  const started = Date.now();
  const counts = { states: 0, broken: 0, failed: 0 };
  const fail = (message) => {
    console.log(message);
    counts.failed++;
  };
  const explorations = [];
  const mutations = [];
  for (const model of Object.keys(models).filter((name) => wanted.length === 0 || wanted.includes(name))) {
    const unreached = [];
    const untried = new Set(fs.readFileSync(path.join(__dirname, `${model}.pml`), 'utf8').match(/BREAK_\w+/g));
    for (const run of models[model]) {
      explorations.push(async () => {
        const found = await explore(command, Object.assign({ model }, run));
        counts.states += found.states;
        if (found.errors > 0 || found.isIncomplete) fail(`FAILED ${model}, ${run.name}: ${found.output}`);
        else console.log(`${model}, ${run.name}: ${found.states} states, all right`);
        if (unreached.push(found.unreached) < models[model].length) return;
        for (const step of unreached[0]) {
          if (unreached.every((steps) => steps.has(step))) fail(`FAILED ${model}: a step that nobody ever takes: ${step}`);
        }
      });
      for (const broken of run.breaks || []) {
        untried.delete(`BREAK_${broken}`);
        mutations.push(async () => {
          const found = await explore(command, Object.assign({ model, broken }, run));
          counts.broken++;
          if (found.errors === 0) fail(`FAILED ${model}: BREAK_${broken} is not found by: ${run.name}`);
        });
      }
    }
    for (const broken of untried) fail(`FAILED ${model}: ${broken} is tried by no run`);
  }
  await inTwos(explorations.concat(mutations));
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${counts.states} states; ${counts.broken} broken models tried; ${counts.failed} failed (${seconds} s)`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

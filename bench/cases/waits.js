'use strict';
// Asynchronous waits by io_uring, where Node's event loop watches the kernel's ring, beside those by threads, which lesser
// systems have: one word of many is changed and answered, by turns. Runs by itself: `node bench/cases/waits.js [--short]`.

const { execFileSync, fork } = require('child_process');
const shm = require('../..');
const { interleave, ratio, summary } = require('../statistics');

const TRIPS = process.argv.includes('--short') ? 500 : 5000;
const ROUNDS = process.argv.includes('--short') ? 1 : 9;
const WAYS = { ring: 'loop', threads: 'many' };
/** Words of a waiter, a cache line; the last ones are for the answer. */
const LINE = 16;

/** Changes one word after another, and blocks until the change is answered. */
function change(key, waits) {
  const words = shm.get(key, 'Int32Array');
  const answer = waits * LINE;
  for (let trip = 1; trip <= TRIPS; trip++) {
    const word = (trip % waits) * LINE;
    Atomics.store(words, word, trip);
    shm.notify(words, word);
    for (let seen; (seen = Atomics.load(words, answer)) < trip; ) shm.wait(words, answer, seen);
  }
}

/** Waits for all words at once; `[µs a round trip, µs of this processor's time]`. */
async function answer(waits) {
  const words = shm.create(waits * LINE + LINE, 'Int32Array');
  let answered = 0;
  let done;
  const end = new Promise((resolve) => (done = resolve));
  const serve = async (word) => {
    while (answered < TRIPS) {
      const seen = Atomics.load(words, word);
      if (seen > answered) {
        answered = seen;
        Atomics.store(words, waits * LINE, seen);
        shm.notify(words, waits * LINE);
        if (seen === TRIPS) done();
      } else await shm.waitAsync(words, word, seen, { ref: false });
    }
  };
  for (let word = 0; word < waits; word++) serve(word * LINE);
  const child = fork(__filename, ['change', String(words.key), String(waits)].concat(process.argv.slice(3)));
  const started = process.hrtime();
  const before = process.cpuUsage();
  await end;
  const [seconds, nanoseconds] = process.hrtime(started);
  const { user, system } = process.cpuUsage(before);
  await new Promise((resolve) => child.once('exit', resolve));
  shm.destroy(words.key);
  return [(seconds * 1e6 + nanoseconds / 1e3) / TRIPS, (user + system) / TRIPS];
}

const said = ({ median, low, high }) => `${median.toFixed(2)} [${low.toFixed(2)} to ${high.toFixed(2)}]`;

async function main() {
  for (const waits of [1, 1000]) {
    const times = { ring: [], threads: [] };
    const measure = (way) => async () => {
      const env = Object.assign({}, process.env, { SHM_TYPED_ARRAY_WAITS: WAYS[way], SHM_TYPED_ARRAY_QUIET: '1' });
      const args = [__filename, 'answer', String(waits)].concat(process.argv.slice(2));
      const [trip, processor] = JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
      times[way].push(trip);
      return processor;
    };
    const processor = await interleave({ ring: measure('ring'), threads: measure('threads') }, ROUNDS);
    for (const way of Object.keys(WAYS)) console.log(`${waits} waits, ${way}: ${said(summary(times[way]))} µs a round trip, ${said(summary(processor[way]))} µs of a processor`);
    console.log(`${waits} waits, ring ÷ threads: ${said(ratio(times.ring, times.threads))} of the time, ${said(ratio(processor.ring, processor.threads))} of the processor's`);
  }
}

if (process.argv[2] === 'change') change(Number(process.argv[3]), Number(process.argv[4]));
else if (process.argv[2] === 'answer') answer(Number(process.argv[3])).then((times) => console.log(JSON.stringify(times)));
else main();

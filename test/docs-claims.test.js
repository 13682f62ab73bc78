'use strict';
// What the pages say of detaches during other work, and of transfers: each sentence beside what makes it true. And
// every number that was measured stands beside the command that measures it.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const zlib = require('zlib');
const { documents, proseOf, read } = require('./markdown');
const { Worker, canEmpty, freshName, isBun, isDeno, nextMessage, nodeMajor, runCode, shm, temporaryFolder } = require('./support');

const BYTES = 1 << 20;

/** Fails if a page no longer says this. */
function says(t, page, sentence) {
  t.ok(proseOf(page).replace(/\s+/g, ' ').includes(sentence), `${page}: ${sentence}`);
}

function newArray() {
  const name = freshName();
  return { name, array: crypto.randomFillSync(shm.create(BYTES, 'Buffer', name)) };
}

test('calls of zlib, crypto and fs that are at work on detached memory end', async (t) => {
  says(t, 'docs/api.md', 'Calls of zlib, crypto and fs that are at work on it in the background end');
  says(t, 'docs/reliability.md', 'Calls of zlib, crypto and fs that are given an array (`zlib.gzip`, `crypto.randomFill`, `fs.write`) do end');
  const file = path.join(temporaryFolder(), 'written');
  const descriptor = fs.openSync(file, 'w+');
  const calls = {
    gzip: (array, done) => zlib.gzip(array, done),
    randomFill: (array, done) => crypto.randomFill(array, done),
    pbkdf2: (array, done) => crypto.pbkdf2(array, 'salt', 1000, 32, 'sha256', done),
    write: (array, done) => fs.write(descriptor, array, done),
    read: (array, done) => fs.read(descriptor, array, 0, BYTES, 0, done),
    writeFile: (array, done) => fs.writeFile(file, array, done),
  };
  if (isDeno) says(t, 'docs/reliability.md', 'On Deno a view of detached memory keeps its length and reads zeros');
  for (const name of Object.keys(calls)) {
    const { name: key, array } = newArray();
    await new Promise((resolve) => {
      calls[name](array, resolve);
      shm.destroy(key);
    });
    t.pass(`${name} has ended`);
  }
  fs.closeSync(descriptor);
  t.end();
});

/** A process that ends a file's stream with `chunk` and then empties what `array` is over; what it has written. */
async function writeStream({ chunk, make, empty }) {
  const file = path.join(temporaryFolder(), 'written');
  const { stdout, stderr } = await runCode(`
    const fs = require('fs');
    const { MessageChannel } = require('worker_threads');
    const array = ${make};
    const stream = fs.createWriteStream(${JSON.stringify(file)});
    stream.on('finish', () => console.log('finish', fs.statSync(${JSON.stringify(file)}).size));
    stream.on('error', (error) => console.log(error));
    stream.end(${chunk});
    ${empty};
  `);
  return stdout + stderr;
}

test('a stream that holds an array when it is detached can wait for ever; with a copy it ends', async (t) => {
  says(t, 'docs/reliability.md', 'A Node stream that still holds an array when it is detached can wait for ever, without an error');
  says(t, 'docs/reliability.md', 'So end streams first, or `write` a copy');
  says(t, 'docs/api.md', 'End streams that hold such an array before its block ends, or [write a copy](reliability.md#streams)');
  const name = freshName();
  const detached = { make: `shm.create(${BYTES}, 'Buffer', '${name}')`, empty: `shm.destroy('${name}')` };
  t.equal(await writeStream(Object.assign({ chunk: 'Buffer.from(array)' }, detached)), `finish ${BYTES}\n`, 'a copy');
  const waits = nodeMajor >= 16 && !isBun && !isDeno && canEmpty;
  if (!waits) return console.log('  # SKIP what this runtime does with an emptied array is not what Node.js 16 and newer do');
  t.equal(await writeStream(Object.assign({ chunk: 'array' }, detached)), '', 'it never ends, and nobody is told');
  const transferred = { make: `Buffer.from(new ArrayBuffer(${BYTES}))`, empty: 'new MessageChannel().port1.postMessage(0, [array.buffer])' };
  t.equal(await writeStream(Object.assign({ chunk: 'array' }, transferred)), '', 'nor does it with any other emptied buffer');
});

test('a buffer in a transfer list is not shared; an array that is shared is, and so is a key', { skip: Worker === null && 'this runtime has no worker_threads' }, async (t) => {
  says(t, 'docs/upgrading.md', '`postMessage(array, [array.buffer])` shares no longer');
  const file = path.join(temporaryFolder(), 'writer.js');
  fs.writeFileSync(file, `
    const { parentPort } = require('worker_threads');
    const shm = require(${JSON.stringify(path.join(__dirname, '..'))});
    parentPort.on('message', (given) => {
      const array = typeof given === 'string' ? shm.get(given, 'Uint8Array') : given;
      array[0] = 7;
      parentPort.postMessage('written');
    });
  `);
  const worker = new Worker(file);
  const name = freshName();
  const seen = async (array, post) => {
    try {
      post(array);
    } catch (error) {
      return error.name;
    }
    await nextMessage(worker);
    return array[0];
  };
  const transferred = shm.create(4, 'Uint8Array', name);
  const answer = await seen(transferred, (array) => worker.postMessage(array, [array.buffer]));
  // The worker got a copy, nobody got anything, or this thread has lost it.
  t.ok([0, 'DataCloneError', 'TypeError', undefined].includes(answer), `transferred: ${answer}`);
  const plain = shm.get(name, 'Uint8Array');
  plain[0] = 0;
  t.equal(await seen(plain, () => worker.postMessage(name)), 7, 'its key');
  plain[0] = 0;
  const shared = shm.get(name, 'Uint8Array', { shared: true });
  t.equal(await seen(shared, (array) => worker.postMessage(array)), 7, 'shared');
  await worker.terminate();
  shm.destroy(name);
  t.end();
});

/** A time, or a ratio of two, as prose has it. */
const MEASURED = /\d ?(?:µs|ns|ms)\b|\d ?% (?:slower|faster|more|less)|\d × (?!slots|size|units|\d)|\d times (?:as|the|slower|faster)|\b(?:half|a third|a quarter|a fifth|a sixth|a tenth|a twentieth) (?:of|to|more|less|longer|slower|faster)\b.*\b(?:time|longer|slower|faster|costs?)\b|\b(?:half|third|quarter|fifth|sixth|seventh|tenth)\b[^.|]* of the time|\btenth of a second/;

/** A command that measures, or a test that holds a limit. */
const COMMAND = /`(?:npm run (?:bench|test|matrix)[^`]*|node bench\/[^`]*|test\/[\w-]+\.test\.js)`/;

/** A page by its headings of the second rank. What a command has written is left out, and so is what programs in other languages have to do. */
function sectionsOf(page) {
  const written = /<!-- [^>]* writes this -->[^]*?<!-- to here -->/g;
  const withoutTables = read(page).replace(written, '').replace(/^```[^]*?^```/gm, '').replace(/<!--[^]*?-->/g, '');
  return withoutTables.split(/^# For other languages$/m)[0].split(/^## /m);
}

test('every number that was measured names the command that measures it', (t) => {
  const others = ['CHANGELOG.md', 'CONTRIBUTING.md', 'docs/other-languages.md', 'docs/architecture.md', 'docs/memory-model.md'];
  let count = 0;
  for (const page of documents().filter((name) => !others.includes(name))) {
    for (const section of sectionsOf(page)) {
      const claim = section.split('\n').find((line) => MEASURED.test(line));
      if (claim === undefined) continue;
      count++;
      t.match(section, COMMAND, `${page}, ${section.split('\n')[0]}: ${claim.slice(0, 100)}`);
    }
  }
  t.ok(count > 10, `${count} sections with numbers`);
  t.end();
});

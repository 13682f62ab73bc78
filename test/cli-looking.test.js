'use strict';
// Looking by the command destroys nothing, and works on memory that no array can show whole.

const fs = require('fs');
const path = require('path');
const test = require('tape');
const { cli, command, linuxOnly, rootOnly } = require('./command');
const { skip } = require('./messages');
const { forkCode, freshKey, freshName, isLinux, nextMessage, outcome, runCode, shm } = require('./support');
const { spawn } = require('child_process');

/** What the folder of objects is for the tests. */
const folder = process.env.SHM_TYPED_ARRAY_DIR || '/dev/shm';

/** The first line of `top --json`, which ends by then. */
function firstOfTop(...keys) {
  const child = spawn(command[0], command.slice(1).concat('top', '--json', keys), { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) child.kill();
    });
    child.on('close', () => resolve({ code: 0, stdout: text.split('\n')[0] }));
  });
}

test('looking leaves what a killed process has left of transient memory', { skip: skip || !isLinux }, async (t) => {
  const key = freshName();
  await runCode(`
    const manager = new shm.LockManager('${key}', { requests: 16, transient: true });
    manager.request('a', () => process.kill(process.pid, 'SIGKILL'));
    setInterval(() => {}, 1000);`);
  const { id, size } = shm.stat(key);
  const looks = {
    ls: [() => cli('ls', '--prefix', key), key],
    stat: [() => cli('stat', key), '0 held|1 held'],
    dump: [() => cli('dump', key), '4c 4f 43 4b'],
    locks: [() => cli('locks', key), '"a" +held \\(dead\\)'],
    top: [() => firstOfTop(key), '"kind":"locks"'],
  };
  for (const name of Object.keys(looks)) {
    const [run, shows] = looks[name];
    const { code, stdout } = await run();
    t.deepEqual([code, new RegExp(shows).test(stdout)], [0, true], `${name}: ${stdout.split('\n')[0]}`);
    t.deepEqual(shm.stat(key) && [shm.stat(key).id, shm.stat(key).size], [id, size], 'it is there');
  }
  const map = freshName();
  await runCode(`new shm.SharedMap('${map}', { transient: true }).set('text', 'value'); process.kill(process.pid, 'SIGKILL');`);
  t.equal((await cli('dump', map)).stdout, '"text": "value"\n');
  t.equal(shm.destroyOrphans({ prefix: map }).length, 1);
  t.equal(shm.destroyOrphans({ prefix: key }).length, 1);
});

test('transient memory goes with its last user, whoever has looked', { skip: skip || !isLinux }, async (t) => {
  const key = freshName();
  const child = forkCode(`
    const map = new shm.SharedMap('${key}', { transient: true });
    process.on('message', () => {
      map.detach();
      process.disconnect();
    });
    process.send('ready');`);
  await nextMessage(child);
  t.match((await cli('stat', key)).stdout, /^map: /m);
  t.notEqual(shm.stat(key), null);
  const ended = outcome(child);
  child.send('detach');
  await ended;
  t.equal(shm.stat(key), null);
});

test('dump shows a part of what no array can show whole', linuxOnly, async (t) => {
  const name = freshName();
  const bytes = 2 ** 43; // more than any runtime shows
  fs.writeFileSync(folder + name, Buffer.alloc(0));
  try {
    fs.truncateSync(folder + name, bytes + 8);
  } catch (error) {
    t.skip(`this system has no such object: ${error.code}`);
    shm.destroy(name);
    return;
  }
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, bytes % 2 ** 32, true);
  header.setUint32(4, bytes / 2 ** 32, true);
  const descriptor = fs.openSync(folder + name, 'r+');
  fs.writeSync(descriptor, new Uint8Array(header.buffer), 0, 8, 0);
  fs.writeSync(descriptor, Buffer.from('beginning'), 0, 9, 8);
  fs.closeSync(descriptor);
  const all = await cli('dump', name);
  t.deepEqual([all.code, all.stdout.split('\n').length], [0, 17], all.stderr.split('\n')[0]);
  t.match(all.stdout, /beginning/);
  t.equal(all.stderr, `… and ${bytes - 256} more elements (--offset, --count)\n`);
  t.match((await cli('dump', '--count', '16', name)).stdout, /^00000000 {2}.*beginning\.{7}\n$/);
  t.match((await cli('dump', '--offset', '8', '--count', '1', name)).stdout, /^00000008 {2}67/);
  t.match((await cli('dump', '--offset', String(bytes - 8), '--type', 'Float64Array', name)).stdout, / 0\n$/);
  t.equal((await cli('stat', name)).code, 0);
  shm.destroy(name);
});

test('dump tells what is out of range', linuxOnly, async (t) => {
  for (const key of [freshName(), freshKey()]) {
    shm.create(100, 'Buffer', key);
    const told = async (...args) => {
      const { code, stderr } = await cli('dump', ...args, String(key));
      return `${code} ${stderr.split('\n')[0]}`;
    };
    const shown = typeof key === 'number' ? key : `'${key}'`;
    t.equal(await told('--offset', '101'), `2 ${shown} has 100 bytes, too few for "offset" 101`);
    t.equal(await told('--offset', '90', '--count', '11'), `2 ${shown} has 100 bytes, too few for "offset" 90 and "count" 11 × 1 bytes`);
    t.match(await told('--offset', '2', '--type', 'Int32Array'), /^2 The value of --offset is out of range/);
    t.equal(await told('--offset', '100'), '0 ', 'there is nothing at its end');
    shm.destroy(key);
  }
});

test('an object that somebody claims at that moment is opened all the same', linuxOnly, (t) => {
  const { look } = require('../lib/cli/looking');
  const key = freshName();
  shm.create(4, 'Buffer', key).write('text');
  const { openSync } = fs;
  let claims = 3;
  fs.openSync = (...args) => {
    if (args[0] === folder + key && claims-- > 0) throw Object.assign(new Error('played'), { code: 'EAGAIN' });
    return openSync(...args);
  };
  const { array, end } = look(key, {});
  fs.openSync = openSync;
  t.equal(array.toString(), 'text');
  end();
  t.equal(shm.destroy(key), true);
  t.end();
});

const asAnother = { skip: rootOnly.skip || (process.setgroups === undefined && 'this runtime cannot become somebody else') };

test('what may not be read is not looked at, and dump says why', asAnother, async (t) => {
  const key = freshName();
  shm.create(4, 'Buffer', key, '600');
  // Loaded before the change of user, who might not be able to read it.
  const { stdout } = await runCode(`
    const dump = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cli', 'dump'))});
    shm.unmapFile(shm.mapFile(__filename));
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    dump.run({ keys: ['${key}'], flags: {} }).catch((error) => console.log(error.message));`);
  t.match(stdout, /^EACCES.*permission denied/);
  shm.destroy(key);
});

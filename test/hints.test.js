'use strict';
// What to do about an error that the system's own words do not explain: on file systems mounted for the test.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, freshName, isLinux, runCode, temporaryFolder } = require('./support');

const cannotMount = !isLinux || spawnSync('unshare', ['-m', 'true']).status !== 0;
const skip = cannotMount && 'mounting takes Linux and root';

/** Runs code after commands of a shell, where nobody else sees what they mount; the messages that `told` has collected. */
function messages(commands, code) {
  const file = path.join(temporaryFolder(), 'hints.js');
  fs.writeFileSync(file, `'use strict';
    const shm = require(${JSON.stringify(path.join(__dirname, '..'))});
    const fs = require('fs');
    const found = [];
    const told = (action) => { try { found.push(String(action())); } catch (error) { found.push(error.message); } };
    const run = (...args) => require('child_process').execFileSync(args[0], args.slice(1));
    shm.list();
    ${code}
    console.log(JSON.stringify(found));`);
  const child = spawnSync('unshare', ['-m', 'sh', '-c', `${commands} && exec "$0" "$@"`, execPath].concat(execArgv, file), { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout.split('\n')[0]);
}

const ownFolder = 'mount -t tmpfs -o size=20m none /dev/shm';

test('/dev/shm that is read-only', { skip }, (t) => {
  const [made, read, copied, shown, destroyed] = messages(ownFolder, `
    shm.create(5, 'Buffer', '/there');
    shm.detachAll();
    run('mount', '-o', 'remount,ro', '/dev/shm');
    told(() => shm.create(5, 'Buffer', '/new'));
    told(() => shm.get('/there'));
    told(() => shm.get('/there', 'Buffer', { copyOnWrite: true }).length);
    shm.detachAll();
    told(() => shm.get('/there', 'Buffer', { readOnly: true }).length);
    told(() => shm.destroy('/there'));`);
  t.match(made, /^EROFS: .*\/dev\/shm is read-only here: no object can be made there$/);
  t.match(read, /^EROFS: .*with readOnly or copyOnWrite the object can be read$/);
  t.deepEqual([copied, shown], ['5', '5']);
  t.match(destroyed, /^EROFS: .*nothing can be destroyed there$/);
  t.end();
});

test('an object that this user may only read', { skip }, (t) => {
  const [refused, shown] = messages(`${ownFolder} && chmod 1777 /dev/shm`, `
    shm.create(5, 'Buffer', '/there', '644');
    shm.detachAll();
    process.setuid(65534);
    told(() => shm.get('/there'));
    told(() => shm.get('/there', 'Buffer', { readOnly: true }).length);`);
  t.match(refused, /^EACCES: .*\(with readOnly or copyOnWrite: to read it\)$/);
  t.equal(shown, '5');
  t.end();
});

test('no free descriptor, whichever call wants it', { skip: !isLinux && 'needs /dev/null as Linux has it' }, async (t) => {
  const name = freshName();
  const { stdout, stderr } = await runCode(`
    const fs = require('fs');
    shm.create(5, 'Buffer', '${name}', { transient: true });
    shm.detachAll();
    for (let free = 0; free < 4; free++) {
      const files = [];
      try {
        for (;;) files.push(fs.openSync('/dev/null'));
      } catch (_) {
        files.splice(0, free).forEach((file) => fs.closeSync(file));
      }
      let said = 'made';
      try {
        shm.create(5, 'Buffer', '${name}', { transient: true });
      } catch (error) {
        said = error.code === 'EMFILE' && /ulimit -n: \\d+/.test(error.message) ? error.syscall : error.message;
      }
      files.forEach((file) => fs.closeSync(file));
      shm.destroy('${name}');
      console.log(said);
    }`);
  t.deepEqual(new Set(stdout.trim().split('\n')), new Set(['open', 'fcntl', 'made']), stdout + stderr);
});

test('an object that is a mount of its own', { skip }, (t) => {
  const [destroyed] = messages(ownFolder, `
    shm.create(5, 'Buffer', '/there');
    run('mount', '--bind', '/dev/shm/there', '/dev/shm/there');
    told(() => shm.destroy('/there'));`);
  t.match(destroyed, /^EBUSY: .*It is mounted there by itself \(docker run -v FILE, mount --bind\): unmount it first$/);
  t.end();
});

test("somebody else's object in a folder where only owners may destroy", { skip }, (t) => {
  const [destroyed, made] = messages(`${ownFolder} && chmod 1777 /dev/shm`, `
    shm.create(5, 'Buffer', '/there', '666');
    shm.detachAll();
    process.setuid(65534);
    told(() => shm.destroy('/there'));
    told(() => shm.create(5, 'Buffer', '/mine').length);`);
  t.match(destroyed, /^EPERM: .*Only its owner or root may destroy it: \/dev\/shm is sticky$/);
  t.equal(made, '5');
  t.end();
});

test('/dev/shm that is a link, when huge pages are asked for', { skip }, (t) => {
  const place = path.join(temporaryFolder(), 'place');
  const mount = `mkdir -p ${place} && mount -t tmpfs -o size=20m,huge=advise none ${place}`;
  if (spawnSync('unshare', ['-m', 'sh', '-c', mount]).status !== 0) {
    t.comment('# SKIP this kernel has no huge pages for tmpfs');
    return t.end();
  }
  // The link has to stand in a /dev of its own.
  const [found] = messages(`${mount} && mount -t tmpfs none /dev && ln -s ${place} /dev/shm && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9`, `
    told(() => shm.create(5, 'Buffer', '/huge', { hugePages: true }).length);`);
  t.ok(found === '5' || /deny|shmem_enabled|without transparent/.test(found), found);
  return t.end();
});

'use strict';
// What to do about an error that the system's own words do not explain: on file systems mounted for the test.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { execArgv, execPath, isLinux, temporaryFolder } = require('./support');

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
  const [made, read, copied, destroyed] = messages(ownFolder, `
    shm.create(5, 'Buffer', '/there');
    shm.detachAll();
    run('mount', '-o', 'remount,ro', '/dev/shm');
    told(() => shm.create(5, 'Buffer', '/new'));
    told(() => shm.get('/there'));
    told(() => shm.get('/there', 'Buffer', { copyOnWrite: true }).length);
    told(() => shm.destroy('/there'));`);
  t.match(made, /^EROFS: .*\/dev\/shm is read-only here: no object can be made there$/);
  t.match(read, /^EROFS: .*with copyOnWrite the object can be read$/);
  t.equal(copied, '5');
  t.match(destroyed, /^EROFS: .*nothing can be destroyed there$/);
  t.end();
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

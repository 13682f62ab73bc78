'use strict';
// Processes in namespaces of their own, as containers have them (unshare(1), which needs root).

const { execFileSync, spawnSync } = require('child_process');
const { check, ended, isLinux, isRoot, option, run, start, startedBy } = require('./harness');

const pid = ['--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * What is a process's own: of a `container` everything but /dev/shm, which is a volume; of a `pid` only the pids.
 * What is `elsewhere` shares the segments, but not /dev/shm.
 */
const kinds = {
  host: [],
  pid: ['unshare', ...pid],
  container: ['unshare', '--user', '--map-root-user', '--ipc', '--uts', '--net', '--cgroup', ...pid, 'sh', '-c', 'mount --bind /dev/shm /dev/shm && exec "$@"', 'sh'],
  elsewhere: ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', 'sh'],
};

/** Why there can be no containers here; an empty string if there can. */
function noContainers() {
  if (!isLinux || !isRoot) return 'needs root on Linux';
  const [command, ...args] = kinds.container.concat('true');
  const tried = spawnSync(command, args, { encoding: 'utf8' });
  if (tried.error !== undefined) return 'needs unshare(1)';
  return tried.status === 0 ? '' : `namespaces are not allowed here: ${tried.stderr.trim()}`;
}

// A process that waits for a lock in vain would outlive a test that has failed.
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts `file` as the first process of new namespaces, with an IPC channel. */
function startIn(kind, file, args, options) {
  const child = start(file, args, Object.assign(startedBy(kinds[kind]), options));
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/**
 * Runs a torture test: `body(counts)` in a mount and an IPC namespace, with a /dev/shm that nobody else has. What it
 * starts of the same file with `--role=NAME` runs `roles[NAME]` until that is done.
 */
function runApart(file, body, roles) {
  const role = option('role');
  if (role === undefined) {
    run(async (counts) => {
      const reason = noContainers();
      if (reason !== '') return { skip: reason };
      const child = start(file, process.argv.slice(2).filter((argument) => argument.startsWith('--')).concat('--role=apart'), startedBy(['unshare', '--mount', '--ipc']));
      child.on('message', (found) => Object.assign(counts, found));
      const { code, signal } = await ended(child);
      check(code === 0, 'ended with', code, signal);
      return undefined;
    });
    return;
  }
  process.once('disconnect', () => process.exit());
  const work = role === 'apart' ? apart(body) : Promise.resolve(roles[role]());
  work.then(
    () => process.exit(),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

async function apart(body) {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=1777', 'tmpfs', '/dev/shm']);
  const counts = {};
  process.once('exit', () => process.connected && process.send(counts));
  await body(counts);
}

module.exports = { runApart, startIn };

'use strict';
// A Redis server: this machine's, or else the one of its distribution's package, unpacked into the cache.

const { execFileSync, spawn, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { cached } = require('./cache');

// The server's program is in the package of the tools, under another name. The others are libraries of its own.
const PACKAGES = ['redis-tools', 'libjemalloc2', 'liblzf1'];

/** What to start: `{ command, options }`, or `{ reason }` why there is none. */
function redisServer() {
  if (spawnSync('redis-server', ['--version']).status === 0) return { command: 'redis-server', options: {} };
  try {
    const folder = cached(`redis-${process.arch}`, unpack);
    const libraries = execFileSync('find', [path.join(folder, 'usr', 'lib'), '-name', '*.so.*', '-printf', '%h\n'], { encoding: 'utf8' });
    const env = Object.assign({}, process.env, { LD_LIBRARY_PATH: Array.from(new Set(libraries.trim().split('\n'))).join(':') });
    const server = { command: path.join(folder, 'usr', 'bin', 'redis-check-rdb'), options: { argv0: 'redis-server', env } };
    const started = spawnSync(server.command, ['--version'], Object.assign({ encoding: 'utf8' }, server.options));
    return started.status === 0 ? server : { reason: `the Redis server does not start: ${started.stderr || started.error}` };
  } catch (error) {
    return { reason: `there is no Redis server here, and none of the distribution's package: ${error.message.split('\n')[0]}` };
  }
}

function unpack(folder) {
  execFileSync('apt-get', ['download', '-q', ...PACKAGES], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', name, '.'], { cwd: folder });
    fs.unlinkSync(path.join(folder, name));
  }
}

/** Starts a server that listens on a socket in a folder of its own: `{ url, stop }`. It keeps nothing on the disk. */
async function startRedis({ command, options }, port) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-redis-'));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(command, args, Object.assign({ stdio: ['ignore', 'pipe', 'pipe'] }, options));
  const ended = new Promise((resolve) => server.on('exit', resolve));
  let output = '';
  await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      if (/Ready to accept connections/.test(output)) resolve();
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('exit', () => reject(new Error(`redis-server ended: ${output}`)));
  });
  const stop = async () => {
    server.kill('SIGKILL');
    await ended;
    fs.rmSync(folder, { recursive: true });
  };
  return { url: `redis://127.0.0.1:${port}`, stop };
}

module.exports = { redisServer, startRedis };

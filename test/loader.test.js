'use strict';
// The loader and the source build where they cannot work: the exact words.

const fs = require('fs');
const path = require('path');
const { spawn, spawnSync } = require('child_process');
const test = require('tape');
const { execArgv, execPath, isLinux, nodeMajor, outcome, runScript, temporaryFolder } = require('./support');

const root = path.join(__dirname, '..');
const system = `${process.platform}-${process.arch}`;
const prebuilt = path.join('prebuilds', 'linux-x64', 'shm-typed-array.glibc.node');
const onGlibc = isLinux && process.arch === 'x64' && /\/libc(\.so\.6|-2\.\d+\.so)$/m.test(fs.readFileSync('/proc/self/maps', 'utf8'));
const notHere = !onGlibc && 'it takes apart the addon for x64 Linux with glibc';
const advice =
  'Build it here with `npx shm-typed-array build`, which needs Rust (https://rustup.rs). If files are missing or damaged, or came from another system (into a container, say), install the package anew.';

function runtime() {
  const { bun, deno, electron } = process.versions;
  if (bun || deno) return bun ? `Bun ${bun}` : `Deno ${deno}`;
  return electron ? `Electron ${electron}` : `Node.js ${process.version}`;
}

function filesBelow(folder) {
  return fs.readdirSync(path.join(root, folder)).reduce((files, name) => {
    const file = path.join(folder, name);
    return files.concat(fs.statSync(path.join(root, file)).isDirectory() ? filesBelow(file) : file);
  }, []);
}

let copies = 0;

/** An installed copy of the package: its JavaScript, and the given files, `{ path: bytes }`. */
function installed(files) {
  const folder = path.join(temporaryFolder(), `copy-${++copies}`);
  const write = (name, bytes) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
  };
  filesBelow('lib').concat('package.json', 'Cargo.toml').forEach((name) => write(name, fs.readFileSync(path.join(root, name))));
  Object.keys(files).forEach((name) => write(name, files[name]));
  return folder;
}

/** The error that requiring the package throws, `{ code, message }`, after running `before`. */
async function loadError(folder, before) {
  const file = path.join(folder, 'load.js');
  fs.writeFileSync(
    file,
    `${before || ''}\ntry { require('./lib'); console.log('{}'); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`,
  );
  const { stdout, stderr, code, signal } = await runScript(file);
  if (code !== 0) throw new Error(`loading ended with ${code} ${signal}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The message when neither the local build nor the prebuilt addon works. */
function notLoaded(folder, localReason, prebuiltReason) {
  return [
    `shm-typed-array has no native addon that works here: ${system} with glibc, ${runtime()}. Tried:`,
    `  ${path.join(folder, 'build', 'shm-typed-array.node')}: ${localReason}`,
    `  ${path.join(folder, prebuilt)}: ${prebuiltReason}`,
    advice,
  ].join('\n');
}

function addon() {
  return fs.readFileSync(path.join(root, prebuilt));
}

/** The addon with one text in it replaced by another of the same length. */
function addonWith(text, other) {
  const bytes = addon();
  const at = bytes.indexOf(text, 0, 'latin1');
  if (at < 0 || text.length !== other.length) throw new Error(`cannot replace ${text}`);
  bytes.write(other, at, 'latin1');
  return bytes;
}

/** How many of the addon's bytes the dynamic loader maps: up to the end of its last segment. */
function loadedBytes(bytes) {
  const [headers, size, count] = [bytes.readUInt32LE(32), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const starts = Array.from({ length: count }, (_, index) => headers + index * size);
  const loaded = starts.filter((at) => bytes.readUInt32LE(at) === 1);
  return Math.max(...loaded.map((at) => bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 32)));
}

async function prebuiltFails(t, bytes, reason) {
  const folder = installed({ [prebuilt]: bytes });
  const error = await loadError(folder);
  t.equal(error.code, 'ERR_SHM_NOT_LOADED');
  t.equal(error.message, notLoaded(folder, 'not there', reason));
}

test('the prebuilt addon loads from a copy without a local build', { skip: notHere }, async (t) => {
  t.deepEqual(await loadError(installed({ [prebuilt]: addon() })), {});
});

test('no addon for this system', { skip: notHere }, async (t) => {
  const folder = installed({});
  const error = await loadError(folder);
  t.equal(error.code, 'ERR_SHM_NOT_LOADED');
  t.equal(error.message, notLoaded(folder, 'not there', 'not there'));
});

test('an addon that is cut short is told, not loaded into a SIGBUS', { skip: notHere }, async (t) => {
  const bytes = addon().slice(0, 100000);
  await prebuiltFails(t, bytes, `it is cut short: its last ${loadedBytes(addon()) - 100000} bytes are not there`);
  await prebuiltFails(t, bytes.slice(0, 10), 'it is damaged, or made for another system');
  await prebuiltFails(t, Buffer.alloc(0), 'it is damaged, or made for another system');
});

test('an addon for another processor', { skip: notHere }, async (t) => {
  const bytes = addon();
  bytes.writeUInt16LE(183, 18); // EM_AARCH64
  await prebuiltFails(t, bytes, 'it is for arm64, and this is x64');
});

/** The headers of an addon for another kind of processor, as far as they are looked at, and one segment. */
function headersOf(machine, { is64, isLittle }) {
  const bytes = new DataView(new ArrayBuffer(256));
  const set16 = (at, value) => bytes.setUint16(at, value, isLittle);
  const setAddress = (at, value) => bytes.setUint32(is64 && !isLittle ? at + 4 : at, value, isLittle);
  const segment = is64 ? 64 : 52;
  [0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, isLittle ? 1 : 2, 1].forEach((value, at) => bytes.setUint8(at, value));
  set16(16, 3); // ET_DYN
  set16(18, machine);
  bytes.setUint32(20, 1, isLittle);
  setAddress(is64 ? 32 : 28, segment);
  set16(is64 ? 54 : 42, is64 ? 56 : 32);
  set16(is64 ? 56 : 44, 1);
  bytes.setUint32(segment, 1, isLittle); // PT_LOAD
  setAddress(segment + (is64 ? 32 : 16), bytes.byteLength);
  return Buffer.from(bytes.buffer);
}

test('an addon that was built for 32 bits, or for a big-endian processor, is understood', { skip: notHere }, async (t) => {
  const ia32 = headersOf(3, { is64: false, isLittle: true });
  const s390x = headersOf(22, { is64: true, isLittle: false });
  await prebuiltFails(t, ia32, 'it is for ia32, and this is x64');
  await prebuiltFails(t, s390x, 'it is for s390x, and this is x64');
  const local = path.join('build', 'shm-typed-array.node');
  const tried = async (bytes, arch) => {
    const folder = installed({ [local]: bytes });
    const { message } = await loadError(folder, `Object.defineProperty(process, 'arch', { value: '${arch}' });`);
    return message.split('\n')[1].slice(`  ${path.join(folder, local)}: `.length);
  };
  t.equal(await tried(ia32.slice(0, 200), 'ia32'), 'it is cut short: its last 56 bytes are not there');
  t.equal(await tried(s390x.slice(0, 200), 's390x'), 'it is cut short: its last 56 bytes are not there');
  // Whole, they come as far as the dynamic loader, which here has another processor.
  t.doesNotMatch(await tried(ia32, 'ia32'), /^it is /);
  t.doesNotMatch(await tried(s390x, 's390x'), /^it is /);
});

test('something that is no file in the place of the addon', { skip: notHere }, async (t) => {
  const folder = installed({ [path.join(prebuilt, 'file')]: '' });
  const { code, message } = await loadError(folder);
  t.equal(code, 'ERR_SHM_NOT_LOADED', message);
  t.match(message, /shm-typed-array\.glibc\.node: EISDIR/);
});

test('an addon for another libc', { skip: notHere }, async (t) => {
  await prebuiltFails(t, addonWith('\0libc.so.6\0', '\0libc.so\0\0\0'), 'it is for musl, and this is glibc');
});

test('an addon for a newer glibc', { skip: notHere }, async (t) => {
  const bytes = addonWith('GLIBC_2.14', 'GLIBC_2.99');
  await prebuiltFails(t, bytes, 'it needs glibc 2.99 or newer, which this system does not have');
});

test('a local build that does not work is passed over', { skip: notHere }, async (t) => {
  const local = path.join('build', 'shm-typed-array.node');
  t.deepEqual(await loadError(installed({ [local]: addon().slice(0, 5000), [prebuilt]: addon() })), {});
});

test('Windows, and systems that nobody has thought of', async (t) => {
  const folder = installed({});
  const on = (platform) => loadError(folder, `Object.defineProperty(process, 'platform', { value: '${platform}' });`);
  t.deepEqual(await on('win32'), {
    code: 'ERR_SHM_NOT_LOADED',
    message:
      'shm-typed-array cannot be used here: Windows has neither System V nor POSIX shared memory. WSL has both: run the program there.',
  });
  t.deepEqual(await on('sunos'), {
    code: 'ERR_SHM_NOT_LOADED',
    message: 'shm-typed-array cannot be used here: it works on Linux and macOS, and this is sunos.',
  });
});

test('a Node that is too old', async (t) => {
  const before = `
    const versions = Object.assign({}, process.versions, { napi: '3' });
    Object.defineProperty(process, 'versions', { value: versions });
    Object.defineProperty(process, 'version', { value: 'v10.10.0' });`;
  t.deepEqual(await loadError(installed({}), before), {
    code: 'ERR_SHM_NODE_TOO_OLD',
    message: 'shm-typed-array needs Node.js 10.20 or newer (Node-API 5); this is v10.10.0 (Node-API 3).',
  });
});

/** Runs `shm-typed-array build` of a copy with nothing on the PATH but the given programs. */
function build(folder, programs) {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  Object.keys(programs).forEach((name) => {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${programs[name]}\n`, { mode: 0o755 });
  });
  const env = Object.assign({}, process.env, { PATH: bin });
  return runScript(path.join(folder, 'lib', 'cli', 'cli.js'), ['build'], { env });
}

const neededRust = /^rust-version = "(.*)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];

test('the source build without cargo', async (t) => {
  const { code, stderr } = await build(installed({}), {});
  t.equal(code, 1);
  t.equal(
    stderr,
    `shm-typed-array build: Rust ${neededRust} or newer is needed, and cargo is not on the PATH. Get it from https://rustup.rs\n`,
  );
});

test('the source build with a cargo that is too old', async (t) => {
  const { code, stderr } = await build(installed({}), { cargo: 'echo "cargo 1.60.0 (d1fd9fe2c 2022-03-01)"' });
  t.equal(code, 1);
  t.equal(
    stderr,
    `shm-typed-array build: Rust ${neededRust} or newer is needed, and this is 1.60.0. Update it: rustup update\n`,
  );
});

test('the source build with a rustup that has no toolchain', async (t) => {
  const { code, stderr } = await build(installed({}), { cargo: 'echo "error: no default toolchain" >&2; exit 1' });
  t.equal(code, 1);
  t.equal(
    stderr,
    `shm-typed-array build: Rust ${neededRust} or newer is needed, and cargo says: error: no default toolchain. Get it from https://rustup.rs\n`,
  );
});

const noCargo = spawnSync('cargo', ['--version']).status !== 0 && 'there is no Rust here';

test('the source build in a project that is itself a workspace of Rust crates', { skip: noCargo }, async (t) => {
  const inside = installed({});
  fs.writeFileSync(path.join(path.dirname(inside), 'Cargo.toml'), '[workspace]\n');
  const found = spawnSync('cargo', ['locate-project', '--workspace', '--message-format', 'plain'], { cwd: inside, encoding: 'utf8' });
  fs.unlinkSync(path.join(path.dirname(inside), 'Cargo.toml'));
  t.equal(found.stdout.trim(), path.join(fs.realpathSync(inside), 'Cargo.toml'), found.stderr);
});

/** Runs a script with a folder mounted anew with an option, in a mount namespace of its own. */
function mounted(option, folder, script, args) {
  const mount = `mount --bind "$0" "$0" && mount -o remount,${option},bind "$0" && exec "$@"`;
  const command = [execPath].concat(execArgv, script, args);
  return outcome(spawn('unshare', ['-Urm', 'sh', '-c', mount, folder].concat(command), { stdio: 'pipe' }));
}

function cannotMount() {
  if (!onGlibc) return notHere;
  return spawnSync('unshare', ['-Urm', 'true']).status === 0 ? false : 'this user may not mount (unshare -Urm)';
}

test('a read-only file system: the package loads, and building there says why not', { skip: cannotMount() }, async (t) => {
  const folder = installed({ [prebuilt]: addon(), 'load.js': "require('./lib'); console.log('loaded');" });
  const loaded = await mounted('ro', folder, path.join(folder, 'load.js'), []);
  t.equal(loaded.stdout, 'loaded\n', loaded.stderr);
  const built = await mounted('ro', folder, path.join(folder, 'lib', 'cli', 'cli.js'), ['build']);
  t.equal(built.code, 1);
  t.equal(
    built.stderr,
    `shm-typed-array build: ${folder} cannot be written to (EROFS): build in a copy of the project that can, and bring its node_modules here\n`,
  );
});

const showError = "try { require('./lib'); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }";

test('a file system that is mounted with noexec, in a folder with a space', { skip: cannotMount() }, async (t) => {
  const folder = path.join(installed({ [path.join('no exec', 'x')]: '' }), 'no exec');
  filesBelow('lib').forEach((name) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.copyFileSync(path.join(root, name), path.join(folder, name));
  });
  fs.mkdirSync(path.dirname(path.join(folder, prebuilt)), { recursive: true });
  fs.writeFileSync(path.join(folder, prebuilt), addon());
  fs.writeFileSync(path.join(folder, 'load.js'), showError);
  const { stdout, stderr } = await mounted('noexec', folder, path.join(folder, 'load.js'), []);
  const { code, message } = JSON.parse(stdout || `{ "message": ${JSON.stringify(stderr)} }`);
  const real = fs.realpathSync(folder);
  t.equal(code, 'ERR_SHM_NOT_LOADED', message);
  const [, , tried, todo] = message.split('\n');
  t.equal(tried, `  ${path.join(folder, prebuilt)}: ${real} is mounted with noexec, so no code is run from there`);
  t.equal(todo, `Install the package on a file system that is mounted without noexec, or allow it: mount -o remount,exec ${real}`);
});

const noExtensions = !/** @type {any} */ (module).constructor._extensions && 'this runtime loads addons by itself';

test('an addon that the system does not map for another reason', { skip: notHere || noExtensions }, async (t) => {
  const folder = installed({ [prebuilt]: addon() });
  const { message } = await loadError(folder, `
    const load = module.constructor._extensions['.node'];
    module.constructor._extensions['.node'] = (module, file) => { throw new Error(file + ': failed to map segment from shared object'); };`);
  t.match(message, /: the system refuses to run code from it: a security policy \(SELinux, fapolicyd\) may forbid it\n/);
});

/** The message with these flags of the runtime. */
function loadErrorWith(...flags) {
  const folder = installed({ [prebuilt]: addon(), 'load.js': showError });
  const { stdout, stderr } = spawnSync(execPath, flags.concat(path.join(folder, 'load.js')), { encoding: 'utf8' });
  return stdout === '' ? stderr : JSON.parse(stdout).message;
}

/** Whether this runtime knows a flag. */
const knows = (flag) => nodeMajor !== Infinity && process.allowedNodeEnvironmentFlags.has(flag);
const disabled = /shm-typed-array\.glibc\.node: this process was started so that it may not load native addons\n/;

/** Where the engine is made to refuse memory that is not its own, that is done by an addon, too. */
const needsAddon = process.env.SHM_TEST_REFUSE_EXTERNAL !== undefined && 'external buffers are refused by an addon here';

test('a Node that may not load addons', { skip: notHere || needsAddon || (!knows('--no-addons') && 'this runtime has no --no-addons') }, (t) => {
  const message = loadErrorWith('--no-addons');
  t.match(message, disabled);
  t.match(message, /\nStart Node\.js without --no-addons \(see NODE_OPTIONS, too\)\.$/);
  t.end();
});

test('the permission model without --allow-addons', { skip: notHere || needsAddon || (!knows('--permission') && 'this runtime has no --permission') }, (t) => {
  const message = loadErrorWith('--permission', '--allow-fs-read=*');
  t.match(message, disabled);
  t.match(message, /\nAdd --allow-addons to the --permission that Node\.js was started with\.$/);
  t.end();
});

test('Deno without --allow-ffi', { skip: notHere || (process.versions.deno === undefined && 'for Deno only') }, (t) => {
  const message = loadErrorWith('run', '--no-prompt', '--allow-read');
  t.match(message, /: Deno may not load native addons\n/);
  t.match(message, /\nRun Deno with --allow-ffi /);
  t.end();
});

test('a bundle finds the addon beside itself, in the folder above, and says so where it is not', { skip: notHere }, async (t) => {
  const name = path.basename(prebuilt);
  /** A bundle as esbuild makes it: other files are part of the one, which is in app/dist. */
  const bundle = (place) => {
    const folder = installed(Object.assign({ 'app/dist/x': '' }, place && { [place]: addon() }));
    const dist = path.join(folder, 'app', 'dist');
    fs.copyFileSync(path.join(folder, 'lib', 'runtime', 'binding.js'), path.join(dist, 'main.js'));
    fs.copyFileSync(path.join(folder, 'lib', 'runtime', 'load-error.js'), path.join(dist, 'load-error.js'));
    fs.copyFileSync(path.join(folder, 'lib', 'errors.js'), path.join(folder, 'app', 'errors.js'));
    fs.unlinkSync(path.join(folder, 'lib', 'runtime', 'binding.js'));
    return folder;
  };
  const load = "try { console.log(typeof require('./app/dist/main.js').create); } catch ({ message }) { console.log(message); }";
  const run = async (folder) => {
    fs.writeFileSync(path.join(folder, 'load.js'), load);
    return (await runScript(path.join(folder, 'load.js'))).stdout;
  };
  for (const place of [`app/dist/${prebuilt}`, `app/${prebuilt}`, `app/dist/${name}`, `app/${name}`, prebuilt]) {
    t.equal(await run(bundle(place)), 'function\n', place);
  }
  const folder = bundle(null);
  const message = await run(folder);
  for (const file of [path.join('app', 'dist', prebuilt), path.join('app', name)]) t.ok(message.includes(`  ${path.join(folder, file)}: not there\n`), file);
  t.ok(message.includes(`  ${path.join(path.dirname(fs.realpathSync(process.execPath)), name)}: not there\n`) || process.versions.deno, 'beside the executable');
  t.match(message, /\nA bundler has taken the package apart: put its folder `prebuilds` beside the bundle or the executable, or leave shm-typed-array out of the bundle\.\n$/);
});

'use strict';
// Cases of `npm run test:package` that docs/environments.md names: bundlers, frameworks and process managers, installed
// beside the package.

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { commandOf } = require('./packages');
const { root } = require('./prebuilds');

/** The cases by their names, from what the others use, too. */
module.exports = function environments({ env, esModule, expectOutput, node, printed, project, run, tarball, write }) {
  /** Installs the package together with others, for programs that have to lie beside it. */
  function npmInstallWith(folder, ...packages) {
    run(folder, node, [commandOf('npm', '11.21.2', 'npm'), 'install', '--ignore-scripts', '--no-audit', '--no-fund', tarball(), ...packages]);
    return (name, ...args) => run(folder, node, [path.join('node_modules', '.bin', name), ...args]);
  }

  /** Outside of the bundle, and inside it with the addons in the folder above. */
  function rollup() {
    const folder = project('rollup');
    const command = npmInstallWith(folder, 'rollup@4.68.8', '@rollup/plugin-node-resolve@16.0.3', '@rollup/plugin-commonjs@29.0.3');
    command('rollup', 'use.mjs', '--external', 'shm-typed-array', '-o', 'out/outside.mjs');
    expectOutput(run(folder, node, ['out/outside.mjs']), printed);
    command('rollup', 'use.mjs', '-p', 'node-resolve', '-p', 'commonjs', '--format', 'cjs', '-o', 'app/dist/inside.cjs');
    fs.cpSync(path.join(folder, 'node_modules', 'shm-typed-array', 'prebuilds'), path.join(folder, 'app', 'prebuilds'), { recursive: true });
    fs.rmSync(path.join(folder, 'node_modules'), { recursive: true });
    expectOutput(run(folder, node, ['app/dist/inside.cjs']), printed);
  }

  /** A build for the server leaves packages outside. */
  function vite() {
    const folder = project('vite');
    npmInstallWith(folder, 'vite@8.4.0')('vite', 'build', '--ssr', 'use.mjs', '--outDir', 'out');
    expectOutput(run(folder, node, ['out/use.mjs']), printed);
  }

  /** A page that is rendered on the server, in a build that stands alone. */
  function next() {
    const folder = project('next');
    write(folder, {
      'next.config.mjs': "export default { serverExternalPackages: ['shm-typed-array'], output: 'standalone' };\n",
      'app/layout.js': 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n',
      'app/route/route.js': `${esModule.replace(/console\.log\(/, 'const found = [').replace(/\);\n$/, '];\n')}
        export const dynamic = 'force-dynamic';
        export const GET = () => new Response(found.join(' '));\n`,
    });
    npmInstallWith(folder, 'next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1')('next', 'build');
    fs.rmSync(path.join(folder, 'node_modules'), { recursive: true });
    write(folder, {
      'ask.mjs': `
        import { spawn } from 'child_process';
        const port = String(20000 + (process.pid % 40000));
        const server = spawn(process.execPath, ['.next/standalone/server.js'], { stdio: 'inherit', env: { ...process.env, PORT: port, HOSTNAME: '127.0.0.1' } });
        server.on('exit', () => process.exit());
        for (let answer = ''; answer === ''; ) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          answer = await fetch(\`http://127.0.0.1:\${port}/route\`).then((response) => response.text()).catch(() => '');
          if (answer !== '') console.error(answer) || server.kill();
        }
      `,
    });
    const { stderr } = spawnSync(node, ['ask.mjs'], { cwd: folder, env, encoding: 'utf8', timeout: 60000 });
    expectOutput(stderr, printed);
  }

  /** What process managers run: it tells what it finds in memory that is transient and in memory that is not. */
  const managed = (name) => `
    const fs = require('fs');
    const shm = require('shm-typed-array');
    const say = (word) => fs.appendFileSync(process.env.SAID, word + '\\n');
    const stays = shm.getOrCreate(1, 'Int32Array', '${name}');
    const goes = shm.getOrCreate(50e6, 'Float32Array', '${name}-goes', { transient: true });
    goes.fill(++goes[0]);
    say([++stays[0], goes[0]].join());
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { say(signal); process.exit(); });
    setInterval(() => {}, 1000);
  `;

  function manager(name, ...packages) {
    const folder = project(name);
    const key = `/shm-test-package-${name}-${process.pid}`;
    const said = path.join(folder, 'said');
    write(folder, { 'app.js': managed(key), said: '' });
    Object.assign(env, { SAID: said, PM2_HOME: path.join(folder, 'home') });
    const command = npmInstallWith(folder, ...packages);
    const waitFor = (pattern) => {
      for (let tries = 0; !pattern.test(fs.readFileSync(said, 'utf8')); tries++) {
        if (tries > 600) throw new Error(`it said ${fs.readFileSync(said, 'utf8')}, and not ${pattern}`);
        run(folder, 'sleep', ['0.1']);
      }
    };
    const finish = () => run(folder, node, ['-e', `const shm = require('shm-typed-array'); shm.destroy('${key}'); shm.destroy('${key}-goes');`]);
    return { folder, command, waitFor, finish };
  }

  /** A worker that shares 200 MB has more than a limit of 150 MB: it is replaced, and its successor has the memory. */
  function pm2() {
    const { command, waitFor, finish } = manager('pm2', 'pm2@7.0.4');
    try {
      command('pm2', 'start', 'app.js', '-i', '1', '--max-memory-restart', '150M');
      waitFor(/^1,1\n2,2\nSIGINT\n/);
    } finally {
      command('pm2', 'kill');
      finish();
    }
  }

  /** A restart by SIGUSR2 runs no exit handler: what is transient begins anew, and what has a name only stays. */
  function nodemon() {
    const { folder, waitFor, finish } = manager('nodemon', 'nodemon@3.1.14');
    const child = spawn(node, [path.join('node_modules', '.bin', 'nodemon'), '--watch', 'app.js', 'app.js'], { cwd: folder, env, stdio: 'ignore' });
    try {
      waitFor(/^1,1\n/);
      fs.appendFileSync(path.join(folder, 'app.js'), '// changed\n');
      waitFor(/^1,1\n2,1\n/);
    } finally {
      child.kill('SIGTERM');
      waitFor(/SIGTERM\n$/);
      finish();
    }
  }

  /** The recipe of Arrow's tables, as docs/recipes.md has it. */
  function arrow() {
    const folder = project('arrow');
    npmInstallWith(folder, 'apache-arrow@21.2.0');
    const [block] = fs.readFileSync(path.join(root, 'docs', 'recipes.md'), 'utf8').match(/const \{ tableFromArrays[^]*?(?=```)/);
    write(folder, { 'arrow.cjs': `const shm = require('shm-typed-array');\n${block.replace(/'\/table'/g, `'/table-${process.pid}'`)}shm.destroy('/table-${process.pid}');\n` });
    expectOutput(run(folder, node, ['arrow.cjs']), '3\n');
  }

  return { rollup, vite, next, pm2, nodemon, arrow };
};

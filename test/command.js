'use strict';
// The command, run as a user runs it: with pipes, or on a terminal.

const path = require('path');
const { execArgv, execPath, isLinux, outcome, runScript } = require('./support');
const { spawn, spawnSync } = require('child_process');

const file = path.join(__dirname, '..', 'lib', 'cli', 'cli.js');
const linuxOnly = { skip: !isLinux && 'reads /proc and /dev/shm' };
const rootOnly = { skip: (!isLinux || process.getuid() !== 0) && 'only root on Linux can become somebody else here' };

/** The words that start it. */
const command = [execPath].concat(execArgv, file);

function cli(...args) {
  return runScript(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

const noScript = isLinux && spawnSync('script', ['--version']).status === 0 ? false : 'needs script(1) of util-linux';

/** The command as a child process with a terminal at its three ends; ask `noScript` first. */
function spawnOnTerminal(args, env) {
  const line = command.concat(args).map((word) => `'${word}'`).join(' ');
  return spawn('script', ['-qec', line, '/dev/null'], {
    stdio: 'pipe',
    env: Object.assign({}, process.env, { NO_COLOR: '', TERM: 'xterm' }, env),
  });
}

/** The same to its end; `input` is typed at once. */
function cliOnTerminal(args, input, env) {
  const child = spawnOnTerminal(args, env);
  child.stdin.write(input);
  return outcome(child);
}

/** Types what `answer()` gives as soon as the command asks. */
function answerOnTerminal(args, answer) {
  const child = spawnOnTerminal(args);
  let printed = '';
  const listen = (chunk) => {
    printed += chunk;
    if (!printed.includes('[y/N]')) return;
    child.stdout.removeListener('data', listen);
    child.stdin.write(answer());
  };
  child.stdout.on('data', listen);
  return outcome(child);
}

module.exports = { answerOnTerminal, cli, cliOnTerminal, command, file, linuxOnly, noScript, rootOnly, spawnOnTerminal };

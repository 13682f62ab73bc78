#!/usr/bin/env node
'use strict';
// The command `shm-typed-array`: which sub-command runs, and how it ends. Each is a file of lib/cli.

const { UsageError, parse } = require('./options');
const { printable } = require('./text');

const commands = {
  ls: () => require('./ls'),
  stat: () => require('./stat'),
  rm: () => require('./rm'),
  dump: () => require('./dump'),
  top: () => require('./top'),
  locks: () => require('./locks'),
  build: () => require('./build'),
};

const help = `Usage: shm-typed-array COMMAND [OPTIONS]

  ls      list the System V segments and POSIX objects of this machine
  stat    tell everything about some of them
  rm      destroy some of them
  dump    show what is in one, as hexadecimal bytes and as values
  top     show every second what happens in all of them
  locks   show who holds a lock by name, and who waits
  build   compile the native addon on this machine (needs Rust, https://rustup.rs)

shm-typed-array COMMAND --help tells more. A KEY is a number, decimal or 0x…, for a System V
segment, and a /name for a POSIX object. What follows -- is no option: stat -- -5.

Exit codes: 0 done, 1 failed or there is no such key, 2 called wrongly.
`;

function version() {
  const fs = require('fs');
  const path = require('path');
  return JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')).version;
}

async function main(name, args) {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (name === '--version') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (!Object.prototype.hasOwnProperty.call(commands, name)) {
    process.stderr.write(`shm-typed-array: unknown command '${printable(name)}'\n\n${help}`);
    return 2;
  }
  try {
    return await run(commands[name](), args);
  } catch (error) {
    process.stderr.write(`shm-typed-array ${name}: ${printableLines(error.message)}\n`);
    return 1;
  }
}

async function run(command, args) {
  const before = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (before.includes('--help') || before.includes('-h')) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    return (await command.run(parse(args, command.options))) || 0;
  } catch (error) {
    if (!isUsageError(error)) throw error;
    // What the package calls an option is one of the command here.
    const message = error.message.replace(/"options\.(\w+)"/, '--$1');
    process.stderr.write(`${printableLines(message)}\n\n${command.help}`);
    return 2;
  }
}

/** Called wrongly, as this command or the package itself says. */
function isUsageError(error) {
  return error instanceof UsageError || /^ERR_(INVALID_ARG|OUT_OF_RANGE)/.test(error.code);
}

/** Names stand in messages, and whoever may create objects chooses them. */
function printableLines(text) {
  return text.split('\n').map(printable).join('\n');
}

/** Not all could be written. A reader that has seen enough, such as `head`, is no error. */
function notWritten(error) {
  if (error.code === 'EPIPE') process.exit(0);
  try {
    process.stderr.write(`shm-typed-array: the output could not be written: ${error.message}\n`);
  } catch (_) {
    // Then only the exit code is left to tell it.
  }
  process.exit(1);
}

// Older runtimes throw what newer ones make an event of.
process.stdout.on('error', notWritten);
process.stderr.on('error', () => process.exit(1));

main(process.argv[2], process.argv.slice(3)).then((code) => {
  process.exitCode = code;
}, notWritten);

#!/usr/bin/env node
'use strict';
// The command `shm-typed-array`.

const commands = {
  build: () => require('./build').build(),
};

const help = `Usage: shm-typed-array COMMAND

  build   compile the native addon on this machine (needs Rust, https://rustup.rs)
`;

function main(name) {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(help);
    return;
  }
  if (!Object.prototype.hasOwnProperty.call(commands, name)) {
    process.stderr.write(`shm-typed-array: there is no command '${name}'\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  try {
    commands[name]();
  } catch (error) {
    process.stderr.write(`shm-typed-array ${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

main(process.argv[2]);

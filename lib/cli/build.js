'use strict';

const { build } = require('./compile');

const help = `Usage: shm-typed-array build

Compiles the native addon on this machine, where no prebuilt one fits. It needs Rust
(https://rustup.rs) and what the crates in Cargo.lock are, which cargo fetches.
`;

module.exports = { help, options: {}, run: () => build() };

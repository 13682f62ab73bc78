'use strict';
// The library that makes system calls of the addon fail, or stops a process before one: test/torture/inject/inject.c.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { isBun, isDeno, isLinux, nodeMajor, temporaryFolder } = require('./support');

/** `{ library }` to preload, or `{ skip }`: why there is none. */
function compiled() {
  if (!isLinux || isBun || isDeno || nodeMajor < 14) return { skip: 'calls are made to fail in Node.js on Linux only' };
  if (process.env.SHM_TEST_EXEC !== undefined) return { skip: 'nothing can be preloaded into an emulated runtime' };
  const { header } = /** @type {any} */ (process.report).getReport();
  if (header.glibcVersionRuntime === undefined) return { skip: 'the library is for glibc' };
  const library = path.join(temporaryFolder(), 'inject.so');
  const source = path.join(__dirname, 'torture', 'inject', 'inject.c');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
    return { library };
  } catch (error) {
    return { skip: `needs a C compiler and glibc (${error.code || 'cc failed'})` };
  }
}

let processes = 0;

/** The environment of one more process that takes its orders from a file of its own. */
function envWith(library) {
  const orders = path.join(temporaryFolder(), `orders-${++processes}`);
  fs.writeFileSync(orders, Buffer.alloc(256));
  return Object.assign({}, process.env, { LD_PRELOAD: library, SHM_INJECT: orders });
}

module.exports = { compiled, envWith };

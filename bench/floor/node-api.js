'use strict';
// addon.c as if it were a version of the package, for player.js: the calls that are measured, and no
// more of them than that.

const addon = require(process.env.SHM_BENCH_ADDON);

/** Key → `{ buffer, mapping }` of what is attached. */
const attached = new Map();

function show(key, buffer) {
  attached.set(key, { buffer, mapping: addon.lastMapping() });
  return Buffer.from(buffer, 0, buffer.byteLength);
}

function get(key) {
  const known = attached.get(key);
  if (known === undefined) return show(key, addon.get(key));
  addon.find(key);
  return Buffer.from(known.buffer, 0, known.buffer.byteLength);
}

function end(key, how) {
  const { buffer, mapping } = attached.get(key);
  attached.delete(key);
  how(key, buffer, mapping);
}

module.exports = {
  create: (size, typeKey, key) => show(key, addon.create(key)),
  get,
  detach: (key) => end(key, addon.detach),
  destroy: (key) => end(key, addon.destroy),
};

'use strict';
// Which mutations there are: `FUNCTION, KIND: WHAT IT CHANGES`, of each file. Where one function has the same twice, the
// second has ` (2)` behind it. What no rule makes is written as `FUNCTION, write: WHAT ==> WHAT IT BECOMES`, where the
// function has WHAT once. What is outside of functions is in `top`.

const fs = require('fs');
const path = require('path');
const javascript = require('./javascript');
const rust = require('./rust');

/** What was read of a file last: it takes longer than to change it. */
let known = { file: '', source: '', mutations: new Map(), functions: [] };

function read(root, file) {
  const source = fs.readFileSync(path.join(root, file), 'utf8');
  if (known.file === file && known.source === source) return known;
  const { mutations, functions } = (file.endsWith('.rs') ? rust : javascript).read(source);
  const byName = new Map();
  const seen = new Map();
  for (const mutation of mutations) {
    const name = `${mutation.within}, ${mutation.kind}: ${mutation.at}`;
    const count = (seen.get(name) || 0) + 1;
    seen.set(name, count);
    byName.set(count === 1 ? name : `${name} (${count})`, mutation);
  }
  known = { file, source, mutations: byName, functions };
  return known;
}

/** The names of all mutations of a file that rules make. */
function mutationsOf(root, file) {
  return Array.from(read(root, file).mutations.keys());
}

/** One mutation of a file: what its source becomes; undefined if the file has no such place any more. */
function mutated(root, file, name) {
  const { source, mutations, functions } = read(root, file);
  const mutation = mutations.get(name) || written(source, functions, name);
  return mutation && source.slice(0, mutation.start) + mutation.by + source.slice(mutation.end);
}

function written(source, functions, name) {
  const match = /^([^,]+), write: (.+) ==> (.*)$/.exec(name);
  if (match === null) return undefined;
  const [, within, at, by] = match;
  const places = new Set();
  for (const { start, end } of functions.filter((one) => one.name === within)) {
    for (let place = source.indexOf(at, start); place >= 0 && place < end; place = source.indexOf(at, place + 1)) places.add(place);
  }
  if (places.size !== 1) return undefined;
  const [start] = places;
  return { start, end: start + at.length, by };
}

module.exports = { mutated, mutationsOf };

'use strict';
// Fails where a file imports what stands above it, where rooms that stand side by side import each other, or where
// files import each other in a circle.

const fs = require('fs');
const path = require('path');
const { root } = require('./prebuilds');

/** The rooms of each house from above to below, by the first part of a path in it; those in one row stand side by side. */
const floors = {
  lib: [
    ['cli'],
    ['index.mjs'],
    ['index.js'],
    ['channel', 'topic', 'map', 'locks'],
    ['structures'],
    ['mutex'],
    ['wait'],
    ['memory', 'file'],
    ['arrays'],
    ['runtime'],
    ['options.js'],
    ['errors.js'],
  ],
  native: [['lib.rs'], ['node'], ['sync'], ['memory'], ['sys'], ['error.rs']],
};

function filesBelow(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).reduce((files, entry) => {
    const file = `${folder}/${entry.name}`;
    return files.concat(entry.isDirectory() ? filesBelow(file) : file);
  }, []);
}

/** The files that a JavaScript file requires or imports. */
function importsOfScript(file, text) {
  const found = text.match(/(?<=(?:require\(|from )')\.[^']*/g) || [];
  return found.map((name) => {
    const wanted = path.posix.join(path.posix.dirname(file), name);
    return [wanted, `${wanted}.js`, `${wanted}/index.js`].find((candidate) => sources.has(candidate));
  });
}

/**
 * The files that a Rust file names in paths. `mod` and `pub use` of a child import nothing: they say
 * where it is, and what of it is to be seen from outside.
 */
function importsOfRust(file, text) {
  const code = text.replace(/\/\/.*/g, '').replace(/#\[cfg\(test\)\]\s*mod \w+ \{[^]*/, '');
  const own = moduleOf(file);
  const children = Array.from(code.matchAll(/^ *(?:pub )?mod (\w+);/gm), ([, name]) => name);
  const used = Array.from(code.matchAll(/^ *use (?:self::)?(\w+)::/gm), ([, name]) => name);
  return pathsIn(code)
    .map((names) => (names[0] === 'crate' ? names.slice(1) : fromSuper(own, names)))
    .concat(used.filter((name) => children.includes(name)).map((name) => own.concat(name)))
    .map(fileOfModule)
    .filter((found) => found !== null && found !== file);
}

/** `['crate', 'memory', 'key']` of each `crate::…` or `super::…`, with what stands in braces after it. */
function pathsIn(code) {
  const found = [];
  const start = /\b(crate|super)(?=::)/g;
  for (let match = start.exec(code); match !== null; match = start.exec(code)) {
    if (code.slice(0, match.index).endsWith('super::')) continue;
    const [text] = /^[\w:]*(\{[^;]*?\}(?=;))?/.exec(code.slice(match.index));
    const [before, inside] = text.split('{', 2);
    const names = before.split('::').filter((name) => name !== '');
    if (inside === undefined) found.push(names);
    else inside.split(/[,{}]/).forEach((rest) => found.push(names.concat(rest.trim().split('::').filter((name) => name !== ''))));
  }
  return found;
}

function fromSuper(own, names) {
  const ups = names.filter((name) => name === 'super').length;
  return own.slice(0, own.length - ups).concat(names.slice(ups));
}

function moduleOf(file) {
  const names = file.replace(/^native\//, '').replace(/(\/mod|^lib)?\.rs$/, '').split('/');
  return names.filter((name) => name !== '');
}

/** The file of the longest beginning of a path that is a module; null if that is the whole crate. */
function fileOfModule(names) {
  for (let length = names.length; length > 0; length--) {
    const name = `native/${names.slice(0, length).join('/')}`;
    const file = [`${name}.rs`, `${name}/mod.rs`].find((candidate) => sources.has(candidate));
    if (file !== undefined) return file;
  }
  return null;
}

function roomOf(file) {
  return file.split('/')[1];
}

function floorOf(file) {
  const [house, part] = file.split('/');
  const floor = floors[house].findIndex((parts) => parts.includes(part));
  if (floor < 0) throw new Error(`${file} has no floor: put it into one of the rooms of ${house}/`);
  return floor;
}

/** A circle that begins and ends with `file`, as the files on its way; null if there is none. */
function circleThrough(file) {
  const seen = new Set();
  function search(from, way) {
    for (const next of imports.get(from)) {
      if (next === file) return way.concat(next);
      if (seen.has(next)) continue;
      seen.add(next);
      const found = search(next, way.concat(next));
      if (found !== null) return found;
    }
    return null;
  }
  return search(file, [file]);
}

const sources = new Set(filesBelow('lib').concat(filesBelow('native')).filter((file) => /\.(m?js|rs)$/.test(file)));
const imports = new Map();
for (const file of sources) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  imports.set(file, Array.from(new Set(file.endsWith('.rs') ? importsOfRust(file, text) : importsOfScript(file, text))));
}

const faults = [];
const circular = new Set();
for (const [file, imported] of imports) {
  for (const other of imported) {
    const [floor, otherFloor] = [floorOf(file), floorOf(other)];
    if (otherFloor < floor) faults.push(`${file} imports ${other}, which stands above it`);
    if (otherFloor === floor && roomOf(file) !== roomOf(other)) faults.push(`${file} imports ${other}, a room beside its own`);
  }
  const circle = circular.has(file) ? null : circleThrough(file);
  if (circle === null) continue;
  circle.forEach((one) => circular.add(one));
  faults.push(`in a circle: ${circle.join(' → ')}`);
}
faults.forEach((fault) => console.log(fault));
console.log(`${sources.size} files, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

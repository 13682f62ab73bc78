'use strict';
// What a further system has to offer: docs/architecture.md lists all that the rest of native/ takes from a system's
// folder, and nothing else of native/ tells systems apart.

const fs = require('fs');
const path = require('path');
const test = require('tape');

const root = path.join(__dirname, '..');
const native = path.join(root, 'native');
const skip = fs.existsSync(native) ? false : 'the sources are not here';

function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((files, entry) => {
    const file = path.join(folder, entry.name);
    return files.concat(entry.isDirectory() ? filesBelow(file) : file);
  }, []);
}

/** The files that stand outside the systems' folders, with their code. */
function portable() {
  const folders = ['linux', 'macos', 'unix'].map((name) => path.join(native, 'sys', name) + path.sep);
  return filesBelow(native)
    .filter((file) => file.endsWith('.rs') && !folders.some((folder) => file.startsWith(folder)))
    .map((file) => ({ file: path.relative(root, file), code: fs.readFileSync(file, 'utf8').replace(/\/\/.*/g, '') }));
}

/** All groups that a pattern finds. */
function matches(pattern, text) {
  const found = [];
  text.replace(pattern, (whole, ...groups) => found.push(groups.slice(0, -2)));
  return found;
}

/** The names after `sys::` in some code. */
function namesOfSys(code) {
  const paths = matches(/(neon::)?\bsys::(?:\{([^}]*)\}|(\w+))/g, code).filter(([neon]) => neon === undefined);
  const names = paths.map(([, several, one]) => (one === undefined ? several.split(',') : [one]));
  return [].concat(...names).map((name) => name.trim().split(' ')[0]).filter((name) => name !== '' && name !== 'self');
}

test('docs/architecture.md lists what a system has to offer, and nothing else', { skip }, (t) => {
  const files = portable();
  const own = files.filter(({ file }) => path.dirname(file) === path.join('native', 'sys'));
  const defined = new Set([].concat(...own.map(({ code }) => matches(/^pub (?:struct|enum|const|fn|trait|type) (\w+)/gm, code).map(([name]) => name))));
  const used = new Set([].concat(...files.map(({ code }) => namesOfSys(code))).filter((name) => !defined.has(name)));
  const text = fs.readFileSync(path.join(root, 'docs', 'architecture.md'), 'utf8');
  const section = text.split('## A further system')[1].split('\n## ')[0];
  const rows = matches(/^\| (`.*?) \|/gm, section);
  const cells = rows.map(([cell]) => cell.replace(/ with [^;|]*/g, ''));
  const listed = [].concat(...cells.map((cell) => matches(/`(\w+)`/g, cell).map(([name]) => name)));
  t.ok(used.size > 40, `${used.size} names are used`);
  t.deepEqual(listed.slice().sort(), Array.from(used).sort(), 'the table lists each of them once');
  t.end();
});

test('only the folders of native/sys tell systems apart', { skip }, (t) => {
  const isFree = ({ file }) => file !== path.join('native', 'sys', 'mod.rs');
  portable().filter(isFree).forEach(({ file, code }) => {
    const found = (code.match(/cfg!.*|#!?\[cfg(?!\(test\)).*|std::os::.*|libc::(?!E[A-Z0-9]+\b|\$name).*/g) || []).join('\n');
    if (found !== '') t.equal(found, '', file);
  });
  t.pass('they do');
  t.end();
});

'use strict';
// Every code that an error can have is in the types.

const fs = require('fs');
const path = require('path');
const test = require('tape');

const root = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

function sources(folder, extension) {
  return fs.readdirSync(path.join(root, folder)).reduce((files, name) => {
    const file = path.join(folder, name);
    if (fs.statSync(path.join(root, file)).isDirectory()) return files.concat(sources(file, extension));
    return file.endsWith(extension) ? files.concat(file) : files;
  }, []);
}

/** The words of a text that a pattern finds, each once, in order. */
function words(text, pattern) {
  return Array.from(new Set(text.match(pattern) || [])).sort();
}

const typed = words(read('lib/types/errors.d.ts').replace(/\/\*\*.*\*\//g, ''), /'[A-Z_]+'/g).map((word) => word.slice(1, -1));

test('the codes of this package are those of the types', (t) => {
  const thrown = sources('lib', '.js').concat(sources('native', '.rs')).map(read).join('');
  t.deepEqual(words(thrown, /\bERR_(?:SHM_[A-Z_]+|INVALID_ARG_(?:TYPE|VALUE)|OUT_OF_RANGE)\b/g), typed.filter((code) => code.startsWith('ERR_')));
  t.end();
});

test('the names of errno are those of the types', (t) => {
  const [, names] = /\bnames!\(([^)]*)\)/.exec(read('native/error.rs'));
  const known = words(names, /\w+/g).concat('UNKNOWN').sort();
  t.deepEqual(typed.filter((code) => !code.startsWith('ERR_')), known);
  t.end();
});

'use strict';
// Another copy of the package in this thread, as test runners make them: every file of lib/ is loaded anew, also what
// the copy loads later, while the addon is the one that is there, or is opened once more.

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const lib = path.join(__dirname, '..', 'lib');

/** A copy, whose addon is another instance, too, if `addon` is set. */
function copyOfPackage({ addon }) {
  const modules = new Map();

  function load(file) {
    if (modules.has(file)) return modules.get(file).exports;
    const module = { exports: {}, filename: file };
    modules.set(file, module);
    const code = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'utf8')}\n})`;
    const run = vm.runInThisContext(code, { filename: file });
    run(module.exports, (name) => requireFrom(file, name), module, file, path.dirname(file));
    return module.exports;
  }

  function requireFrom(file, name) {
    if (name.endsWith('.node')) return addon ? openAgain(name) : require(name);
    return name.startsWith('.') ? load(require.resolve(path.join(path.dirname(file), name))) : require(name);
  }

  return load(path.join(lib, 'index.js'));
}

/** The addon as the runtime opens it for another module. */
function openAgain(file) {
  const saved = require.cache[file];
  delete require.cache[file];
  const opened = require(file);
  if (saved !== undefined) require.cache[file] = saved;
  return opened;
}

module.exports = { copyOfPackage };

'use strict';
// What a copy of lib/ loads later must belong to that copy. Test runners drop modules from require.cache and load lib/
// anew; what an older copy then loads would be the newer one's, with the newer one's attachments. So the older copy's
// modules take their place in the cache for as long as the load takes.

const path = require('path');

const lib = path.join(__dirname, '..') + path.sep;

/** What `load()` returns, which loads files for the copy of which `root` is the first module. */
function loadIn(root, load) {
  const { cache } = require;
  if (cache === undefined) return load();
  dropUnfinished(cache);
  if (cache[root.filename] === root) return load();
  const others = modulesBelow(lib, cache);
  for (const [file] of others) delete cache[file];
  for (const own of modulesFrom(root, new Set())) cache[own.filename] = own;
  try {
    return load();
  } finally {
    for (const [file] of modulesBelow(lib, cache)) delete cache[file];
    for (const [file, other] of others) cache[file] = other;
  }
}

/** Drops the modules whose load was ended by force (a timeout of `vm`): they would be taken as they are. A program is being loaded as long as it runs. */
function dropUnfinished(cache) {
  for (const [file, module] of modulesBelow(lib, cache)) if (module.loaded === false && module !== require.main) delete cache[file];
}

function modulesBelow(folder, cache) {
  return Object.entries(cache).filter(([file]) => file.startsWith(folder) && file.endsWith('.js'));
}

/** The modules of this copy that are loaded: those that its first module has required, and so on. */
function modulesFrom(module, found) {
  if (found.has(module) || !String(module.filename).startsWith(lib)) return found;
  found.add(module);
  for (const child of module.children || []) modulesFrom(child, found);
  return found;
}

module.exports = { loadIn };

'use strict';
// Fails if a Rust crate that building the addon takes has a licence that MIT does not go with, or if
// one that ends up in the addon is there in two versions; and tells which crates there are.

const { execFileSync } = require('child_process');
const path = require('path');

const allowed = new Set(['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'Zlib', 'Unlicense', 'CC0-1.0', 'Unicode-3.0', '0BSD']);

const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--locked', '--format-version=1'], {
  cwd: path.join(__dirname, '..'),
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
}));

const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
const packageOf = new Map(metadata.packages.map((crate) => [crate.id, crate]));

/** The packages that the addon is built with, tests apart; those it consists of if `linked`. */
function needed(linked) {
  const found = new Set();
  (function visit(id) {
    const crate = packageOf.get(id);
    if (found.has(crate) || (linked && crate.targets.some(({ kind }) => kind.includes('proc-macro')))) return;
    found.add(crate);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null || (kind === 'build' && !linked))) visit(pkg);
    }
  })(metadata.resolve.root);
  return Array.from(found);
}

/** Whether an SPDX expression leaves a choice that is allowed: `A OR B`, `A AND B`, `(A OR B) AND C`, `A/B`. */
function isAllowed(expression) {
  if (!expression) return false;
  return expression.replace(/\//g, ' OR ').split(' AND ').every((part) =>
    part.replace(/[()]/g, '').split(' OR ').some((licence) => allowed.has(licence.trim())));
}

const packages = needed(false).sort((a, b) => a.name.localeCompare(b.name));
const linked = needed(true);
let failed = 0;
for (const { name, version, license } of packages) {
  const good = isAllowed(license);
  const twice = linked.filter((other) => other.name === name).length > 1;
  console.log(`${good && !twice ? 'ok    ' : 'FAILED'} ${name} ${version}: ${license || 'no licence'}${twice ? ', in two versions' : ''}`);
  if (!good || twice) failed++;
}
console.log(`${packages.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

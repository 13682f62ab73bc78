'use strict';
// Makes every access to memory a call that can be watched: a file's text is parsed, and what may read or write an element
// of an array by index, or many of them at once, calls `$memory`. `Atomics`, `require` and what calls back from outside are arguments of the file's own.
// Nothing here knows the text of any file.

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const acorn = require('acorn');

/** Methods that read or write many elements at once. */
const BULK = new Set(['compare', 'copy', 'copyWithin', 'fill', 'latin1Slice', 'set', 'slice', 'toString']);

const isElement = (node) => node.type === 'MemberExpression' && node.computed && !node.optional && node.object.type !== 'Super';

const isBulkCall = ({ type, optional, callee }) =>
  type === 'CallExpression' &&
  !optional &&
  callee.type === 'MemberExpression' &&
  !callee.computed &&
  !callee.optional &&
  callee.object.type !== 'Super' &&
  callee.property.type === 'Identifier' &&
  BULK.has(callee.property.name);

/** `apply(set, object, [...])`, by which such a method is called whatever the object's class says. */
const isBulkApply = ({ type, callee, arguments: given }) =>
  type === 'CallExpression' && callee.type === 'Identifier' && callee.name === 'apply' && given.length === 3 && given[0].type === 'Identifier' && BULK.has(given[0].name);

const isNode = (value) => value !== null && typeof value === 'object' && typeof value.type === 'string';

/** The nodes in a node, in the order of the text. */
function childrenOf(node) {
  const children = Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
  // `{ name }` has one node twice.
  return children.sort((a, b) => a.start - b.start).filter((child, index, all) => index === 0 || child.start >= all[index - 1].end);
}

/** The text of a program in which accesses are calls. */
function withSteps(text) {
  const program = acorn.parse(text, { ecmaVersion: 'latest', allowReturnOutsideFunction: true, allowHashBang: true });

  /** A node's text as it was, but for what is inside. */
  function kept(node) {
    let result = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      result += text.slice(at, child.start) + changed(child, node);
      at = child.end;
    }
    return result + text.slice(at, node.end);
  }

  function changed(node, parent) {
    const element = (member) => `${changed(member.object, member)}, ${changed(member.property, member)}`;
    if (node.type === 'AssignmentExpression' && isElement(node.left) && !/[&|?]{2}=/.test(node.operator)) {
      const value = changed(node.right, node);
      if (node.operator === '=') return `$memory.set(${element(node.left)}, ${value})`;
      return `$memory.change(${element(node.left)}, ($old) => $old ${node.operator.slice(0, -1)} (${value}), false)`;
    }
    if (node.type === 'UpdateExpression' && isElement(node.argument)) {
      return `$memory.change(${element(node.argument)}, ($old) => $old ${node.operator[0]} 1, ${!node.prefix})`;
    }
    if (isElement(node) && isRead(node, parent)) return `$memory.get(${element(node)})`;
    if (isBulkCall(node)) {
      const { object, property } = node.callee;
      const given = node.arguments.map((argument) => changed(argument, node)).join(', ');
      return `$memory.call(${changed(object, node.callee)}, '${property.name}', [${given}])`;
    }
    if (isBulkApply(node)) {
      const [method, ...given] = node.arguments.map((argument) => changed(argument, node));
      return `$memory.apply(${method}, '${method}', ${given.join(', ')})`;
    }
    return kept(node);
  }

  return kept(program);
}

/** Whether an element is read here, and neither called, deleted, nor the target of a pattern. */
function isRead(node, parent) {
  const isTarget = ['ArrayPattern', 'AssignmentPattern', 'RestElement', 'ForOfStatement', 'ForInStatement'].includes(parent.type) && parent.right !== node;
  const isCalled = parent.type === 'CallExpression' && parent.callee === node;
  return !isTarget && !isCalled && !(parent.type === 'UnaryExpression' && parent.operator === 'delete') && parent.type !== 'ChainExpression';
}

/**
 * What is known of a file: `run(module, exports, require, process, Atomics, FinalizationRegistry, $memory)`, the files that it loads by the names that it
 * has for them, and whether it accesses memory or has variables of its own.
 */
class Source {
  constructor(file) {
    const text = withSteps(fs.readFileSync(file, 'utf8'));
    this.file = file;
    this.run = vm.runInThisContext(`(function (module, exports, require, process, Atomics, FinalizationRegistry, $memory) {${text}\n})`, { filename: file });
    this.needs = new Map();
    for (const [, name] of text.matchAll(/\brequire\('(\.[^']*)'\)/g)) this.needs.set(name, require.resolve(path.join(path.dirname(file), name)));
    this.hasState = /\$memory|\bAtomics\b|^let /m.test(text);
  }
}

const sources = new Map();

function sourceOf(file) {
  if (!sources.has(file)) sources.set(file, new Source(file));
  return sources.get(file);
}

module.exports = { sourceOf, withSteps };

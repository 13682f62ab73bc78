'use strict';
// The mutations that can be made of a JavaScript file: each changes one line, and is named by what it changes, so that
// the name stays when other lines change.

const { Linter } = require('eslint');

const TURNED = { '===': '!==', '!==': '===', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };
const ON_THE_EDGE = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const OTHER_SIGN = { '+': '-', '-': '+', '&': '|', '|': '&', '^': '|' };

/** What the syntax tree of a file is; eslint has the parser. */
function treeOf(source) {
  const linter = new Linter();
  const [error] = linter.verify(source, [{ languageOptions: { ecmaVersion: 2022, sourceType: 'commonjs' } }]);
  const code = linter.getSourceCode();
  if (code === null) throw new Error(`cannot be read: ${error && error.message}`);
  return code.ast;
}

/** What is changed in which way: functions of a node that give what it becomes; undefined if that is not possible. */
const operators = {
  BinaryExpression: {
    turn: (node, text) => around(node, text, TURNED[node.operator]),
    edge: (node, text) => around(node, text, ON_THE_EDGE[node.operator]),
    sign: (node, text) => around(node, text, OTHER_SIGN[node.operator]),
  },
  LogicalExpression: {
    left: (node, text) => text(node.left),
    right: (node, text) => text(node.right),
  },
  IfStatement: {
    always: ({ test }, text) => ({ node: test, by: `true || (${text(test)})` }),
    never: ({ test }, text) => ({ node: test, by: `false && (${text(test)})` }),
  },
  ConditionalExpression: {
    yes: (node, text) => text(node.consequent),
    no: (node, text) => text(node.alternate),
  },
  ExpressionStatement: {
    drop: (node) => (node.directive === undefined ? ';' : undefined),
    swap: (node, text, next) => (next !== undefined && next.type === 'ExpressionStatement' && node.directive === undefined ? { until: next, by: `${text(next)} ${text(node)}` } : undefined),
  },
  CallExpression: {
    // Wakes one instead of all.
    one: (node, text) => (/(^|\.)notify$/.test(text(node.callee)) && node.arguments.length === 2 ? text(node).replace(/\)$/, ', 1)') : undefined),
    // Not atomic: somebody can come in between.
    blindly: (node, text) => (/(^|\.)compareExchange$/.test(text(node.callee)) && node.arguments.length === 4 ? blindly(node.arguments.map(text)) : undefined),
  },
  Literal: {
    more: ({ value }) => (typeof value === 'number' ? `${value} + 1` : undefined),
    zero: ({ value }) => (typeof value === 'number' && value !== 0 ? '0' : undefined),
    huge: ({ value }) => (typeof value === 'number' && value > 1 ? '1e9' : undefined),
  },
  UnaryExpression: {
    not: (node, text) => (node.operator === '!' ? text(node.argument) : undefined),
  },
};

function around({ left, right }, text, operator) {
  return operator && `${text(left)} ${operator} ${text(right)}`;
}

/** What is there is thought to be what is expected. */
function blindly([words, index, expected, replacement]) {
  return `(Atomics.store(${words}, ${index}, ${replacement}), ${expected})`;
}

/** The name that a function is known by, if this node gives it one. */
function nameGiven(node) {
  if (node.type === 'FunctionDeclaration') return node.id.name;
  if (node.type === 'ClassDeclaration' || node.type === 'StaticBlock') return undefined;
  const holds = node.type === 'VariableDeclarator' ? node.init : node.value;
  const isFunction = holds && /^(?:Arrow)?Function/.test(holds.type);
  if (!isFunction) return undefined;
  if (node.type === 'VariableDeclarator') return node.id.name;
  if (node.type !== 'MethodDefinition' && node.type !== 'PropertyDefinition' && node.type !== 'Property') return undefined;
  if (node.key.type === 'PrivateIdentifier') return `#${node.key.name}`;
  return node.key.name;
}

/**
 * What can be changed, and where each function is.
 *
 * @returns {{ mutations: { within: string, kind: string, at: string, start: number, end: number, by: string }[], functions: { name: string, start: number, end: number }[] }}
 */
function read(source) {
  const found = [];
  const functions = [{ name: 'top', start: 0, end: source.length }];
  const text = (node) => source.slice(node.range[0], node.range[1]);

  function add(within, kind, node, result) {
    if (result === undefined) return;
    const { node: changed = node, until = changed, by } = typeof result === 'string' ? { by: result } : result;
    const [start, end] = [changed.range[0], until.range[1]];
    const at = source.slice(start, end);
    if (at.includes('\n') && !(until !== changed && at.split('\n').length === 2)) return;
    if (at !== by) found.push({ within, kind, at: at.replace(/\s+/g, ' '), start, end, by });
  }

  function visit(node, within, next) {
    const given = nameGiven(node);
    const name = given || within;
    if (given !== undefined) functions.push({ name, start: node.range[0], end: node.range[1] });
    const made = operators[node.type];
    if (made !== undefined) Object.keys(made).forEach((kind) => add(name, kind, node, made[kind](node, text, next)));
    for (const key of Object.keys(node)) {
      const below = node[key];
      if (key === 'parent' || key === 'loc' || key === 'range' || key === 'tokens' || key === 'comments') continue;
      if (Array.isArray(below)) below.forEach((child, index) => child && child.type && visit(child, name, below[index + 1]));
      else if (below && typeof below.type === 'string') visit(below, name, undefined);
    }
  }

  visit(treeOf(source), 'top', undefined);
  return { mutations: found, functions };
}

module.exports = { read };

'use strict';
// The same for Rust, line by line: there is no parser of it here. What does not compile is told when it is tried.

const OPERATORS = [
  ['turn', /( )(==|!=)( )/, { '==': '!=', '!=': '==' }],
  ['turn', /( )(<|>|<=|>=)( )/, { '<': '>=', '>': '<=', '<=': '>', '>=': '<' }],
  ['edge', /( )(<|>|<=|>=)( )/, { '<': '<=', '>': '>=', '<=': '<', '>=': '>' }],
  ['left', /()( && [^&|]+?)( \{)/, () => ''],
  ['always', /(if )(?!let )(.+)( \{)/, (test) => `true || (${test})`],
  ['never', /(if )(?!let )(.+)( \{)/, (test) => `false && (${test})`],
  ['drop', /^(\s*)((?!let |return|break|continue|use |mod |pub |type |const |static |\}|\)|\/\/|#)[a-zA-Z*(].*;)()$/, () => '();'],
  ['ignore', /^(\s*)((?!let |return)[a-z].*)(\?;)$/, (call) => `let _ = ${call}`, ';'],
  ['more', /(const \w+: \w+ = )(.+)(;)$/, (value) => `${value} + 1`],
  ['zero', /(const \w+: \w+ = )(.+)(;)$/, () => '0'],
  ['not', /(\W)(!)([a-z])/, () => ''],
];

/** As that of javascript.js. */
function read(source) {
  const found = [];
  const functions = [];
  let within = 'top';
  let offset = 0;
  let isTest = false;
  for (const line of source.split('\n')) {
    const head = /^\s*(?:pub(?:\([a-z:]+\))? )?(?:const )?(?:unsafe )?(?:extern "\w+" )?fn (\w+)/.exec(line);
    if (head !== null) {
      within = head[1];
      functions.push({ name: within, start: offset, end: source.length });
      if (functions.length > 1) functions[functions.length - 2].end = offset;
    }
    if (/^#\[cfg\(test\)\]/.test(line)) isTest = true;
    if (!isTest && !/^\s*(?:\/\/|#)/.test(line)) found.push(...mutationsOfLine(line, offset, within));
    offset += line.length + 1;
  }
  functions.push({ name: 'top', start: 0, end: source.length });
  return { mutations: found, functions };
}

function mutationsOfLine(line, offset, within) {
  const found = [];
  for (const [kind, pattern, change, end] of OPERATORS) {
    const match = pattern.exec(line);
    if (match === null) continue;
    const becomes = typeof change === 'function' ? change(match[2]) : change[match[2]];
    const by = line.slice(0, match.index) + match[1] + becomes + (end || match[3]) + line.slice(match.index + match[0].length);
    found.push({ within, kind, at: line.trim(), start: offset, end: offset + line.length, by });
  }
  return found;
}

module.exports = { read };

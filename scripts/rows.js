'use strict';
// The tables of docs/testing.md that commands write. A run replaces its own rows and leaves the others: each row tells
// when it was made, and from which commit.

const path = require('path');
const { dateAndCommit, readBetween, writeBetween } = require('./between');
const { root } = require('./prebuilds');

const NAME = 'docs/testing.md';

/** The cells of each row of a table, its head left out. */
function rowsOf(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('|')).slice(2);
  return lines.map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()));
}

/** The list below a table, `- REASON: NAME, NAME`, as reason → names. */
function listOf(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('- '));
  return new Map(lines.map((line) => {
    const colon = line.lastIndexOf(': ');
    return [line.slice(2, colon), line.slice(colon + 2).split(', ')];
  }));
}

/** The list without what it had of a name, and with these reasons for it. */
function listAnew(list, name, reasons) {
  const others = Array.from(list, ([reason, names]) => [reason, names.filter((other) => other !== name)]);
  const anew = new Map(others.filter(([, names]) => names.length > 0));
  for (const reason of new Set(reasons)) anew.set(reason, (anew.get(reason) || []).concat(name));
  return anew;
}

/**
 * The text of a table after a row has been put into it: in place of the one with the same key, in the order of
 * `keys`. `head` has the names of the columns, a number's with a colon behind. With `reasons` the row's first cell
 * is listed below the table under each of them, after the words `listed`.
 *
 * @param {string} text
 * @param {{ head: string[], row: string[], keyOf: (row: string[]) => string, keys: string[], listed?: string, reasons?: string[] }} put
 */
function withRow(text, { head, row, keyOf, keys, listed = '', reasons }) {
  const rows = rowsOf(text).filter((other) => keyOf(other) !== keyOf(row)).concat([row]);
  const place = (cells) => (keys.includes(keyOf(cells)) ? keys.indexOf(keyOf(cells)) : keys.length);
  rows.sort((a, b) => place(a) - place(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
  const rule = head.map((name) => (name.endsWith(':') ? '---:' : '---'));
  const lines = [head.map((name) => name.replace(/:$/, '')), rule].concat(rows).map((cells) => `| ${cells.join(' | ')} |`);
  if (reasons === undefined) return lines.join('\n');
  const list = Array.from(listAnew(listOf(text), row[0], reasons), ([reason, names]) => `- ${reason}: ${names.join(', ')}`);
  return lines.concat(list.length > 0 ? ['', listed, ''] : [], list.sort()).join('\n');
}

/** Puts a row into the table that a command writes; date and commit become its last cell. */
function writeRow(command, put) {
  const page = path.join(root, NAME);
  const row = put.row.map((cell) => cell.replace(/\s*\|\s*/g, ' / ')).concat(dateAndCommit(NAME).replace('commit ', ''));
  const head = put.head.concat('date, commit');
  writeBetween(page, command, withRow(readBetween(page, command), Object.assign({}, put, { head, row })));
}

module.exports = { withRow, writeRow };

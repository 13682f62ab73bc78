'use strict';
// How things are shown to a person.

const fs = require('fs');

const isColourful = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

function styled(code) {
  return (text) => (isColourful ? `\u001b[${code}m${text}\u001b[0m` : text);
}

const bold = styled(1);
const yellow = styled(33);

/**
 * What could act on the terminal, or make a text look like another one: control characters, and those
 * that have no width or turn the direction of what follows.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A name in which nothing is invisible: `\x1b`, `\u202e`, `\u{e0001}`. */
function printable(text) {
  return text.replace(INVISIBLE, (character) => {
    const digits = character.codePointAt(0).toString(16);
    if (digits.length > 4) return `\\u{${digits}}`;
    return digits.length > 2 ? `\\u${digits.padStart(4, '0')}` : `\\x${digits.padStart(2, '0')}`;
  });
}

/** JSON for programs and for people: the same text to a parser, and nothing invisible in it. */
function jsonText(value, indent = 2) {
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, indent).replace(INVISIBLE, (character) =>
    character === '\n' ? character : character.split('').map(escape).join(''),
  );
}

/** A key as `stat`, `rm` and `dump` take it. */
function keyText(status) {
  return printable(String(status.key));
}

/** Bytes in the largest unit that leaves a number of at least 1. */
function sizeText(bytes) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 || size >= 100 ? Math.floor(size) : size.toFixed(1)} ${units[unit]}`;
}

/** `1 message`, `2 messages`. */
function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** How long ago. */
function ageText(date) {
  if (date === null) return '';
  const seconds = Math.max(0, (Date.now() - date.getTime()) / 1000);
  for (const [unit, length] of /** @type {[string, number][]} */ ([['d', 86400], ['h', 3600], ['m', 60]])) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return `${Math.floor(seconds)} s`;
}

/** A user's name, or the number of one who has none here. */
function userText(uid) {
  if (users === null) users = readUsers();
  return users.get(uid) || String(uid);
}

/** @type {Map<number, string> | null} */
let users = null;

function readUsers() {
  const found = new Map();
  try {
    for (const line of fs.readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , uid] = line.split(':');
      if (uid) found.set(Number(uid), name);
    }
  } catch (_) {
    // Numbers will do.
  }
  return found;
}

/** `1234 node, 99 python3 …`, at most `most` of them. */
function processesText(processes, most) {
  const shown = processes.slice(0, most).map(({ pid, name }) => `${pid} ${printable(name)}`);
  const rest = processes.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` +${rest}` : '');
}

/** Lines: headings, and rows below them, columns aligned; `right` names those aligned at the right. */
function table(headings, rows, right) {
  const widths = headings.map((heading, column) =>
    rows.reduce((width, row) => Math.max(width, row[column].length), heading.length),
  );
  const line = (row) =>
    row
      .map((text, column) => (right.includes(headings[column]) ? text.padStart(widths[column]) : text.padEnd(widths[column])))
      .join('  ')
      .trimRight();
  return [line(headings)].concat(rows.map(line));
}

module.exports = { ageText, bold, counted, jsonText, keyText, printable, processesText, sizeText, table, userText, yellow };

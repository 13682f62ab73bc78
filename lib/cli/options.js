'use strict';
// What the user has typed after the command's name. A parser of its own: Node has util.parseArgs from 18.3 on, the
// command runs from 10.20 on, and a package for these lines would have to be loaded and looked after.

/** The command was called wrongly; its help is shown below the message. */
class UsageError extends Error {}

/**
 * `{ keys, flags }`: the words that are no options, and the options by their names. `--` ends the options.
 *
 * @param {string[]} args
 * @param {{ [name: string]: 'flag' | 'text' | 'number' }} known
 */
function parse(args, known) {
  const keys = [];
  /** @type {{ [name: string]: any }} */
  const flags = {};
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === '--') return { keys: keys.concat(args.slice(index + 1)), flags };
    if (!arg.startsWith('-')) {
      keys.push(arg);
      continue;
    }
    const [, name, given] = /** @type {string[]} */ (/^--?([^=]*)(?:=([^]*))?$/.exec(arg));
    if (!Object.keys(known).includes(name)) {
      throw new UsageError(`unknown option ${arg}${/^-\d/.test(arg) ? '; a negative KEY goes after --' : ''}`);
    }
    const kind = known[name];
    if (kind === 'flag') {
      if (given !== undefined) throw new UsageError(`--${name} takes no value`);
      flags[name] = true;
    } else {
      const value = given === undefined ? args[++index] : given;
      if (value === undefined) throw new UsageError(`--${name} needs a value`);
      flags[name] = kind === 'number' ? numberOf(name, value) : value;
    }
  }
  return { keys, flags };
}

function numberOf(name, text) {
  if (!/^(\d+|0x[\da-f]+)$/i.test(text)) throw new UsageError(`--${name} takes a number, not '${text}'`);
  return Number(text);
}

/** A key as typed: digits, -digits and 0x… are a segment's, all else is an object's name. */
function keyOf(text) {
  return /^(-?\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : text;
}

module.exports = { UsageError, keyOf, parse };

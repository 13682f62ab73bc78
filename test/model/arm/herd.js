'use strict';
// node test/model/arm/herd.js HERD7 [OPTION …]: has herd7 (https://github.com/herd/herdtools7) decide every program that the checker
// here decides, and tells where the two differ. Not a part of `npm run test:model`: herd7 is seldom at hand.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { files, testsOf } = require('./decide');
const { changed, choices, compile } = require('./program');
const { find } = require('./executions');

const instructions = { exchange: 'SWPAL', or: 'LDSETAL', and: 'LDCLRAL', xor: 'LDEORAL', add: 'LDADDAL', same: 'LDADDAL' };

/** A number for each word that stands for itself. */
function numbers() {
  const known = new Map();
  return (value) => {
    if (typeof value === 'number') return value;
    if (!known.has(value)) known.set(value, 100 + known.size);
    return known.get(value);
  };
}

/** A program in herd7's language, in which `tag` and the like are no names. */
function textOf(name, { accesses, demands, registers, test }) {
  const numberOf = numbers();
  const places = Array.from(new Set(accesses.map(({ place }) => place)));
  const address = (place) => `X${20 + places.indexOf(place)}`;
  const exists = [];
  const registerOf = new Map();
  const threads = test.threads.map((_, thread) => {
    const lines = [];
    let used = 0;
    let labels = 0;
    let control = [];
    const fresh = () => used++;
    for (const access of accesses.filter((one) => one.thread === thread)) {
      for (const read of access.control.filter((one) => !control.includes(one) && one !== access.partner)) {
        lines.push(`CBNZ W${registerOf.get(read)},L${thread}${labels}`, `L${thread}${labels++}:`);
        control = control.concat(read);
      }
      const { place, isWrite, partner, acquires, releases, isSingle } = access;
      const at = address(place);
      if (!isWrite) {
        registerOf.set(access, fresh());
        if (isSingle) continue; // with its write
        const index = access.address.length === 0 ? '' : `,W${zeroFrom(access.address[0])},SXTW`;
        const name = partner === undefined ? (acquires ? 'LDAR' : 'LDR') : 'LDAXR';
        lines.push(`${name} W${registerOf.get(access)},[${at}${index}]`);
        continue;
      }
      const source = valueRegister(access);
      if (partner !== undefined && isSingle) lines.push(...single(access, source, at));
      else if (partner !== undefined) {
        const status = fresh();
        lines.push(`STLXR W${status},W${source},[${at}]`);
        exists.push(`${thread}:X${status}=0`);
      } else {
        const index = access.address.length === 0 ? '' : `,W${zeroFrom(access.address[0])},SXTW`;
        lines.push(`${releases ? 'STLR' : 'STR'} W${source},[${at}${index}]`);
      }
    }
    return lines;

    /** What reads and writes at once, in one instruction. */
    function single({ partner, update }, source, at) {
      const target = registerOf.get(partner);
      if (update.name !== 'cas') return [`${instructions[update.name]} W${source},W${target},[${at}]`];
      return [`MOV W${target},#${numberOf(update.expected)}`, `CASAL W${target},W${source},[${at}]`];
    }

    /** A register that is 0, and depends on what was read. */
    function zeroFrom(read) {
      const zero = fresh();
      lines.push(`EOR W${zero},W${registerOf.get(read)},W${registerOf.get(read)}`);
      return zero;
    }

    /** The register with what is written. */
    function valueRegister({ data, value, partner, update, isSingle }) {
      const operand = data.length > 0 ? registerOf.get(data[0]) : constant(update === undefined ? value(() => 0) : update.name === 'and' && isSingle ? ~update.operand : update.operand);
      if (update === undefined || update.name === 'exchange' || update.name === 'cas' || isSingle) return operand;
      const result = fresh();
      if (update.name === 'same') lines.push(`MOV W${result},W${registerOf.get(partner)}`);
      else lines.push(`${{ or: 'ORR', and: 'AND', xor: 'EOR', add: 'ADD' }[update.name]} W${result},W${registerOf.get(partner)},W${operand}`);
      return result;
    }

    function constant(what) {
      const register = fresh();
      lines.push(`MOV W${register},#${numberOf(what)}`);
      return register;
    }
  });
  const mine = (read) => `${read.thread}:X${registerOf.get(read)}`;
  demands.forEach(({ read, value }) => exists.push(`${mine(read)}=${numberOf(value)}`));
  for (const found of Object.keys(test.condition)) {
    exists.push(`${registers[found] === undefined ? `[the_${found}]` : mine(registers[found])}=${numberOf(test.condition[found])}`);
  }
  const start = places.map((place) => `the_${place}=${numberOf(test.start[place] || 0)};`)
    .concat(...threads.map((_, thread) => places.map((place) => `${thread}:${address(place)}=the_${place};`)));
  const rows = Array.from({ length: Math.max(...threads.map(({ length }) => length)) }, (_, i) => ` ${threads.map((lines) => lines[i] || '').join(' | ')} ;`);
  return [`AArch64 ${name}`, `{ ${start.join(' ')} }`, ` ${threads.map((_, thread) => `P${thread}`).join(' | ')} ;`].concat(rows, `exists (${exists.join(' /\\ ')})`, '').join('\n');
}

function main(herd7 = 'herd7', ...options) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shm-litmus-'));
  const expected = new Map();
  try {
    for (const test of [].concat(...files.map(testsOf))) {
      for (const one of [test].concat(test.instead.map((change) => changed(test, change)))) {
        for (const chosen of choices(one)) {
          const name = `t${expected.size}`;
          const compiled = compile(one, chosen);
          expected.set(name, { what: `${test.file}, ${test.name}, ${chosen.join(', ')}`, found: find(compiled) !== null });
          fs.writeFileSync(path.join(folder, `${name}.litmus`), textOf(name, compiled));
        }
      }
    }
    const list = path.join(folder, '@all');
    fs.writeFileSync(list, Array.from(expected.keys(), (name) => path.join(folder, `${name}.litmus`)).join('\n'));
    const { stdout, stderr } = spawnSync(herd7, options.concat(list), { encoding: 'utf8', maxBuffer: 2 ** 30 });
    let differing = 0;
    let decided = 0;
    for (const [, name, verdict] of stdout.matchAll(/^Observation (\S+) (\S+)/gm)) {
      decided++;
      const { what, found } = expected.get(name);
      if ((verdict !== 'Never') === found) continue;
      differing++;
      console.log(`${what}: herd7 says ${verdict}\n${fs.readFileSync(path.join(folder, `${name}.litmus`), 'utf8')}`);
    }
    console.log(`${expected.size} programs, ${decided} decided by herd7, ${differing} otherwise than here`);
    if (decided !== expected.size) console.log(stderr.slice(-2000));
    process.exitCode = differing === 0 && decided === expected.size ? 0 : 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

main(...process.argv.slice(2));

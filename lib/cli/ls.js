'use strict';

const { inventory } = require('./inventory');
const { UsageError } = require('./options');
const { ageText, bold, jsonText, keyText, processesText, sizeText, table, userText, yellow } = require('./text');

const help = `Usage: shm-typed-array ls [--json] [--mine] [--orphans] [--prefix NAME]

Lists the System V segments and POSIX objects of this machine (Linux only).

  --json          as JSON: sizes in bytes, times as ISO 8601
  --mine          only what belongs to this user
  --orphans       only what no process has attached
  --prefix NAME   only objects whose names begin like this

PERM ends with t if an object is transient, and so goes with its last user. ATTACHES counts
attaches of a segment in all processes; of an object, the processes that are known to have it
mapped. AGE is the time since a segment was created or changed, or an object created or resized.
Orphans are yellow on a terminal.
`;

const options = /** @type {any} */ ({ json: 'flag', mine: 'flag', orphans: 'flag', prefix: 'text' });

function run({ keys, flags }) {
  if (keys.length > 0) throw new UsageError('ls takes no KEY: use stat');
  const { entries, unseen } = inventory(flags);
  if (flags.json) {
    process.stdout.write(`${jsonText(entries)}\n`);
    return;
  }
  const headings = ['KEY', 'KIND', 'SIZE', 'OWNER', 'PERM', 'ATTACHES', 'PROCESSES', 'AGE'];
  const [head, ...lines] = table(headings, entries.map(row), ['SIZE', 'ATTACHES', 'AGE']);
  const coloured = lines.map((line, index) => (entries[index].orphan ? yellow(line) : line));
  process.stdout.write(entries.length > 0 ? `${[bold(head)].concat(coloured).join('\n')}\n` : `${nothing(flags)}\n`);
  process.stderr.write(unseen);
}

function nothing({ mine, orphans, prefix }) {
  const what = orphans ? 'There are no orphans' : 'There is no shared memory';
  return `${what}${prefix === undefined ? '' : ' of such a name'}${mine ? ' that this user owns' : ''}.`;
}

function row(entry) {
  const attaches = entry.kind === 'sysv' ? entry.attaches : entry.processes.length;
  return [
    keyText(entry),
    entry.kind,
    sizeText(entry.size),
    userText(entry.uid),
    entry.transient ? `${entry.perm}t` : entry.perm,
    String(attaches),
    processesText(entry.processes, 3),
    ageText(entry.kind === 'sysv' ? entry.changedAt : entry.modifiedAt),
  ];
}

module.exports = { help, options, run };

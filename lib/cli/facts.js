'use strict';
// How the facts about a structure are said to a person: as rows of a name and a text for `stat`, in few words for `top`.

const { counted, printable, sizeText } = require('./text');

/** An owner: its process, if that is seen, or else the number of its thread. */
function ownerText({ number, alive, process }) {
  const who = process === null ? `thread ${number}` : `${process.pid} ${printable(process.name)}`;
  return alive === false ? `${who} (dead)` : who;
}

function locksText({ held, wanted, owners }) {
  if (held + wanted === 0) return '';
  const by = owners.length === 0 ? '' : ` by ${owners.map(ownerText).join(', ')}${held > owners.length ? ' …' : ''}`;
  return `${held} held${by}${wanted === 0 ? '' : `, ${wanted} waited for`}`;
}

/** For each structure: `rows` for `stat`; `holds` and `passes` for a line of `top`, where `passed` is of a second. */
const said = {
  channel: {
    rows: ({ slots, size, closed, messages, free, queued, writing, taken, users }) => [
      ['channel', `${counted(slots, 'slot')} of ${size} bytes${closed ? ', closed' : ''}`],
      ['messages', `${messages} waiting`],
      ['slots', [[free, 'free'], [queued, 'queued'], [writing, 'being written'], [taken, 'taken']].filter(([number]) => number > 0).map(([number, state]) => `${number} ${state}`).join(', ')],
      ...users.map(({ owner, writing: w, taken: t }) => ['user', `${ownerText(owner)}, writes ${counted(w, 'message')}, has taken ${t}`]),
    ],
    holds: ({ messages, slots, closed }) => `${messages} of ${counted(slots, 'message')}${closed ? ', closed' : ''}`,
    passes: ({ sent, received }) => `${sent} in/s, ${received} out/s`,
  },
  topic: {
    rows: ({ size, history, closed, latest, places, reading, readers }) => [
      ['topic', `frames of ${size} bytes, history ${history}${closed ? ', closed' : ''}`],
      ['newest', `frame ${latest}`],
      ['readers', `${reading} of at most ${places}`],
      ...readers.map(({ owner, behind, hasFrame }) => ['reader', `${ownerText(owner)}, ${counted(behind, 'frame')} behind${hasFrame ? ', holds one' : ''}`]),
    ],
    holds: ({ latest, reading, closed }) => `frame ${latest}, ${counted(reading, 'reader')}${closed ? ', closed' : ''}`,
    passes: ({ published }, { readers }) => {
      const slowest = readers.find(({ owner }) => owner.alive !== false);
      return `${counted(published, 'frame')}/s${slowest === undefined ? '' : `, slowest ${slowest.behind} behind: ${ownerText(slowest.owner)}`}`;
    },
  },
  map: {
    rows: ({ shards, evict, entries, maxEntries, live, free, evicted, expired, repairs }) => [
      ['map', `${counted(entries, 'entry', 'entries')} of at most ${maxEntries} in ${counted(shards, 'shard')}${evict ? ', evicts when it is full' : ''}`],
      ['live', `${live} bytes, ${free} free`],
      ['evicted', evicted],
      ['expired', expired],
      ['repairs', repairs],
    ],
    holds: ({ entries, live }) => `${counted(entries, 'entry', 'entries')}, ${sizeText(live)}`,
    passes: ({ evicted, expired }) => `${evicted} evicted/s, ${expired} expired/s`,
  },
  locks: {
    rows: ({ requests, held, pending }) => [['locks', `${held} held, ${pending} waited for, of at most ${requests}`]],
    holds: ({ held, pending }) => `${counted(held, 'lock')}, ${pending} waited for`,
    passes: ({ asked }) => `${counted(asked, 'request')}/s`,
  },
};

/** Rows of a name and a text each, for `stat`. */
function rowsOf(structure) {
  const locks = locksText(structure.locks);
  return said[structure.kind].rows(structure).concat(locks === '' ? [] : [['locks', locks]]);
}

/** What it holds, what it has passed on in a second, and its locks: texts for `top`. */
function summaryOf(structure, passed) {
  const { holds, passes } = said[structure.kind];
  return [holds(structure), passed === null ? '' : passes(passed, structure), locksText(structure.locks)];
}

module.exports = { rowsOf, summaryOf };

'use strict';
// What `stat` says of a channel or a topic beyond what the system tells: read from a private copy of its memory,
// so that looking changes nothing.

const shm = require('../index');
const binding = require('../runtime/binding');

const OWNER = 0x3fffffff;
const CLOSED = 5;
const states = ['free', 'being written', 'taken', 'queued'];

/** Rows of a name and a value each; none if it is something else. */
function describeStructure(key) {
  if (key === null) return [];
  const words = copyOf(key);
  if (words === null || words.length < 128) return [];
  if (words[0] === 0x4e414843 && words[1] === 1) return describeChannel(words);
  if (words[0] === 0x49504f54 && words[1] === 1) return describeTopic(words);
  return [];
}

function copyOf(key) {
  try {
    return shm.get(key, 'Int32Array', { copyOnWrite: true });
  } catch (_) {
    return null; // another layout, or no permission to read
  }
}

function describeChannel(words) {
  const [slots, size, entries] = words.subarray(2, 5);
  const waiting = ((words[32] >>> 1) - words[64]) & 0x7fffffff;
  const counts = new Map();
  for (let at = 96 + entries; slots > 0 && at < 96 + entries + 8 * slots && at < words.length; at += 8) {
    const owner = words[at] & OWNER;
    const state = states[words[at] >>> 30] + (owner === 0 ? '' : ` by ${ownerText(owner)}`);
    counts.set(state, (counts.get(state) || 0) + 1);
  }
  return [
    ['channel', `${slots} slots of ${size} bytes${words[CLOSED] === 0 ? '' : ', closed'}`],
    ['messages', `${waiting} waiting`],
    ['slots', Array.from(counts, ([state, count]) => `${count} ${state}`).join(', ')],
  ];
}

function describeTopic(words) {
  const [size, history, readers] = words.subarray(2, 5);
  const latest = words[32] >>> 1;
  const entries = 2 ** Math.ceil(Math.log2(history + 1));
  const rows = [
    ['topic', `frames of ${size} bytes, history ${history}${words[CLOSED] === 0 ? '' : ', closed'}`],
    ['newest', `frame ${latest}`],
  ];
  const first = Math.ceil((4 * (48 + entries)) / 64) * 16;
  for (let reader = 0; reader < readers && first + 16 * reader < words.length; reader++) {
    const [owner, pin, seen] = words.subarray(first + 16 * reader);
    if (owner === 0) continue;
    const behind = (latest - seen) & 0x7fffffff;
    rows.push([`reader ${reader}`, `${ownerText(owner)}, ${behind} behind${pin === 0 ? '' : ', has a frame'}`]);
  }
  return rows;
}

function ownerText(owner) {
  return `${owner}${binding.isOwnerAlive(owner) ? '' : ' (dead)'}`;
}

module.exports = { describeStructure };

'use strict';
// Explores every state that a model can get into, whatever the order of its steps.

/**
 * `model.start` is a state (plain data), `model.steps(state)` lists `[name, successor]`,
 * `model.broken(state)` says what is wrong with a state, or nothing, and `model.isEnd(state)` whether
 * it may be the last. Returns how many states there are; throws with the way to a state that is
 * broken, or from which no end can be reached.
 */
function explore(model) {
  const known = new Map([[JSON.stringify(model.start), { state: model.start, from: null, by: 'start' }]]);
  const before = new Map();
  const ends = [];
  for (const [key, entry] of known) {
    const wrong = model.broken(entry.state);
    if (wrong) throw new Error(`${wrong}\n${wayTo(known, key)}`);
    if (model.isEnd(entry.state)) ends.push(key);
    for (const [by, state] of model.steps(entry.state)) {
      const next = JSON.stringify(state);
      if (!known.has(next)) known.set(next, { state, from: key, by });
      if (!before.has(next)) before.set(next, []);
      before.get(next).push(key);
    }
  }
  const canEnd = new Set(ends);
  for (const key of canEnd) for (const earlier of before.get(key) || []) canEnd.add(earlier);
  for (const key of known.keys()) {
    if (!canEnd.has(key)) throw new Error(`no way to an end from here\n${wayTo(known, key)}`);
  }
  return known.size;
}

function wayTo(known, key) {
  const way = [];
  for (; key !== null; key = known.get(key).from) way.unshift(`${known.get(key).by}: ${key}`);
  return way.join('\n');
}

module.exports = { explore };

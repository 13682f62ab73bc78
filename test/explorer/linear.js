'use strict';
// Whether calls can have happened one after the other. Each is `{ start, end, apply(state) }`: when it began and ended (end
// undefined: it never did, and may have happened or not), and what it makes of a state: all states that there can be
// afterwards if it gave what it gave; none if it cannot have given that.

/** @param {any[]} calls @param {any} state before all of them */
function isLinear(calls, state) {
  const seen = new Set();
  return search(calls.slice(), state, seen);
}

function search(left, state, seen) {
  if (left.every(({ end }) => end === undefined)) return true;
  const known = JSON.stringify([left.map(({ start }) => start), state]);
  if (seen.has(known)) return false;
  seen.add(known);
  const firstEnd = Math.min(...left.map(({ end }) => (end === undefined ? Infinity : end)));
  return left.some((call) => {
    if (call.start > firstEnd) return false;
    const others = left.filter((other) => other !== call);
    return call.apply(state).some((after) => search(others, after, seen));
  });
}

module.exports = { isLinear };

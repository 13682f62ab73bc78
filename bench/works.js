'use strict';
// How long a work takes the floor, this package and the published one.

const { PUBLISHED, root, startFloor, startPlayer } = require('./contestants');
const { interleave } = require('./statistics');

/**
 * Nanoseconds of one `work`, by name of the contestant, in interleaved rounds of `count` keys each,
 * all of them `passes` times: so often that a round has its share of garbage collection.
 * `keys`: `'new'` keys are made by the work itself; `'existing'` ones are another process's and
 * fresh in every round; `'attached'` ones stay the same, so that all rounds but the first find them
 * attached.
 *
 * The floor and this package run on from round to round. 0.1.1 is started anew for every round, of
 * one pass after another to warm up: it never forgets a segment or object that it has had and searches them
 * all at every call, so that its times would tell how long the benchmark has been running.
 */
async function compare(bench, { work, keys, count, passes = 1, rounds = 25 }) {
  const kind = work.split('-')[0];
  if (bench.smoke) count = passes = 1;
  const source = keys === 'attached' ? sameKeys(bench, kind, count) : freshKeys(bench, kind, count, keys);
  const lasting = [startFloor(), startPlayer('this', root)];
  const subjects = {};
  for (const contestant of lasting) subjects[contestant.name] = () => once(contestant, work, source, passes);
  if (bench.published.folder) {
    subjects[PUBLISHED] = async () => {
      const contestant = startPlayer(PUBLISHED, bench.published.folder);
      await once(contestant, work, source, 1);
      const ns = await once(contestant, work, source, 1);
      contestant.close();
      return ns;
    };
  }
  try {
    return await interleave(subjects, bench.rounds(rounds), bench.round(work));
  } finally {
    lasting.forEach((contestant) => contestant.close());
  }
}

/** Nanoseconds of one work, from as many as `source` has keys. */
async function once(contestant, work, source, passes) {
  const { first, all, destroy } = source();
  const ns = await contestant.run(work, all.length, passes, first);
  destroy();
  return ns / all.length / passes;
}

function freshKeys(bench, kind, count, keys) {
  return () => {
    const fresh = bench.keys(kind, count);
    if (keys === 'existing') fresh.create();
    return fresh;
  };
}

function sameKeys(bench, kind, count) {
  const { first, all, create } = bench.keys(kind, count);
  create();
  return () => ({ first, all, destroy: () => {} });
}

module.exports = { compare };

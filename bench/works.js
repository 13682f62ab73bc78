'use strict';
// How long a work takes the floor, this package and the published one.

const { PUBLISHED, root, startFloor, startNodeApi, startPlayer } = require('./contestants');
const { interleave } = require('./statistics');

/**
 * Nanoseconds of one `work`, by name of the contestant, in interleaved rounds of `count` keys each,
 * all of them `passes` times: so often that a round has its share of garbage collection.
 * `keys`: `'new'` keys are made by the work itself; `'existing'` ones are another process's and
 * fresh in every round; `'attached'` ones stay the same, so that all rounds but the first find them
 * attached. `withNodeApi` adds the least that an addon can do.
 *
 * The floor, that addon and this package run on from round to round. 0.1.1 is started anew for every round, of
 * one pass after another to warm up: it never forgets a segment or object that it has had and
 * searches them all at every call, so that its times would tell how long the benchmark has run.
 */
async function compare(bench, { work, keys, count, passes = 1, rounds = 25, withNodeApi = false }) {
  const contestants = [startFloor(), startPlayer('this', root)];
  if (withNodeApi) contestants.splice(1, 0, startNodeApi());
  const options = bench.smoke ? { count: 1, passes: 1 } : { count, passes };
  const source = keySource(bench, work, keys, options.count);
  const subjects = {};
  for (const contestant of contestants) subjects[contestant.name] = () => once(contestant, work, source, options.passes);
  if (bench.published.folder) {
    subjects[PUBLISHED] = async () => {
      const contestant = startPlayer(PUBLISHED, bench.published.folder);
      if (!bench.smoke) await once(contestant, work, source, 1);
      const ns = await once(contestant, work, source, 1);
      contestant.close();
      return ns;
    };
  }
  try {
    return await interleave(subjects, bench.rounds(rounds), bench.round(work));
  } finally {
    contestants.forEach((contestant) => contestant.close());
  }
}

/** Nanoseconds of one work, from as many as `source` has keys, `passes` times. */
async function once(contestant, work, source, passes) {
  const { first, all, destroy } = source();
  const ns = await contestant.run(work, all.length, passes, first);
  destroy();
  return ns / all.length / passes;
}

/** What gives the keys for one measurement: see [`compare`]. */
function keySource(bench, work, keys, count) {
  const kind = work.split('-')[0];
  if (keys === 'attached') {
    const { first, all, create } = bench.keys(kind, count);
    create();
    return () => ({ first, all, destroy: () => {} });
  }
  return () => {
    const fresh = bench.keys(kind, count);
    if (keys === 'existing') fresh.create();
    return fresh;
  };
}

module.exports = { compare, keySource, once };

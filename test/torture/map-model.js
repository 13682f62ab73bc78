'use strict';
// Random sequences of the calls of SharedMap against a Map, as in map-model.test.js, and many more of them.

const { amount, run, seed } = require('./support/harness');
const { checkModel } = require('../map-model');

run(async (counts) => {
  Object.assign(counts, checkModel(amount(40000, 300), seed), { differences: 0, seed });
});

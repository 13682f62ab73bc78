'use strict';
// Medians of interleaved rounds, and their spread.

/** The value below which `part` (0 … 1) of the numbers lie. */
function quantile(numbers, part) {
  const sorted = Array.from(numbers).sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** The median, between which numbers the middle half lies, and the highest. */
function summary(numbers) {
  return { median: quantile(numbers, 0.5), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75), most: Math.max(...numbers) };
}

/**
 * Measures by turns: every round asks every one of `subjects` (name → async function that returns a
 * number) once, each round beginning with another, so that what disturbs the machine disturbs all.
 * Returns name → numbers; the first round, a warm-up, is not among them.
 */
async function interleave(subjects, rounds, onRound) {
  const names = Object.keys(subjects);
  const numbers = {};
  for (const name of names) numbers[name] = [];
  for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 1) % names.length];
      const number = await subjects[name]();
      if (round >= 0) numbers[name].push(number);
    }
    if (onRound) onRound(round + 1, rounds);
  }
  return numbers;
}

/** Summary of the ratios of two measurements that were made in the same rounds. */
function ratio(numbers, bases) {
  return summary(numbers.map((number, i) => number / bases[i]));
}

module.exports = { interleave, quantile, ratio, summary };

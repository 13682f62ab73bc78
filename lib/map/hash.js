'use strict';
// HalfSipHash-1-3 with a result of 32 bits: a hash under a secret key. A user who chooses the strings, and does not
// know the key, cannot make them collide. Linux hashes with the same one on 32-bit systems.
// https://github.com/veorq/SipHash, https://www.kernel.org/doc/html/latest/security/siphash.html

/**
 * The hash of `length` bytes. They begin at word `start` of `words`, the last word is filled up with zeros.
 *
 * @param {Int32Array} words
 * @param {number} start
 * @param {number} length
 * @param {number} k0 the secret key, 32 bits
 * @param {number} k1 the secret key, 32 bits more
 * @returns {number} a signed integer of 32 bits
 */
function hash(words, start, length, k0, k1) {
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const whole = length >> 2;
  for (let round = 0; round < whole + 4; round++) {
    let word = 0;
    if (round < whole) word = words[start + round];
    else if (round === whole) word = (length & 3 ? words[start + whole] : 0) | (length << 24);
    v3 ^= word;
    // One round of SipHash.
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (round === whole) v2 ^= 0xff;
  }
  return v1 ^ v3;
}

module.exports = { hash };

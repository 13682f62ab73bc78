'use strict';
// What the headers of an ELF file tell: for which processor it is, whose dynamic loader it asks for,
// and whether it is all there.

const fs = require('fs');

const MACHINES = { 3: 'ia32', 8: 'mips', 21: 'ppc64', 22: 's390x', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64', 258: 'loong64' };
const PT_LOAD = 1;
const PT_INTERP = 3;

/**
 * `{ machine, interpreter, size, neededSize }` of a 64-bit little-endian ELF file: the processor as
 * `process.arch` calls it, the path of the dynamic loader ('' for a library), the bytes that the
 * file has and those that loading it takes. null if it is no such file. Throws what `fs` throws.
 */
function readElf(file) {
  const descriptor = fs.openSync(file, 'r');
  try {
    return parse((position, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.slice(0, fs.readSync(descriptor, bytes, 0, length, position));
    }, fs.fstatSync(descriptor).size);
  } finally {
    fs.closeSync(descriptor);
  }
}

function parse(read, size) {
  const header = read(0, 64);
  const isElf64 = header.length === 64 && header.toString('latin1', 0, 6) === '\x7fELF\x02\x01';
  if (!isElf64) return null;
  const elf = { machine: MACHINES[header.readUInt16LE(18)] || 'another processor', interpreter: '', size, neededSize: 0 };
  const entrySize = header.readUInt16LE(54);
  const table = read(offset(header, 32), entrySize * header.readUInt16LE(56));
  for (let at = 0; at + entrySize <= table.length; at += entrySize) {
    const type = table.readUInt32LE(at);
    const start = offset(table, at + 8);
    const length = offset(table, at + 32);
    if (type === PT_LOAD) elf.neededSize = Math.max(elf.neededSize, start + length);
    if (type === PT_INTERP) elf.interpreter = read(start, Math.min(length, 4096)).toString('utf8');
  }
  return elf;
}

/** A 64-bit number, exact as far as files go. */
function offset(bytes, at) {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

module.exports = { readElf };

'use strict';
// Which processes have which memory mapped, from /proc: all of this user's, everybody's for root.

const fs = require('fs');

/** The namespace of processes that all others are in. */
const EVERYBODY = 'pid:[4026531836]';

/**
 * `{ of(status), unseen }`: the processes that have a segment or an object mapped, as `{ pid, name }`,
 * and what there is to say about those that cannot be looked into. Where there is no /proc, none.
 */
function findProcesses() {
  const byMapping = new Map();
  let hidden = 0;
  for (const pid of pids()) {
    let maps;
    try {
      maps = fs.readFileSync(`/proc/${pid}/maps`, 'utf8');
    } catch (error) {
      if (error.code === 'EACCES' || error.code === 'EPERM') hidden++;
      continue; // or it has ended meanwhile
    }
    for (const id of sharedMappings(maps)) {
      if (!byMapping.has(id)) byMapping.set(id, []);
      byMapping.get(id).push({ pid, name: nameOf(pid) });
    }
  }
  return { of: (status) => byMapping.get(mappingOf(status)) || [], unseen: unseenProcesses(hidden) };
}

/** Sentences, a line each, about the processes that may have memory mapped without being listed. */
function unseenProcesses(hidden) {
  const lines = [];
  if (hidden > 0) lines.push(`${hidden} ${hidden === 1 ? 'process' : 'processes'} may not be looked into by this user.`);
  if (isContainer()) lines.push('Processes outside this container cannot be seen: they may have objects mapped that seem to be nobody\'s.');
  return lines.map((line) => `${line}\n`).join('');
}

function isContainer() {
  try {
    return fs.readlinkSync('/proc/self/ns/pid') !== EVERYBODY;
  } catch (_) {
    return false;
  }
}

function pids() {
  try {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (_) {
    return [];
  }
}

/** What tells a mapping: a segment's id is its inode; an object's name may have changed, its inode not. */
function sharedMappings(maps) {
  const found = new Set();
  const line = /^\S+ \S+ \S+ (\S+) (\d+) +(\/SYSV|\/dev\/shm\/)/gm;
  for (let match = line.exec(maps); match !== null; match = line.exec(maps)) {
    found.add(match[3] === '/SYSV' ? `sysv ${match[2]}` : `${match[1]} ${match[2]}`);
  }
  return found;
}

function mappingOf(status) {
  if (status.kind === 'sysv') return `sysv ${status.id}`;
  try {
    const { dev, ino } = fs.lstatSync(`/dev/shm${status.key}`);
    const hex = (number) => `0${number.toString(16)}`.slice(-2);
    // The kernel packs a device's minor number around its major one: https://man7.org/linux/man-pages/man3/makedev.3.html
    return `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))} ${ino}`;
  } catch (_) {
    return '';
  }
}

function nameOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch (_) {
    return '?';
  }
}

/** Whether there is a process of that number, whoever's it is. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { findProcesses, isAlive };

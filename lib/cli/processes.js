'use strict';
// Which processes have which memory mapped, from /proc: all of this user's, everybody's for root.

const fs = require('fs');
const binding = require('../runtime/binding');
const { counted } = require('./text');

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
      const isRefused = error.code === 'EACCES' || error.code === 'EPERM'; // or it has ended meanwhile
      if (isRefused && hasMemory(pid)) hidden++;
      continue;
    }
    for (const id of sharedMappings(maps)) {
      if (!byMapping.has(id)) byMapping.set(id, []);
      byMapping.get(id).push({ pid, name: nameOf(pid) });
    }
  }
  return { of: (status) => byMapping.get(identityOf(status)) || [], unseen: unseenProcesses(hidden) };
}

/** Sentences, a line each, about the processes that may have memory mapped without being listed. */
function unseenProcesses(hidden) {
  const isRoot = /** @type {any} */ (process).geteuid() === 0;
  const consequence = 'What only they have attached may look like an orphan.';
  const lines = [];
  if (hidden > 0) lines.push(`The kernel does not show ${isRoot ? '' : 'this user '}what ${counted(hidden, 'process has', 'processes have')} attached${isRoot ? '' : '; root sees it'}.`);
  if (hidesProcesses()) lines.push(`/proc is mounted with hidepid, so processes of other users cannot be seen. ${consequence}`);
  if (isContainer()) lines.push(`Processes outside this container cannot be seen. ${consequence}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Kernel threads, and processes that have ended but were not waited for, have none: man 5 proc_pid_statm. */
function hasMemory(pid) {
  return !readText(`/proc/${pid}/statm`).startsWith('0 ');
}

/**
 * Whether /proc keeps the processes of others from this user: its mount option `hidepid`, from which
 * root and the group of the option `gid` are exempt. https://man7.org/linux/man-pages/man5/proc.5.html
 */
function hidesProcesses() {
  const { geteuid, getgroups } = /** @type {any} */ (process);
  if (geteuid.call(process) === 0) return false;
  const mounted = /^\S+ \/proc proc (\S+)/gm;
  const mounts = readText('/proc/self/mounts');
  let last = ''; // of several over one another, the last is seen
  for (let match = mounted.exec(mounts); match !== null; match = mounted.exec(mounts)) last = match[1];
  const option = (name) => (new RegExp(`(?:^|,)${name}=([^,]+)`).exec(last) || [])[1];
  const isExempt = getgroups.call(process).includes(Number(option('gid') || NaN));
  return !['0', 'off', undefined].includes(option('hidepid')) && !isExempt;
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (_) {
    return '';
  }
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

/** @type {RegExp | null} */
let knownLine = null;

/** A line of /proc/PID/maps that is a segment or an object. */
function mappingLine() {
  if (knownLine === null) {
    const folder = realPath(binding.objectsFolder()).replace(/[^\w/]/g, '\\$&');
    knownLine = new RegExp(`^\\S+ \\S+ \\S+ (\\S+) (\\d+) +(/SYSV|${folder}/)`, 'gm');
  }
  return knownLine;
}

/** The folder as the kernel names it, or as it was named if it does not exist. */
function realPath(folder) {
  try {
    return fs.realpathSync(folder);
  } catch (_) {
    return folder;
  }
}

/** What tells a mapping: a segment's id is its inode; an object's name may have changed, its inode not. */
function sharedMappings(maps) {
  const found = new Set();
  const line = mappingLine();
  for (let match = line.exec(maps); match !== null; match = line.exec(maps)) {
    found.add(match[3] === '/SYSV' ? `sysv ${match[2]}` : `${match[1]} ${match[2]}`);
  }
  return found;
}

/** What tells memory from later memory of the same key; '' where the system does not tell of an object. */
function identityOf(status) {
  if (status.kind === 'sysv') return `sysv ${status.id}`;
  try {
    const { dev, ino } = fs.lstatSync(binding.objectsFolder() + status.key);
    const hex = (number) => number.toString(16).padStart(2, '0'); // two digits at least, as the kernel prints them
    // The kernel packs a device's minor number around its major one: https://man7.org/linux/man-pages/man3/makedev.3.html
    return `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))} ${ino}`;
  } catch (_) {
    return '';
  }
}

function nameOf(pid) {
  return readText(`/proc/${pid}/comm`).trim() || '?';
}

module.exports = { findProcesses, identityOf, readText };

'use strict';
// The executions of a compiled litmus test that ARMv8 allows, by its axiomatic model (Arm ARM DDI 0487, B2.3; Pulte et al.,
// Simplifying ARM Concurrency, POPL 2018; herd's aarch64.cat), as far as these tests need it: loads, stores, ldar, stlr,
// ldaxr + stlxr that succeed, swpal and its like, and dependencies.
//
// po is the order of a thread's accesses, rf leads from a write to the reads of it, co is the order of the writes to one
// place, fr leads from a read to the writes that are later than what it has read. An execution is allowed if
//
//   internal   po of one place, rf, co and fr go round in no circle
//   external   nor does ob, the order that all threads agree on
//   atomic     no write comes between the two halves of what reads and writes at once

/** One execution that ends as the test's condition says, as a text; null if ARMv8 allows none. */
function find(compiled) {
  const { accesses, demands, registers, test } = compiled;
  const places = Array.from(new Set(accesses.map(({ place }) => place)));
  const initial = new Map(places.map((place) => [place, { id: -1, thread: -1, place, isWrite: true, value: () => test.start[place] || 0 }]));
  const reads = accesses.filter(({ isWrite, partner }) => !isWrite && partner === undefined);
  const wanted = Object.keys(test.condition);
  for (const orders of product(places.map((place) => interleavings(accesses.filter((access) => access.isWrite && access.place === place))))) {
    const co = new Map(places.map((place, i) => [place, [initial.get(place)].concat(orders[i])]));
    for (const sources of product(reads.map((read) => co.get(read.place)))) {
      const rf = new Map(reads.map((read, i) => [read, sources[i]]));
      // What reads and writes at once reads what was written just before.
      for (const order of co.values()) order.forEach((write, i) => write.partner && rf.set(write.partner, order[i - 1]));
      const valueOf = valuesBy(rf);
      if (valueOf === null || !demands.every(({ read, value }) => valueOf(read) === value)) continue;
      const found = (name) => (registers[name] === undefined ? last(co.get(name)).value(valueOf) : valueOf(registers[name]));
      if (!wanted.every((name) => found(name) === test.condition[name])) continue;
      if (isAllowed(accesses, co, rf)) return describe(accesses, rf, valueOf);
    }
  }
  return null;
}

const last = (list) => list[list.length - 1];

/** What each read has read; null if a value would come out of itself. */
function valuesBy(rf) {
  const values = new Map();
  const underWay = new Set();
  const valueOf = (read) => {
    if (values.has(read)) return values.get(read);
    if (underWay.has(read)) throw CIRCLE;
    underWay.add(read);
    values.set(read, rf.get(read).value(valueOf));
    return values.get(read);
  };
  try {
    for (const read of rf.keys()) valueOf(read);
  } catch (error) {
    if (error !== CIRCLE) throw error;
    return null;
  }
  return valueOf;
}

const CIRCLE = new Error('a value comes out of itself');

function isAllowed(accesses, co, rf) {
  const size = accesses.length;
  const internal = graph(size);
  const external = graph(size);
  const isBefore = (one, other) => one.thread === other.thread && one.id < other.id;
  const communicate = (from, to) => {
    if (from.id < 0) return;
    internal[from.id].push(to.id);
    if (from.thread !== to.thread) external[from.id].push(to.id); // obs
  };
  for (const [read, write] of rf) {
    communicate(write, read);
    const order = co.get(read.place);
    for (const later of order.slice(order.indexOf(write) + 1)) if (later !== read.partner) communicate(read, later);
  }
  for (const order of co.values()) order.forEach((write, i) => order.slice(i + 1).forEach((later) => communicate(write, later)));
  for (const one of accesses) {
    for (const other of accesses) {
      if (!isBefore(one, other)) continue;
      if (one.place === other.place) internal[one.id].push(other.id);
      if (isLocallyOrdered(one, other, accesses)) external[one.id].push(other.id);
    }
  }
  return !hasCircle(internal) && !hasCircle(external);
}

/** Whether an access comes before a later one of its thread for all to see. */
function isLocallyOrdered(one, other, accesses) {
  // Barrier-ordered-before. What swpal and its like write is before all that follows, so they are full barriers.
  if (one.acquires || other.releases || (one.releases && other.acquires) || (one.isSingle && one.isWrite)) return true;
  // Dependency-ordered-before, and through the address of an access in between.
  if (other.address.includes(one) || other.data.includes(one)) return true;
  const between = accesses.filter(({ thread, id }) => thread === one.thread && id > one.id && id < other.id);
  if (other.isWrite && (other.control.includes(one) || between.some(({ address }) => address.includes(one)))) return true;
  const localWrite = (write) => write.isWrite && write.place === other.place && !between.some((next) => next.isWrite && next.id > write.id && next.place === other.place);
  if (!other.isWrite && between.some((write) => localWrite(write) && (write.address.includes(one) || write.data.includes(one)))) return true;
  // Atomic-ordered-before.
  if (one.partner === other) return true;
  if (!other.isWrite && other.acquires && one.isWrite && one.partner !== undefined && localWrite(one)) return true;
  // Local write successor.
  return other.isWrite && one.place === other.place;
}

const graph = (size) => Array.from({ length: size }, () => []);

function hasCircle(edges) {
  const state = new Uint8Array(edges.length); // 1: on the way, 2: done
  const visit = (node) => {
    state[node] = 1;
    for (const next of edges[node]) if (state[next] === 1 || (state[next] === 0 && visit(next))) return true;
    state[node] = 2;
    return false;
  };
  return edges.some((_, node) => state[node] === 0 && visit(node));
}

/** Each way to put the writes of a place in an order that keeps each thread's own. */
function interleavings(writes) {
  if (writes.length === 0) return [[]];
  const firsts = writes.filter((write) => !writes.some(({ thread, id }) => thread === write.thread && id < write.id));
  return [].concat(...firsts.map((first) => interleavings(writes.filter((write) => write !== first)).map((rest) => [first].concat(rest))));
}

/** Each way to choose one of each list. */
function* product(lists) {
  if (lists.length === 0) {
    yield [];
    return;
  }
  for (const first of lists[0]) for (const rest of product(lists.slice(1))) yield [first].concat(rest);
}

function describe(accesses, rf, valueOf) {
  return accesses.map((access) => {
    const { thread, place, isWrite } = access;
    return `${thread}: ${isWrite ? `${place} := ${access.value(valueOf)}` : `${place} is ${valueOf(access)}, from ${rf.get(access).thread < 0 ? 'the start' : `thread ${rf.get(access).thread}`}`}`;
  }).join('; ');
}

module.exports = { find };

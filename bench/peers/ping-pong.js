'use strict';
// 8 KB in place from one process to another and back, both of which look all the time: `node ping-pong.js Topic|Channel TRIPS`
// prints nanoseconds one way. With `alone` behind that, one thread is both sides: what is left is JavaScript's share.

const { fork } = require('child_process');
const shm = require('../..');

const [, , kind, trips, role] = process.argv;
const SIZE = 8192;
const isAlone = role === 'alone';
const isOther = role !== undefined && !isAlone;
const key = isOther ? role : `/shm-bench-ping-${process.pid}`;

const [there, back] = [key, `${key}-back`].map((name) => new shm[kind](name, { size: SIZE }));

/** The first and the last byte are written and read. */
function send(structure, value) {
  const loan = structure.tryLoan();
  loan.data[0] = value;
  loan.data[SIZE - 1] = value;
  if (kind === 'Topic') loan.publish();
  else loan.sendSync();
}

function receive(structure) {
  for (;;) {
    const received = structure.tryReceive();
    if (received === null) continue;
    const value = received.data[0] + received.data[SIZE - 1];
    received.release();
    return value;
  }
}

function play(count) {
  const from = isAlone ? there : back;
  for (let trip = 0; trip < count; trip++) {
    send(there, trip & 0x7f);
    receive(from);
  }
}

/** Prints what one of `ways` takes of each trip. */
function measure(ways) {
  play(10000);
  const start = process.hrtime();
  play(Number(trips));
  const [seconds, nanoseconds] = process.hrtime(start);
  console.log((seconds * 1e9 + nanoseconds) / Number(trips) / ways);
  there.destroy();
  back.destroy();
}

if (isOther) {
  there.tryReceive(); // a reader of a topic is one from its first call on
  process.send('ready', () => {
    for (;;) send(back, receive(there) & 0xff);
  });
} else if (isAlone) {
  there.tryReceive();
  measure(1);
} else {
  back.tryReceive();
  const child = fork(__filename, [kind, trips, key]);
  child.once('message', () => {
    measure(2);
    child.kill('SIGKILL');
  });
}

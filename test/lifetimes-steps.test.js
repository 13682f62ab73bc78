'use strict';
// Processes that have a transient object, open it and let go of it: one stops before each of its system calls, while
// others do something else, and goes on then. Whoever has memory has that under the name; the last one removes it.
// test/model/lifetimes.pml explores the same.

const { fork } = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('tape');
const { compiled, envWith } = require('./injected');
const { execPath, freshName, nextMessage, shm, until } = require('./support');

const { library, skip = false } = compiled();

/** How long a process may take that waits for the stopped one, before that goes on (milliseconds). */
const WAITS = 20;

/** A process that is told what to do. */
class User {
  static async start() {
    const env = envWith(library);
    const child = fork(path.join(__dirname, 'fixtures', 'user.js'), [], { env, execPath, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await nextMessage(child);
    return new User(child);
  }

  constructor(child) {
    this.child = child;
    this.answered = null;
    child.on('message', (found) => {
      const { answered } = this;
      this.answered = null;
      answered(found);
    });
  }

  get isBusy() {
    return this.answered !== null;
  }

  /** Resolves with what has come of it: `{ result, stoppedBefore }`. */
  do(act, argument, orders) {
    this.child.send({ act, argument, orders });
    return new Promise((resolve) => (this.answered = resolve));
  }

  isStopped() {
    return /^State:\tT/m.test(fs.readFileSync(`/proc/${this.child.pid}/status`, 'latin1'));
  }

  /** Resolves when it has stopped, or has done everything. */
  async stops() {
    await until(() => !this.isBusy || this.isStopped(), 'a process to stop');
  }

  goOn() {
    this.child.kill('SIGCONT');
  }
}

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What is there at the beginning, what the one does that stops, and what the other does meanwhile. */
const stories = [
  { title: 'two let go', there: ['one', 'other'], one: 'leave', other: ['leave'] },
  { title: 'who lets go, and who opens it', there: ['one'], one: 'leave', other: ['open'] },
  { title: 'who lets go, and who gets it', there: ['one'], one: 'leave', other: ['get'] },
  { title: 'who lets go, and who does so and opens it anew', there: ['one', 'other'], one: 'leave', other: ['leave', 'open'] },
  { title: 'who lets go, and who destroys and opens it', there: ['one'], one: 'leave', other: ['destroy', 'open'] },
  { title: 'who opens it, and who lets go', there: ['other'], one: 'open', other: ['leave'] },
  { title: 'who gets it, and who lets go and opens it anew', there: ['other'], one: 'get', other: ['leave', 'open'] },
  { title: 'two that open what is not there', there: [], one: 'open', other: ['open'] },
  { title: 'who makes it, and who opens it and lets go', there: [], one: 'open', other: ['open', 'leave'] },
  { title: 'who replaces what was left, and who opens it', there: ['orphan'], one: 'create', other: ['open'] },
  { title: 'who replaces what was left, and who opens it and lets go', there: ['orphan'], one: 'open', other: ['open', 'leave'] },
];

/** An object as a process leaves it that is killed. */
function orphan(name) {
  shm.create(8, 'Uint8Array', name);
  shm.detach(name);
  fs.chmodSync(`/dev/shm${name}`, 0o1660);
}

/** Tells a story with a stop before the call number `left`; what went wrong, and before which call it was. */
async function tell(story, users, left, noLease) {
  const name = freshName();
  const wrong = [];
  for (const who of story.there) {
    if (who === 'orphan') orphan(name);
    else await users[who].do('open', name);
  }
  const { one, other } = users;
  const stopping = one.do(story.one, name, { left, stop: true, noLease });
  await one.stops();
  const meanwhile = (async () => {
    for (const act of story.other) {
      const { result } = await other.do(act, name, { noLease });
      if (typeof result === 'string') wrong.push(`${act}: ${result}`);
    }
  })();
  await Promise.race([meanwhile, later(WAITS)]);
  one.goOn();
  const { result, stoppedBefore } = await stopping;
  if (typeof result === 'string') wrong.push(`${story.one}: ${result}`);
  await meanwhile;
  await one.do('write', 1);
  await other.do('write', 2);
  const [first, second] = [(await one.do('read')).result, (await other.do('read')).result];
  if (first === 1 && second === 2) wrong.push('they have different memory');
  for (const who of ['one', 'other']) if (!(await users[who].do('isCurrent')).result) wrong.push(`${who} has memory that has no name any more`);
  for (const who of ['one', 'other']) await users[who].do('leave', name);
  if (shm.stat(name) !== null) wrong.push('the name is left');
  shm.destroy(name);
  return { wrong, stoppedBefore };
}

test('each step of who has a transient object, while another has, opens or leaves it', { skip }, async (t) => {
  const users = { one: await User.start(), other: await User.start() };
  // Without a lease first: with one a break is slow, since the kernel is asked again and again.
  for (const noLease of [true, false]) {
    for (const story of stories) {
      const found = [];
      let stops = 0;
      for (let left = 1; ; left++) {
        const { wrong, stoppedBefore } = await tell(story, users, left, noLease);
        if (stoppedBefore === '') break;
        stops++;
        if (wrong.length > 0) found.push(`before ${stoppedBefore} (call ${left}): ${wrong.join(', ')}`);
      }
      t.deepEqual(found, [], `${story.title}${noLease ? ', without a lease' : ''}: ${stops} stops`);
    }
  }
  Object.values(users).forEach(({ child }) => child.disconnect());
});

test('destroy removes no name that somebody else is about to remove', { skip }, async (t) => {
  const name = freshName();
  const [one, other] = [await User.start(), await User.start()];
  await one.do('open', name);
  const destroying = other.do('destroy', name, { left: 1, only: 'fcntl', stop: true });
  await other.stops();
  t.ok(other.isStopped(), 'before it has locked what it has found');
  // With a lease it would not let go of a name for which another one has the file open.
  await one.do('leave', name, { noLease: true });
  await one.do('open', name);
  const leaving = one.do('leave', name, { left: 1, only: 'unlink', stop: true, noLease: true });
  await one.stops();
  t.ok(one.isStopped(), 'another one has the name by now, and its last user is about to remove it');
  other.goOn();
  await later(WAITS);
  t.ok(other.isBusy && shm.stat(name) !== null, 'for that one it waits');
  one.goOn();
  t.equal((await leaving).result, 0);
  t.equal((await destroying).result, false);
  t.equal(shm.stat(name), null);
  [one, other].forEach(({ child }) => child.disconnect());
});

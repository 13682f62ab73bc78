'use strict';
// A model of native/threads.rs: a thread sleeps for the words of its waits and for a bell; waits are
// started and cancelled while it does, and a notifier changes a word at any moment. Every wait must
// be delivered, once.

/** What the watching thread does, by where it is. */
const watch = {
  hear(state) {
    Object.assign(state.thread, { bell: state.bell, at: 'look' });
  },
  look(state) {
    Object.assign(state.thread, { waits: state.waits.slice(), at: 'sleep' });
  },
  sleep(state) {
    const { bell, waits } = state.thread;
    const same = bell === state.bell && waits.every(() => state.word === 0);
    Object.assign(state.thread, { woken: false, at: same ? 'asleep' : 'settle' });
  },
  settle(state) {
    for (const wait of state.thread.waits) {
      const isThere = state.waits.includes(wait);
      if (isThere && (state.thread.woken || state.word !== 0)) deliver(state, wait);
    }
    Object.assign(state.thread, { waits: [], woken: false, at: 'hear' });
  },
};

/** What the JavaScript thread and the notifier do, in this order each. */
const scripts = {
  javaScript: [
    (state) => state.waits.push(1),
    ring,
    (state) => state.waits.push(2),
    ring,
    (state) => state.waits.includes(2) && deliver(state, 2), // cancelled
    ring,
  ],
  notifier: [
    (state) => (state.word = 1),
    (state) => {
      const { thread } = state;
      if (thread.at === 'asleep' && thread.waits.length > 0) Object.assign(thread, { woken: true, at: 'settle' });
    },
  ],
};

function ring(state) {
  state.bell++;
  if (state.thread.at === 'asleep') state.thread.at = 'settle';
}

function deliver(state, wait) {
  state.waits = state.waits.filter((other) => other !== wait);
  state.delivered.push(wait);
}

const threadsModel = {
  start: {
    word: 0, bell: 0, waits: [], delivered: [], javaScript: 0, notifier: 0,
    thread: { at: 'hear', bell: 0, waits: [], woken: false },
  },
  steps(state) {
    const steps = [];
    const add = (name, act) => {
      const next = JSON.parse(JSON.stringify(state));
      act(next);
      steps.push([name, next]);
    };
    if (watch[state.thread.at] !== undefined) add(`thread: ${state.thread.at}`, watch[state.thread.at]);
    for (const who of Object.keys(scripts)) {
      const act = scripts[who][state[who]];
      if (act !== undefined) {
        add(`${who} ${state[who]}`, (next) => {
          act(next);
          next[who]++;
        });
      }
    }
    return steps;
  },
  broken: ({ delivered }) => (new Set(delivered).size < delivered.length ? 'delivered twice' : ''),
  isEnd: ({ delivered, javaScript, notifier }) => delivered.length === 2 && javaScript === 6 && notifier === 2,
};

module.exports = { threadsModel };

'use strict';
// A thread's mailbox: a list of those of its requests that others have changed, and a word to sleep on. Who has the
// mutex puts on the list; the thread takes it without.

const { CHANGES, FIRST_NEWS, IS_NEWS, MAILBOX, NEXT_NEWS } = require('./layout');

/** Puts a request on the list of its mailbox, whose thread is woken after the mutex has been given back. */
function tell(table, request) {
  const { words } = table;
  const at = table.at(request);
  const mailbox = words[at + MAILBOX] - 1;
  if (mailbox < 0 || mailbox >= table.requests) return;
  if (Atomics.exchange(words, at + IS_NEWS, 1) === 0) {
    const list = table.at(mailbox) + FIRST_NEWS;
    for (let first = Atomics.load(words, list); ; ) {
      words[at + NEXT_NEWS] = first;
      const found = Atomics.compareExchange(words, list, first, request + 1);
      if (found === first) break;
      first = found;
    }
  }
  table.told.add(table.at(mailbox) + CHANGES);
}

/** Calls `take(request)` for each request that a mailbox has news of, the oldest first. It needs no mutex. */
function takeNews(table, mailbox, take) {
  const { words } = table;
  const found = [];
  let next = Atomics.exchange(words, table.at(mailbox) + FIRST_NEWS, 0);
  while (next > 0 && next <= table.requests && found.length < table.requests) {
    found.push(next - 1);
    next = words[table.at(next - 1) + NEXT_NEWS];
  }
  for (const request of found.reverse()) {
    Atomics.store(words, table.at(request) + IS_NEWS, 0); // before the state is looked at
    take(request);
  }
}

module.exports = { takeNews, tell };

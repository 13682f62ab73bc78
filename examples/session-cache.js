'use strict';
// Sessions that all processes of a server see, and that expire by themselves.
//
//   node examples/session-cache.js

const { fork } = require('child_process');
const shm = require('shm-typed-array');

const MINUTES = 60000;

/** Sessions by their id, as objects. */
class Sessions {
  constructor(name) {
    this.map = new shm.SharedMap(name, { bytes: 64e6, evict: true, ttl: 20 * MINUTES });
  }

  create(id, session) {
    return this.map.add(id, session);
  }

  /** A session that is used lives for another 20 minutes. */
  find(id) {
    this.map.touch(id, 20 * MINUTES);
    return this.map.get(id);
  }

  /** Whatever others change at the same time, nothing is lost: `change` is called again then. */
  change(id, change) {
    return this.map.update(id, (session) => session && change(session));
  }

  end(id) {
    return this.map.delete(id);
  }
}

if (process.argv[2] === undefined) {
  const name = `/sessions-${process.pid}`;
  const sessions = new Sessions(name);
  sessions.create('s1', { user: 'ada', visits: 0 });
  let working = 4;
  for (let child = 0; child < working; child++) {
    fork(__filename, [name]).on('exit', () => {
      if (--working > 0) return;
      console.log(sessions.find('s1'), sessions.find('s2'));
      sessions.map.destroy();
    });
  }
} else {
  const sessions = new Sessions(process.argv[2]);
  for (let visit = 0; visit < 1000; visit++) {
    sessions.change('s1', (session) => Object.assign(session, { visits: session.visits + 1 }));
  }
}

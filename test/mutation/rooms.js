'use strict';
// Which tests can notice what is broken in a file: by the beginning of its path, the longest that fits. Files of test/
// without `.test.js`, or a command with its arguments. The quickest come first; what noticed a mutation the last time
// comes before them.

const fs = require('fs');
const path = require('path');

const waits = ['wait-options', 'wait', 'wait-terminated', 'left-behind', 'wait-ends', 'wait-detach', 'threads', 'lesser-waits'];
const mutex = ['mutex-steps', 'mutex', 'mutex-waiters', 'mutex-run'];
const channel = ['sleeping-steps', 'look-ups', 'channel-calls', 'channel', 'channel-waits', 'channel-consume', 'channel-deaths', 'channel-stopped', 'channel-users', 'channel-failures'];
const map = ['map-readers', 'map-halfway', 'map-steps', 'map', 'map-interrupted', 'map-model', 'map-compute', 'map-forged'];
const locks = ['sleeping-steps', 'locks', 'locks-order', 'locks-ended', 'locks-user', 'locks-halfway', 'locks-failures', 'locks-adverse'];
const memory = ['create', 'get', 'get-or-create', 'detach', 'unfinished', 'faults', 'exit', 'lifetimes', 'orphans'];
const files = ['file', 'file-use', 'file-errors', 'file-tables', 'file-promises'];

const rooms = {
  'lib/mutex/': [...mutex, 'sleeping-steps', ...explorers('mutex'), 'topic', 'topic-use', 'channel-deaths', 'map-interrupted', 'locks', 'current'],
  'lib/wait/': waits,
  'lib/structures/spin.js': ['channel-sleepers'],
  'lib/structures/in-hand.js': ['left-behind', 'sleeping-steps', ...channel],
  'lib/structures/': ['sleeping-steps', 'look-ups', 'channel-calls', 'channel-waits', 'channel', 'topic-use', 'channel-users', 'opening', 'detach-halfway', 'locks', 'channel-deaths', 'topic', 'current', ...explorers('channel')],
  'lib/channel/recovery.js': ['sleeping-steps', 'channel-deaths', 'channel-waits', ...explorers('channel'), ...channel],
  'lib/channel/': [...channel, 'polling', ...explorers('channel')],
  'lib/topic/': ['sleeping-steps', 'look-ups', 'topic-use', 'topic', 'topic-steps', 'current', 'cli-structures', ...explorers('topic')],
  'lib/map/lock.js': ['map-interrupted', 'map-steps', 'map', ...explorers('map'), 'map-compute'],
  'lib/map/claims.js': ['map-compute', ...map],
  'lib/map/compute.js': ['map-compute', ...map],
  'lib/map/': [...map, 'current', ...explorers('map')],
  'lib/locks/': [...locks, ...explorers('locks')],
  'lib/memory/': [...memory, 'keys', 'options', 'current', 'stat', 'copies'],
  'lib/file/': files,
  'lib/runtime/late-look.js': ['left-behind', 'wait-terminated', 'channel-sleepers'],
  'lib/runtime/': ['copies', 'threads', 'overlay', 'exit', 'loader', 'places', 'shared', ...memory],
  'lib/arrays/': ['arguments', 'intrinsics', 'detach', 'shared'],
  'test/': ['run'],
  'native/sync/watch': ['lesser-waits', 'wait-ends', 'threads'],
  'native/sync/table.rs': ['wait-ends', 'wait-detach', 'wait', 'lesser-waits', 'threads'],
  'native/sync/ring_waits.rs': ['wait-ends', 'wait', 'threads', 'exit'],
  'native/sync/queued_wait.rs': ['wait-terminated', 'threads', 'wait-ends', 'cargo test --locked queued_wait'],
  'native/sync/waits.rs': ['wait', 'wait-ends', 'lesser-waits'],
  'native/sync/word.rs': ['wait', 'wait-detach', 'cargo test --locked word'],
  'native/sync/owner.rs': ['mutex', 'owners', 'cargo test --locked owner'],
  'native/sys/unix/owners.rs': ['mutex', 'owners', 'places'],
  'native/sys/unix/mapping_reserve.rs': ['limits', 'detach', 'faults'],
  'native/sys/unix/zeros.rs': ['limits', 'detach', 'overlay', 'faults'],
  'native/sys/unix/host.rs': ['exit', 'cargo test --locked host'],
  'native/sys/linux/claims.rs': ['lifetimes-steps', 'lifetimes', 'faults', 'orphans', 'lifetimes-lease'],
  'native/sys/linux/users.rs': ['lifetimes-steps', 'lifetimes', 'orphans', 'lifetimes-lease'],
  'native/memory/layout.rs': ['get', 'cargo test --locked layout'],
  'native/memory/posix.rs': ['create', 'get-or-create', 'lifetimes', 'limits', 'faults', 'get'],
  'native/memory/transient.rs': ['lifetimes', 'exit'],
  'native/memory/sysv.rs': ['create', 'get', 'lifetimes', 'faults', 'keys'],
  'native/memory/': ['create', 'get', 'detach', 'unfinished', 'threads', 'exit', 'unreachable', 'faults', 'cargo test --locked registry'],
  'native/node/': ['detach', 'unreachable', 'wait', 'threads', 'shared'],
  'native/': ['create', 'get', 'detach', 'wait', 'file', 'file-use'],
};

/** What explores the real code of a class, where it is. */
function explorers(name) {
  return fs.existsSync(path.join(__dirname, '..', 'explorer', `${name}.js`)) ? [`node test/explorer/run.js ${name}`] : [];
}

function testsFor(file) {
  const room = Object.keys(rooms).filter((start) => file.startsWith(start)).sort((one, other) => other.length - one.length)[0];
  if (room === undefined) throw new Error(`rooms.js names no tests for ${file}`);
  return rooms[room];
}

module.exports = { testsFor };

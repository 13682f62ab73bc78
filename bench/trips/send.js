'use strict';
// The same by what Node.js has: process.send, with JSON.

const { isOther, key, play, start } = require('./trip');

if (isOther) {
  process.on('message', (message) => process.send(message));
  process.send('ready');
} else {
  const data = 'x'.repeat(64);
  const child = start(key);
  const trip = () =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send(data);
    });
  play(child, trip, () => {});
}

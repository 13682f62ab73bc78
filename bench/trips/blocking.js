'use strict';
// A request and its reply by channels and blocking calls.

const { isOther, key, play, start } = require('./trip');
const shm = require('../..');

const requests = new shm.Channel(key, { size: 64 });
const replies = new shm.Channel(`${key}-replies`, { size: 64 });
const data = Buffer.alloc(64, 1);

function answer() {
  for (;;) {
    const length = requests.receiveIntoSync(data);
    replies.sendSync(data.subarray(0, length));
  }
}

if (isOther) process.send('ready', answer);
else {
  const trip = () => {
    requests.sendSync(data);
    replies.receiveIntoSync(data);
  };
  play(start(key), trip, () => [requests, replies].forEach((channel) => channel.destroy()));
}

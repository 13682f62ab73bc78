'use strict';
// A GPU canvas: destructured calls; a renderer fills the frame; a resize detaches by force and creates anew

const { fork } = require('child_process');
const { create: shmCreate, detach: shmDetach, get: shmGet } = require('shm-typed-array');

if (process.argv[2] === 'renderer') {
  process.on('message', ({ frame, colour }) => {
    const pixels = shmGet(frame, 'Uint8ClampedArray');
    pixels.fill(colour);
    process.send({ length: pixels.length, last: pixels[pixels.length - 1], left: shmDetach(frame) });
  });
} else {
  const renderer = fork(__filename, ['renderer']);
  const sizes = [[64, 48], [128, 96], [32, 32]];
  const client = { frame: shmCreate(80 * 60 * 3 / 2) };
  (function draw() {
    const size = sizes.shift();
    if (size === undefined) {
      renderer.kill();
      console.log(shmDetach(client.frame.key, true), shmDetach(123456789, false));
      return;
    }
    const [width, height] = size;
    if (client.frame.byteLength !== width * height * 3 / 2) {
      console.log('resize', shmDetach(client.frame.key, true));
      client.frame = shmCreate(width * height * 3 / 2);
    }
    renderer.once('message', (result) => {
      const whole = new Uint8Array(client.frame.buffer);
      console.log(result, whole.length, whole[0], client.frame.byteOffset, typeof client.frame.key);
      draw();
    });
    renderer.send({ frame: client.frame.key, colour: width > 100 ? 300 : 99.5 });
  })();
}

'use strict';
// Frames of a camera, 1080p, from a Python program (examples/python/frames.py): each is shown where it is, none is
// copied, and who is slow is told what it has missed.
//
//   node examples/camera.js [frames] [python]

const { spawn } = require('child_process');
const path = require('path');
const shm = require('..');

const [WIDTH, HEIGHT, COLOURS] = [1920, 1080, 3];

async function main(count, python) {
  const key = `/example-camera-${process.pid}`;
  const video = new shm.Topic(key, { size: WIDTH * HEIGHT * COLOURS, history: 1, readers: 4 });
  process.on('exit', () => shm.destroy(key));
  const script = path.join(__dirname, 'python', 'frames.py');
  const camera = spawn(python, [script, 'publish', key, String(count)], { stdio: 'inherit' });
  camera.on('exit', () => video.close());
  camera.on('error', (error) => {
    console.error(`${python}: ${error.message}`);
    process.exit(1);
  });
  let [frames, missed, wrong] = [0, 0, 0];
  for await (const frame of video) {
    frames++;
    missed += frame.missed;
    // Every pixel of the camera's has the frame's number, modulo 256.
    const first = frame.data[0];
    if (first !== frame.sequence % 256 || frame.data[frame.length - 1] !== first) wrong++;
  }
  console.log(`${frames} frames seen, ${missed} missed, ${wrong} wrong`);
}

main(Number(process.argv[2] || 100), process.argv[3] || 'python3');

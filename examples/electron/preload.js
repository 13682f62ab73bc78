'use strict';
// Runs in the window's process, beside its page but in a world of its own. The shared array stays in
// this world: what crosses to the page through contextBridge is copied, and shared memory is not
// shared any more once it is copied. So what touches the samples is drawn from here; the page's DOM
// is the same in both worlds.

const { ipcRenderer } = require('electron');
const shm = require('shm-typed-array');

let frames = 0;

function draw(canvas, samples) {
  const { width, height } = canvas;
  const context = canvas.getContext('2d');
  context.clearRect(0, 0, width, height);
  context.beginPath();
  samples.forEach((sample, i) => context.lineTo((i / samples.length) * width, ((1 - sample) / 2) * height));
  context.stroke();
  ipcRenderer.send('drawn', ++frames, Math.max(...samples));
  requestAnimationFrame(() => draw(canvas, samples));
}

window.addEventListener('DOMContentLoaded', async () => {
  const samples = shm.get(await ipcRenderer.invoke('samples-key'), 'Float32Array');
  draw(document.querySelector('canvas'), samples);
});

'use strict';
// The main process computes a wave, 60 times a second, into shared memory. The window draws it from
// there: no message carries the samples.

const { app, BrowserWindow, ipcMain } = require('electron');
const path = require('path');
const shm = require('shm-typed-array');

const SAMPLES = 1024;
const samples = shm.create(SAMPLES, 'Float32Array');

function compute() {
  const seconds = Date.now() / 1000;
  for (let i = 0; i < SAMPLES; i++) {
    const x = i / SAMPLES;
    samples[i] = Math.sin(20 * x + 3 * seconds) * Math.cos(3 * x - seconds);
  }
}

function open() {
  const window = new BrowserWindow({
    width: 800,
    height: 300,
    webPreferences: {
      preload: path.join(__dirname, 'preload.js'),
      // The preload script loads a native addon, which takes Node in it. The page has none.
      sandbox: false,
      contextIsolation: true,
      nodeIntegration: false,
    },
  });
  ipcMain.handle('samples-key', () => samples.key);
  // With SHM_EXAMPLE_FRAMES this is a test: it ends after so many frames.
  ipcMain.on('drawn', (_event, frames, peak) => {
    if (frames !== Number(process.env.SHM_EXAMPLE_FRAMES)) return;
    console.log(`drawn ${frames} frames, highest sample ${peak.toFixed(3)}`);
    clearInterval(timer);
    app.exit(peak > 0 ? 0 : 1);
  });
  const timer = setInterval(compute, 1000 / 60);
  window.on('closed', () => clearInterval(timer));
  window.loadFile(path.join(__dirname, 'index.html'));
}

app.on('ready', open);
app.on('window-all-closed', () => app.quit());
// The window's process may outlive this one by a moment, so nobody would be the last to detach.
app.on('quit', () => shm.destroy(samples.key));

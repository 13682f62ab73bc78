'use strict';
// A terminal that is drawn on until a key or a signal ends it, and is then as it was before.
// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html

// Another screen, without cursor and without wrapping of long lines; and back.
const BEGIN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const END = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const QUIT = ['q', 'Q', CTRL_C, CTRL_D];
const SIGNALS = /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** Whether there is a terminal to draw on and to read keys from. */
function isTerminal() {
  return Boolean(process.stdin.isTTY && process.stdout.isTTY) && process.env.TERM !== 'dumb';
}

/**
 * Draws what `lines({ columns, rows })` returns, at once, every `interval` milliseconds after `next()`, and when the
 * terminal gets another size. Fulfilled when the user ends it.
 */
async function show(interval, next, lines) {
  const { stdin, stdout } = process;
  const draw = () => {
    const { columns = 80, rows = 24 } = stdout;
    // A terminal whose size was never set has none.
    const shown = lines({ columns: columns || 80, rows: rows || 24 }).slice(0, rows || 24);
    stdout.write(HOME + shown.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_REST);
  };
  const restore = () => {
    process.removeListener('exit', restore);
    stdin.setRawMode(false);
    stdout.write(END);
  };
  process.on('exit', restore);
  stdin.setRawMode(true);
  stdout.write(BEGIN);
  let timer;
  let redraw;
  /** @type {NodeJS.Signals | null} */
  let signal = null;
  try {
    await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
      // The terminal is given back before an error is told, whatever has called.
      const orReject = (action) => () => {
        try {
          action();
        } catch (error) {
          reject(error);
        }
      };
      const step = orReject(() => {
        next();
        draw();
      });
      redraw = orReject(draw);
      SIGNALS.forEach((name) => process.on(name, () => {
        signal = name;
        resolve();
      }));
      stdout.on('resize', redraw);
      stdin.on('end', resolve);
      stdin.on('data', (keys) => {
        if (Array.from(String(keys)).some((key) => QUIT.includes(key))) resolve();
      });
      timer = setInterval(step, interval);
      step();
    }));
  } finally {
    clearInterval(timer);
    stdin.pause();
    stdout.removeListener('resize', redraw);
    restore();
  }
  SIGNALS.forEach((name) => process.removeAllListeners(name));
  if (signal !== null && signal !== 'SIGINT') process.kill(process.pid, signal);
}

module.exports = { isTerminal, show };

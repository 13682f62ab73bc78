'use strict';
// Looks, a moment after a call, whether it has left something. A script can be ended by force in the middle of a call (a
// timeout of `vm`, Ctrl-C in the REPL): no `finally` runs then.

const clock = require('./clock');

/** After so many milliseconds: about as long as it takes to notice a death. */
const LOOK_AFTER = 100;

/** Calls `look()` a moment after `set()`, which keeps no process alive; to be set where it is not set yet. */
function lateLook(look) {
  const late = { isSet: false, set };

  function set() {
    const timer = clock.setTimeout(() => {
      late.isSet = false;
      look();
    }, LOOK_AFTER);
    late.isSet = true; // not before: where there is no stack for a timer, the next call sets it
    timer.unref();
  }

  return late;
}

module.exports = { lateLook };

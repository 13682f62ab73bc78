/*
 * Waking one of many (Takers in lib/structures/sleepers.js). The word counts things; its lowest bit says that somebody may
 * sleep. Whoever makes a thing wakes all and clears the bit, or wakes one and leaves it, as it likes: programs in other
 * languages wake all. A taker takes one thing. Its call may end while its thread sleeps on; a taker that was woken may
 * die before it takes, and a maker before it wakes: then who sleeps looks up from time to time. run.js sets the switches,
 * and breaks one step at a time (BREAK_…) to see that it is caught.
 */

#ifndef TAKERS
#define TAKERS 3
#endif
#ifndef MAKERS
#define MAKERS 2
#endif
#ifndef EACH
#define EACH 1          /* how many things each maker makes */
#endif
#ifndef ENDS
#define ENDS 0          /* how many calls end while their threads sleep */
#endif
#ifndef DEATHS
#define DEATHS 0        /* of takers and makers */
#endif

byte things, word;      /* word = count × 2 + bit */
byte making = MAKERS;
byte ends, deaths;
bool wants[3];          /* who has a call that waits */

/* The kernel: who sleeps. */
bool asleep[3];

/* Wakes any one; `woken` says if there was one. */
inline wakeOne() {
  atomic {
    if
    :: asleep[0] -> asleep[0] = false; woken = true
    :: asleep[1] -> asleep[1] = false; woken = true
    :: asleep[2] -> asleep[2] = false; woken = true
    :: else -> woken = false
    fi
  }
}

inline wakeAll() {
  atomic { asleep[0] = false; asleep[1] = false; asleep[2] = false }
}

inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; goto end }
  :: true
  fi
}

proctype make() {
  byte n, value;
  bool woken;
  for (n : 1 .. EACH) {
    if
    :: atomic { value = word; word = (word | 1) + 1; things++ };
      mayDie();
      if
      :: value & 1 -> wakeAll()
      :: else
      fi
#ifdef BREAK_ONE_CLEARS
    :: atomic { value = word; word = (word | 1) + 1; things++ };
#else
    :: atomic { value = word; word = word + 2; things++ };
#endif
      mayDie();
      if
      :: value & 1 ->
        wakeOne();
        if
        :: !woken ->
          value = word;
          if
          :: value & 1 ->
            atomic {
              if
              :: word == value -> word = value & 254
              :: else -> value = 0
              fi
            };
            mayDie();
#ifdef BREAK_CLEARED_FOR_ONE
            if
            :: value & 1 -> wakeOne()
            :: else
            fi
#else
#ifndef BREAK_CLEARED_SILENTLY
            if
            :: value & 1 -> wakeAll()           /* who went to sleep meanwhile marks the word again */
            :: else
            fi
#endif
#endif
          :: else
          fi
        :: else
        fi
      :: else
      fi
    fi;
    atomic { value = 0; woken = false }
  };
end:
  making--
}

proctype take(byte me) {
  byte value;
  bool woken;
  wants[me] = true;
  do
  :: true ->
    atomic { if :: things > 0 -> things--; break :: else fi };   /* looks for a moment first */
    atomic { word = word | 1; value = word };
    atomic { if :: things > 0 -> things--; break :: else fi };
    atomic {
      if
      :: word == value -> asleep[me] = true     /* futex: only if it still holds the value */
      :: else
      fi
    };
end_asleep:
    if
    :: !asleep[me] -> mayDie()
    :: atomic { asleep[me] && ends < ENDS -> ends++; wants[me] = false; goto end_over }
#ifndef BREAK_NO_LOOK_UP
    :: asleep[me] && deaths > 0 && making == 0 -> asleep[me] = false   /* looks up */
#endif
    fi
  od;
  goto end;
end_over:
  !asleep[me];                                  /* woken for a call that is over */
#ifndef BREAK_NOT_PASSED_ON
  wakeOne();
#endif
end:
  atomic { wants[me] = false; value = 0; woken = false }
}

/* In the end nobody waits for what is there. */
active proctype judge() {
end:
  atomic { timeout -> assert(things == 0 || !(wants[0] || wants[1] || wants[2])) }
}

init {
  byte i;
  atomic {
    for (i : 0 .. TAKERS - 1) { run take(i) };
    for (i : 1 .. MAKERS) { run make() }
  }
}

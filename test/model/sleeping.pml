/*
 * Sleeping on a word that counts changes (lib/structures/condition.js): its lowest bit says that somebody may sleep. Takers
 * sleep until there is something, makers make it, count and wake. A maker may die before any step; who sleeps looks
 * up from time to time. It leaves out: calls that wait without blocking, in their order (test/channel-waits.test.js),
 * timeouts, a look before the sleep, a count that begins again at 0, waking one of many (takers.pml). test/explorer runs
 * the code itself, where nobody looks up. Accesses are never reordered: test/model/arm/structures.litmus. run.js sets the switches, and breaks one step at a time (BREAK_…) to see that it is caught.
 */

#ifndef TAKERS
#define TAKERS 2
#endif
#ifndef MAKERS
#define MAKERS 2
#endif
#ifndef EACH
#define EACH 1          /* how many things each maker makes */
#endif
#ifndef DEATHS
#define DEATHS 0        /* of makers; then who sleeps looks up */
#endif
#ifndef COUNTED
#define COUNTED 1       /* 1: the word counts only marked changes (FREED); 0: it is the position itself (HEAD) */
#endif
#ifndef CLOSES
#define CLOSES 0        /* 1: in the end it is closed */
#endif

byte things, word;      /* word = count × 2 + bit */
bool closed;
byte making = MAKERS;
byte deaths;

/* The kernel: who sleeps. */
bool asleep[TAKERS];

inline wakeAll() {
  atomic {
    for (who : 0 .. TAKERS - 1) {
#ifdef BREAK_WAKE_ONE
      if
      :: asleep[who] -> asleep[who] = false; break
      :: else
      fi
#else
      asleep[who] = false
#endif
    };
    who = 0
  }
}

inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; goto end }
  :: true
  fi
}

proctype make() {
  byte n, value, who;
  for (n : 1 .. EACH) {
#if COUNTED
#ifdef BREAK_COUNTED_FIRST
    value = word;
    if
    :: value & 1 -> atomic { if :: word == value -> word = value + 1 :: else fi }; wakeAll()
    :: else
    fi;
    things++
#else
    things++;                                   /* a slot is free */
    mayDie();
    value = word;
    if
    :: value & 1 ->
      atomic {
        if
        :: word == value -> word = value + 1
        :: else -> value = 0
        fi
      };
      mayDie();
      if
      :: value & 1 -> wakeAll()
      :: else
      fi
    :: else
    fi
#endif
#else
#ifdef BREAK_PLAIN_STORE
    value = word;                               /* a mark made here is lost */
    atomic { word = (value | 1) + 1; things++ };
#else
    atomic { value = word; word = (word | 1) + 1; things++ };   /* exchange: HEAD is what tells of it */
#endif
    mayDie();
    if
    :: value & 1 -> wakeAll()
    :: else
    fi
#endif
  };
end:
  making--
}

proctype take(byte me) {
  byte value, who;
  do
  :: true ->
#ifdef BREAK_LOOKED_FIRST
    atomic { if :: things > 0 -> things--; break :: closed -> break :: else fi };
#endif
#ifdef BREAK_NOT_MARKED
    value = word;
#else
    atomic { word = word | 1; value = word };
#endif
#ifndef BREAK_LOOKED_FIRST
    atomic { if :: things > 0 -> things--; break :: closed -> break :: else fi };
#endif
    atomic {
      if
#ifdef BREAK_SLEEP_UNSEEN
      :: asleep[me] = true
#else
      :: word == value -> asleep[me] = true     /* futex: only if it still holds the value */
      :: else
#endif
      fi
    };
    if
    :: !asleep[me]
#ifndef BREAK_NO_LOOK_UP
    :: asleep[me] && DEATHS > 0 && making == 0 -> asleep[me] = false   /* looks up */
#endif
    fi
  od;
#ifndef BREAK_END_KEPT
  if
  :: closed -> word = word & 254; wakeAll()     /* whom close() has missed, as this one had marked the word */
  :: else
  fi
#endif
}

proctype close() {
  byte who;
#if CLOSES
  closed = true;
  word = word & 254;
  wakeAll()
#endif
}

init {
  byte i;
  atomic {
    for (i : 0 .. TAKERS - 1) { run take(i) };
    for (i : 1 .. MAKERS) { run make() };
    if
    :: CLOSES -> run close()
    :: else
    fi
  }
}

/*
 * The lock of lib/mutex/lock.js, as it acts on the shared word. Each access to shared memory is one step (atomic);
 * between two of them a process may be slow for as long as it likes, or be killed. Comments name the code.
 * It leaves out: a lock that its own thread has left behind, or abandons (test/map-interrupted.test.js), a name that leads
 * elsewhere by now (test/current.test.js), a detach (test/mutex-waiters.test.js). Accesses are never reordered:
 * test/model/arm/mutex.litmus.
 * run.js sets the switches, and breaks one step at a time (BREAK_…) to see that it is caught.
 */

#ifndef PROCESSES
#define PROCESSES 3     /* how many compete: 2 or 3 */
#endif
#ifndef SHARED
#define SHARED 0        /* 1: the first two are tasks of one thread, as with lock */
#endif
#ifndef ROUNDS
#define ROUNDS 1        /* how often the first one locks, the others once; 0: all of them for ever */
#endif
#ifndef DEATHS
#define DEATHS 0        /* how many threads are killed, each at any moment */
#endif
#ifndef TURNS
#define TURNS 0         /* MAX_TURNS; 0: they are not counted */
#endif
#ifndef SLICES
#define SLICES 0        /* 0: nobody looks up from sleep; 1: after HANDED_ON_FOR; 2: after OWNER_CHECK_INTERVAL, too;
                           3: as sleepers.js ends waits, which is only if nobody else would */
#endif
#ifndef GIVE_UP
#define GIVE_UP 0       /* 1: the second has deadlines and signals that end its lock without it */
#endif
#ifndef TRY
#define TRY 0           /* 1: tryLock now and then */
#endif

/* The word: the owner's number, and two bits. */
#define OWNER     3
#define HANDED_ON 4
#define CONTENDED 8
byte word;
#define ownerOf(value) (value & OWNER)

/* The kernel: who sleeps for the word, the longest first, and which threads are dead. */
chan asleep = [PROCESSES] of { byte };
bool dead[4];

/* `turnsLeft` and `isAlone` of each thread's Lock. */
byte owed[4];
bool alone[4];

/* What nobody sees: which process is inside, and whether its thread was killed there. */
byte holder;
bool abandoned;
byte deaths = DEATHS;
#define givesUp (GIVE_UP && me == 2)
#define thread(process) (SHARED && process == 2 -> 1 : process)

/* Attempt.slice is over, or sleepers.js ends the wait. Where all lock for ever it is longer than anything that the others have to do. */
#ifdef BREAK_FREE_UNWATCHED
#define isForgotten (ownerOf(word) != 0 && (!(word & CONTENDED) || dead[ownerOf(word)]))
#else
#define isForgotten (ownerOf(word) == 0 || !(word & CONTENDED) || dead[ownerOf(word)])
#endif
#if SLICES == 3
#define looksUp isForgotten
#elif ROUNDS == 0
#define looksUp (ownerOf(last) == 0 && timeout)
#else
#define looksUp (SLICES == 2 || SLICES == 1 && ownerOf(last) == 0)
#endif

/* Attempt.owned, and what a failed take leaves in the word. */
#ifdef BREAK_OWNED_ALONE
#define owned self
#else
#define owned self | slept * CONTENDED
#endif
#ifdef BREAK_HAND_ON_UNASKED
#define wanted seen | CONTENDED
#else
#define wanted seen | CONTENDED | slept * HANDED_ON
#endif

/* compareExchange: `seen` is what was found, `swapped` whether it was expected. */
inline exchange(expected, replacement) {
  swapped = (word == expected);
  seen = word;
  if
  :: swapped -> word = replacement
  :: else
  fi
}

/* The lock is got if the exchange did it: rightly if it was free, or if its owner is dead and that is told. */
inline gets(died) {
  if
  :: swapped ->
    assert(holder == 0 || abandoned);
#ifdef BREAK_DEATH_UNTOLD
    assert(!abandoned);
#else
    assert(abandoned == (died));
#endif
    abandoned = false;
    holder = me
  :: else
  fi
}

/* FUTEX_WAKE of one. */
inline wake() {
  woken = nempty(asleep);
  if
  :: woken -> asleep?_
  :: else
  fi
}

/* FUTEX_WAIT has returned. */
inline wakesUp(hasTimedOut) {
  slept = true;
  timedOut = hasTimedOut;
  last = (timedOut -> last : 0)
}

/* Whether the first process was too slow for the others, which may go on for ever with the worst of luck. */
bool late;
inline race() { late = (ROUNDS == 0 && me == 1 && !swapped) }

/* What is not looked at any more is 0, so that states differ only in what matters. */
inline forget() {
  seen = 0; last = 0; next = 0;
  slept = false; timedOut = false; expired = false; handsOn = false; swapped = false; woken = false
}

proctype locker(byte me; byte rounds) {
  byte self = thread(me);
  byte seen;       /* the word at the last look */
  byte last;       /* Attempt.word: what is slept on */
  byte next;       /* what the word is to be */
  bool slept;      /* Attempt.hasSlept */
  bool timedOut;   /* Attempt.hasTimedOut */
  bool expired;    /* the deadline is over */
  bool handsOn;    /* hasToHandOn */
  bool swapped, woken;
  { do
  :: rounds == 0 && ROUNDS > 0 -> break
  :: rounds > 0 && TRY -> goto tryLock
  :: rounds > 0 || ROUNDS == 0 ->

lock:          /* lock, lockAsync: exchange(this, 0, this.self) */
    atomic { exchange(0, self); gets(false) }
    if
    :: swapped -> goto inside
    :: else
    fi;

take:          /* take: exchange(lock, 0, this.owned()) */
    atomic { exchange(0, owned); gets(false) }
    if
    :: swapped -> goto inside
#ifdef BREAK_NEWCOMERS_TAKE
    :: !swapped && ownerOf(seen) == 0 -> goto seize
#elif !defined BREAK_SLEEPERS_LEAVE
    :: !swapped && ownerOf(seen) == 0 && slept -> goto seize
#endif
#ifdef BREAK_WRONG_SUSPECT
    :: !swapped && ownerOf(seen) != 0 && timedOut && ownerOf(last) != 0 ->
#else
    :: !swapped && ownerOf(seen) != 0 && timedOut && ownerOf(last) == ownerOf(seen) ->
#endif
      timedOut = false;
      if       /* isDead: owners.isAlive(owner) */
#ifdef BREAK_DEATH_GUESSED
      :: goto seize
#else
      :: dead[ownerOf(last)] -> goto seize
      :: else
#endif
      fi
    :: else
    fi;
#ifdef BREAK_LEFT_UNMARKED
    if
    :: givesUp -> goto left
    :: true
    fi;
#endif
    goto mark;

seize:         /* take: exchange(lock, word, this.owned() | (word & CONTENDED)) */
    atomic {
#ifdef BREAK_SEIZE_BLINDLY
      swapped = true; word = owned;
#else
      exchange(seen, owned);
#endif
      gets(ownerOf(seen) != 0)
    }
    if
    :: swapped -> alone[self] = timedOut && last == seen; goto inside   /* cameInVain */
    :: else -> goto take
    fi;

mark:          /* take: exchange(lock, word, wanted) */
    atomic {
      next = wanted;
#ifdef BREAK_MARK_BLINDLY
      swapped = true; word = next;
#else
      if
      :: next == seen -> swapped = true
      :: else -> exchange(seen, next)
      fi;
#endif
      if
      :: swapped -> last = next; seen = 0
      :: else
      fi;
      next = 0;
      race()
    }
    if
    :: !swapped -> goto take
    :: swapped && expired -> goto left                   /* return null: timedOut() */
    :: swapped && !expired && givesUp -> goto left       /* the signal was aborted */
    :: swapped && !expired
    fi;

sleep:         /* wait, begin: the kernel compares and puts into the queue in one step */
    atomic {
#ifdef BREAK_SLEEP_UNSEEN
      swapped = true;
#else
      swapped = (word == last);
#endif
      if
      :: swapped -> asleep!me
      :: else -> timedOut = false; last = 0              /* 'not-equal' */
      fi;
      race()
    }
    if
    :: !swapped
    :: atomic { swapped && !(asleep??[eval(me)]) -> wakesUp(false) }
    :: atomic { swapped && asleep??[eval(me)] && looksUp -> asleep??eval(me); wakesUp(true) }
    :: atomic { swapped && asleep??[eval(me)] && givesUp -> asleep??eval(me); wakesUp(true); expired = true }
    :: atomic { swapped && asleep??[eval(me)] && givesUp -> asleep??eval(me) };
      goto left                                          /* throw reasonOf(signal) */
    fi;
    goto take;

tryLock:       /* tryLock: exchange(this, 0, this.self) */
    atomic { exchange(0, self); gets(false) }
    if
    :: swapped -> goto inside
    :: else
    fi;
#ifndef BREAK_TRY_UNASKED
    if         /* tryLock: owners.isAlive(owner) */
    :: ownerOf(seen) != 0 && !dead[ownerOf(seen)] -> goto left
    :: else
    fi;
#endif
    atomic { exchange(seen, self | CONTENDED); gets(ownerOf(seen) != 0) }
    if
    :: swapped
    :: else -> goto left
    fi;

inside:
    atomic { assert(holder == me && ownerOf(word) == self); forget() }

unlock:        /* unlock: --this.turnsLeft === 0 && clock.now() < this.turnsEnd, as it should be if all go on for ever */
    if
    :: owed[self] == 0
    :: owed[self] == 1 -> owed[self] = 0; handsOn = true; seen = self; goto release
    :: owed[self] > (ROUNDS == 0) -> owed[self]--
    fi;
               /* unlock: exchange(this, self, 0) */
    atomic {
#ifdef BREAK_UNLOCK_BLINDLY
      swapped = true; word = 0;
#else
      exchange(self, 0);
#endif
      holder = (swapped -> 0 : holder)
    }
    if
    :: swapped -> goto left
    :: else
    fi;

release:       /* unlock: exchange(this, word, next) */
#ifdef BREAK_WAKE_FIRST
    atomic { wake() }
#endif
    atomic {
      assert(ownerOf(seen) == self);                     /* return false: notOwner() */
#ifdef BREAK_HAND_ON_REFUSED
      next = (handsOn -> HANDED_ON | CONTENDED : 0);
#else
      next = (handsOn || seen & HANDED_ON -> HANDED_ON | CONTENDED : 0);
#endif
      exchange(seen, next);
      holder = (swapped -> 0 : holder)
    }
    if
    :: !swapped -> goto release
#if defined BREAK_WAKE_FIRST || defined BREAK_WAKE_FORGOTTEN
    :: swapped -> goto left
#elif defined BREAK_TURNS_UNHEARD
    :: swapped && handsOn -> goto left
    :: swapped && !handsOn
#else
    :: swapped && seen == self -> goto left              /* nobody sleeps: who was woken is on its way */
    :: swapped && seen != self
#endif
    fi;

               /* wakeNext: notify(int32Array, index, 1) */
    atomic {
      wake();
      owed[self] = (woken && next != 0 || !woken && alone[self] -> 0 : TURNS);
      alone[self] = false
    }
#ifdef BREAK_HANDED_ON_STAYS
    goto left;
#endif
    if
    :: woken || next == 0 -> goto left
    :: else
    fi;
    atomic { exchange(next, 0) }                         /* wakeNext: exchange(lock, word, 0) */
#ifndef BREAK_FREED_SILENTLY
    if
    :: swapped
    :: else -> goto left
    fi;
    atomic { wake() }                                    /* wakeNext: notify(int32Array, index, 1) */
#endif

left:
    atomic { forget(); rounds = rounds - (ROUNDS > 0) }
  od } unless atomic { dead[thread(me)] -> forget(); rounds = 0 }
}

/* SIGKILL of a thread. What sleeps of it leaves the kernel's queue. */
inline kill(victim) {
  dead[victim] = true;
  deaths--;
  abandoned = abandoned || (holder != 0 && thread(holder) == victim);
  takeOut(victim)
}

inline takeOut(process) {
  if
  :: asleep??[process] -> asleep??process
  :: else
  fi
}

proctype killer() {
end:
  do
  :: atomic { deaths > 0 && !dead[1] && !SHARED -> kill(1) }
  :: atomic { deaths > 0 && !dead[1] && SHARED -> kill(1); takeOut(2) }
  :: atomic { deaths > 0 && !dead[2] && !SHARED -> kill(2) }
  :: atomic { deaths > 0 && !dead[3] && PROCESSES > 2 -> kill(3) }
  od
}

init {
  atomic {
    run locker(1, ROUNDS);
    run locker(2, 1);
    if
    :: PROCESSES > 2 -> run locker(3, 1)
    :: else
    fi;
    if
    :: DEATHS > 0 -> run killer()
    :: else
    fi
  }
}

/* Who sleeps for the lock gets it, unless it loses a race again and again. */
#if ROUNDS == 0
#define sleeps (asleep??[1])
#define served (holder == 1)
ltl fair { []<> late || [] (sleeps -> <> served) }
#endif

/*
 * Locks by name (lib/locks/table.js): one name, exclusive. Each process has one request in a table, whose state is the
 * commit; a mutex guards the table; the list of who waits is derived from the states and is rebuilt when the mutex's
 * owner has died. A process may be killed at any step. run.js sets the switches, and breaks one step at a time
 * (BREAK_…) to see that it is caught.
 */

#ifndef PROCESSES
#define PROCESSES 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef STEALS
#define STEALS 0        /* how many requests may steal */
#endif
#ifndef ABORTS
#define ABORTS 0        /* how many requests may be given up */
#endif

#define FREE 0
#define PENDING 1
#define HELD 2
#define BROKEN 3
#define NONE 9

byte state[PROCESSES];
byte order[PROCESSES];  /* who came when */
byte orders;
bool told[PROCESSES];   /* ownerDied of the request */
bool listed[PROCESSES]; /* the index of who waits */

byte owner = NONE;      /* of the mutex */
bool dead[PROCESSES];
byte deaths, steals, aborts;
bool news[PROCESSES];   /* a mailbox that was counted up since its owner looked */

/* Ghosts: who is in its callback, and a death in a callback that nobody was told of yet. */
byte inside;
bool untold;
byte served;            /* the order of who was served last, without stealing */
bool breaking[PROCESSES]; /* whose callback a thief ends */

/* Dies, maybe, at this step. */
inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; dead[me] = true;
       if
       :: isInside -> isInside = false; if :: state[me] == HELD -> inside--; untold = true :: else fi
       :: else
       fi;
       goto end }
  :: true
  fi
}

/* Takes the mutex; from a dead owner it comes with a repair: the list is made anew. Whoever waits then looks for what is next. */
inline lock() {
  mayDie();
  atomic {
    (owner == NONE || dead[owner]) ->
    died = (owner != NONE);
    owner = me
  };
  if
  :: died ->
#ifndef BREAK_LIST_KEPT
    for (i : 0 .. PROCESSES - 1) { mayDie(); listed[i] = (state[i] == PENDING) };
#endif
    skip
  :: else
  fi
}

inline unlock() {
  mayDie();
  owner = NONE
}

/* With the mutex: the next one gets the lock if no living process holds it. */
inline grantNext() {
  next = NONE; dying = NONE; living = NONE;
  for (i : 0 .. PROCESSES - 1) {
    if
    :: state[i] == HELD && dead[i] -> dying = i
    :: state[i] == HELD && !dead[i] -> living = i
    :: state[i] == PENDING && dead[i] -> state[i] = FREE; listed[i] = false
    :: state[i] == BROKEN && dead[i] -> state[i] = FREE
    :: else
    fi
  };
  if
  :: living == NONE ->
    for (i : 0 .. PROCESSES - 1) {
      if
      :: listed[i] && !dead[i] && (next == NONE || order[i] < order[next]) -> next = i
      :: else
      fi
    };
    if
    :: next != NONE ->
#ifdef BREAK_DEAD_FREED_FIRST
      if :: dying != NONE -> mayDie(); state[dying] = FREE :: else fi;
#endif
      mayDie();
      if :: dying != NONE -> told[next] = true :: else fi;
      mayDie();
      listed[next] = false;
      mayDie();
      state[next] = HELD;        /* the commit */
      mayDie();
      if :: dying != NONE -> state[dying] = FREE :: else fi;
      mayDie();
#ifndef BREAK_NOTIFY_FORGOTTEN
      news[next] = true
#endif
    :: else
    fi
  :: else ->
    /* Told already, or about to be: whoever holds it came after the dead one. */
    if :: dying != NONE -> state[dying] = FREE :: else fi
  fi
}

proctype use(byte me) {
  byte round, i, next, dying, living;
  bool died, isInside, isFree, steal, waits;
  for (round : 1 .. ROUNDS) {
    /* The request. */
    if
    :: atomic { steals < STEALS -> steals++; steal = true }
    :: steal = false
    fi;
    lock();
    mayDie();
    d_step { told[me] = false; order[me] = orders; orders++ };
    if
    :: steal ->
      for (i : 0 .. PROCESSES - 1) {
        mayDie();
        atomic {
          if
          :: i != me && state[i] == HELD ->
            if
            :: dead[i] -> told[me] = true
            :: else -> /* Who is broken may not have run yet, or not to its end: what it was told of is the thief's to know. */
#ifndef BREAK_THIEF_UNTOLD
              if :: told[i] -> told[me] = true :: else fi;
#endif
              state[i] = BROKEN; if :: breaking[i] -> inside--; breaking[i] = false :: else fi; news[i] = true
            fi
          :: else
          fi
        }
      };
#ifdef BREAK_THIEF_FREES_FIRST
      for (i : 0 .. PROCESSES - 1) { mayDie(); if :: i != me && state[i] == HELD && dead[i] -> state[i] = FREE :: else fi };
#endif
      mayDie();
      state[me] = HELD;
      for (i : 0 .. PROCESSES - 1) { mayDie(); if :: i != me && state[i] == HELD && dead[i] -> state[i] = FREE :: else fi }
    :: else ->
      isFree = true;
      for (i : 0 .. PROCESSES - 1) {
#ifdef BREAK_NEWCOMER_FIRST
        if :: i != me && state[i] == HELD -> isFree = false :: else fi
#else
        if :: i != me && (state[i] == HELD || state[i] == PENDING) -> isFree = false :: else fi
#endif
      };
      mayDie();
      if
      :: isFree -> state[me] = HELD
      :: else -> state[me] = PENDING; mayDie(); listed[me] = true
      fi
    fi;
    unlock();
    /* The wait: for news, or a look, which only a death makes necessary. */
    do
    :: state[me] != PENDING && !waits -> break
    :: state[me] == PENDING && !waits -> waits = true
    :: waits && news[me] -> news[me] = false; waits = false
#ifndef BREAK_NO_LOOK
    :: waits && deaths > 0 ->
      waits = false;
      lock();
      if :: state[me] == PENDING -> grantNext() :: else fi;
      unlock()
#endif
    :: atomic { waits && aborts < ABORTS -> aborts++; waits = false };
      lock();
      if
      :: state[me] == PENDING -> mayDie(); listed[me] = false; mayDie(); state[me] = FREE
      :: else
        /* The grant was faster, and is given back: as a dead holder's if a death is to be told, so that the next one is told. */
        -> mayDie();
        if
#ifndef BREAK_TOLD_LOST
        :: state[me] == HELD && told[me] -> dead[me] = true; grantNext(); dead[me] = false; goto next_round_locked
#endif
        :: else -> isFree = (state[me] == HELD); state[me] = FREE
        fi;
#ifndef BREAK_ABORT_GRANTS_NOTHING
        if :: isFree -> grantNext() :: else fi
#else
        skip
#endif
      fi;
next_round_locked:
      unlock();
      goto next_round
    od;
    news[me] = false;
    /* The callback. */
    atomic {
      if
      :: state[me] == HELD -> isInside = true; breaking[me] = true; inside++; assert(inside == 1); if :: steal :: else -> assert(order[me] >= served); served = order[me] fi; if :: untold -> assert(told[me]); untold = false :: else fi
      :: else
      fi
    };
    mayDie();
    /* The release. */
    lock();
    mayDie();
    atomic {
      if
      :: isInside && state[me] == HELD -> inside--
      :: else
      fi;
      isInside = false; breaking[me] = false;
      if
      :: state[me] == HELD -> state[me] = FREE; isFree = true
      :: else -> state[me] = FREE; isFree = false
      fi
    };
#ifndef BREAK_RELEASE_GRANTS_NOTHING
    if :: isFree -> grantNext() :: else fi;
#endif
    unlock();
next_round:
    skip
  };
end:
  skip
}

init {
  byte p;
  atomic { for (p : 0 .. PROCESSES - 1) { run use(p) } }
}

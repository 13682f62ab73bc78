/*
 * Locks by name (lib/locks/table.js): one name, exclusive or shared. Each process has one request in a table, whose state is the
 * commit; a mutex guards the table; the list of who waits is derived from the states and is rebuilt when the mutex's
 * owner has died. A process may be killed at any step. It leaves out: several names in one list,
 * permits, requests that are used again, the list of news behind a mailbox, a full table, calls that fail half-way.
 * test/torture/locks-steps.js kills the code before each access of all that; test/locks.test.js and
 * test/locks-adverse.test.js have the rest. Accesses are never reordered: test/model/arm/locks.litmus. run.js sets the switches, and breaks one step at a time
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
#ifndef SHARES
#define SHARES 0        /* how many requests may be shared */
#endif
#ifndef ABORTS
#define ABORTS 0        /* how many requests may be given up */
#endif

#define FREE 0
#define PENDING 1
#define HELD 2
#define BROKEN 3
#define NONE PROCESSES

byte state[PROCESSES + 1];
byte order[PROCESSES];  /* who came when */
byte orders;
bool shared[PROCESSES];
bool told[PROCESSES];   /* ownerDied of the request */
bool listed[PROCESSES]; /* the index of who waits */

byte owner = NONE;      /* of the mutex */
bool dead[PROCESSES];
byte deaths, steals, shares, aborts;
bool news[PROCESSES];   /* a mailbox that was counted up since its owner looked */

/* Ghosts: who is in its callback, a death in one that nobody was told of yet, and who was served last. */
bool runs[PROCESSES];
bool untold;
byte served;

/* Dies, maybe, at this step. */
inline mayDie() {
  if
  :: atomic {
      deaths < DEATHS ->
      deaths++;
      dead[me] = true;
      untold = untold || runs[me];
      runs[me] = false;
      goto end
    }
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
#ifndef BREAK_LIST_KEPT
  for (i : 0 .. PROCESSES - 1) { mayDie(); listed[i] = (died -> state[i] == PENDING : listed[i]) };
#endif
}

/* Of a request: whether it can be held beside those that are. */
#define fits(request) (living == NONE || (shared[request] && !exclusive))

/* As long as all live, whoever comes next cannot have the lock beside those that hold it. */
inline unlock() {
  mayDie();
  d_step {
    next = NONE; living = NONE; exclusive = false;
    for (i : 0 .. PROCESSES - 1) {
      next = (state[i] == PENDING && (next == NONE || order[i] < order[next]) -> i : next);
      living = (state[i] == HELD -> i : living);
      exclusive = exclusive || (state[i] == HELD && !shared[i])
    };
    assert(deaths > 0 || next == NONE || !fits(next))
  };
  owner = NONE
}

/* With the mutex: the next ones get the lock that can have it beside the living processes that hold it. */
inline grantNext() {
  dying = NONE; living = NONE; exclusive = false; isTold = false;
  for (i : 0 .. PROCESSES - 1) {
    d_step {
      dying = (state[i] == HELD && dead[i] -> i : dying);
      living = (state[i] == HELD && !dead[i] -> i : living);
      exclusive = exclusive || (state[i] == HELD && !dead[i] && !shared[i]);
      isTold = isTold || (state[i] == HELD && (dead[i] || told[i]));
      listed[i] = listed[i] && !dead[i];
      state[i] = (dead[i] && state[i] != HELD -> FREE : state[i])
    }
  };
#ifdef BREAK_DEAD_FREED_FIRST
  mayDie(); state[dying] = FREE;
#endif
  do
  :: d_step {
      next = NONE;
      for (i : 0 .. PROCESSES - 1) {
        next = (listed[i] && (next == NONE || order[i] < order[next]) -> i : next)
      }
    };
    if
    :: next != NONE && fits(next) ->
      mayDie();
      told[next] = told[next] || isTold;
      mayDie();
      listed[next] = false;
      mayDie();
      state[next] = HELD;        /* the commit */
      mayDie();
      state[dying] = FREE;
      dying = NONE;
      living = next;
      exclusive = exclusive || !shared[next];
      mayDie();
#ifndef BREAK_NOTIFY_FORGOTTEN
      news[next] = true
#endif
    :: else -> break
    fi
  od;
  if
  /* Told already: whoever holds it came after the dead one. */
  :: exclusive -> state[dying] = FREE
  :: else
  fi
}

proctype use(byte me) {
  byte round, i, next, dying, living;
  bool died, isFree, steal, waits, givesUp, share, exclusive, isTold;
  for (round : 1 .. ROUNDS) {
    /* The request. */
    givesUp = false;
    if
    :: atomic { steals < STEALS -> steals++; steal = true; share = false }
    :: atomic { shares < SHARES -> shares++; steal = false; share = true }
    :: atomic { steal = false; share = false }
    fi;
    lock();
    mayDie();
    d_step { told[me] = false; shared[me] = share; order[me] = orders; orders++ };
    if
    :: steal ->
      for (i : 0 .. PROCESSES - 1) {
        mayDie();
        d_step {
          /* Who is broken may not have run yet, or not to its end: what it was told of is the thief's to know. */
#ifndef BREAK_THIEF_UNTOLD
          told[me] = told[me] || (state[i] == HELD && told[i]);
#endif
          told[me] = told[me] || (state[i] == HELD && dead[i]);
          runs[i] = runs[i] && state[i] != HELD;
          news[i] = news[i] || state[i] == HELD;
          state[i] = (state[i] == HELD && !dead[i] -> BROKEN : state[i])
        }
      };
#ifdef BREAK_THIEF_FREES_FIRST
      for (i : 0 .. PROCESSES - 1) { mayDie(); state[i] = (state[i] == HELD && dead[i] -> FREE : state[i]) };
#endif
      mayDie();
      state[me] = HELD;
      for (i : 0 .. PROCESSES - 1) { mayDie(); state[i] = (state[i] == HELD && dead[i] -> FREE : state[i]) }
    :: else ->
      isFree = true;
      for (i : 0 .. PROCESSES - 1) {
#ifdef BREAK_NEWCOMER_FIRST
        isFree = isFree && (state[i] != HELD || (share && shared[i]))
#else
        isFree = isFree && (state[i] != HELD || (share && shared[i])) && state[i] != PENDING
#endif
        ;
        told[me] = told[me] || (state[i] == HELD && told[i])
      };
      told[me] = told[me] && isFree;
      mayDie();
      if
      :: isFree -> state[me] = HELD
      :: else -> state[me] = PENDING; mayDie(); listed[me] = true
      fi
    fi;
    unlock();
    /* The wait: for news, or a look, which only a death makes necessary. */
    waits = false;
    do
    :: !waits && state[me] != PENDING -> break
    :: !waits && state[me] == PENDING -> waits = true
    :: waits && news[me] -> news[me] = false; waits = false
#ifndef BREAK_NO_LOOK
    :: waits && deaths > 0 ->
      waits = false;
      lock();
      grantNext();
      unlock()
#endif
    :: atomic { waits && aborts < ABORTS -> aborts++; givesUp = true }; break
    od;
    news[me] = false;
    /* The callback. */
    if
    :: givesUp
    :: !givesUp ->
      atomic {
        if
        :: state[me] == HELD ->
          runs[me] = true;
          for (i : 0 .. PROCESSES - 1) { assert(i == me || !runs[i] || (shared[i] && shared[me])) };
          /* Who shares a lock need not look whether another one who did has died: that one has changed nothing. */
          assert(!untold || told[me] || shared[me]);
          untold = untold && !told[me];
          assert(steal || shared[me] || order[me] >= served);
          served = (steal || order[me] < served -> served : order[me])
        :: else
        fi
      }
    fi;
    /* The release, and the end of a request that was given up, maybe while it was granted. */
    lock();
    mayDie();
    if
#ifndef BREAK_TOLD_LOST
    :: givesUp && state[me] == HELD && told[me] ->
      /* Given back as a dead holder's, so that the next one is told. */
      dead[me] = true;
      grantNext();
      dead[me] = false
#endif
    :: else ->
      d_step {
        isFree = state[me] == HELD;
        waits = state[me] == PENDING;
        runs[me] = false;
        listed[me] = false;
        state[me] = FREE
      };
      if
#ifdef BREAK_RELEASE_GRANTS_NOTHING
      :: isFree && !givesUp
#endif
#ifdef BREAK_ABORT_GRANTS_NOTHING
      :: isFree && givesUp
#endif
#ifdef BREAK_GONE_GRANTS_NOTHING
      :: waits
#endif
      :: grantNext()
      fi
    fi;
    unlock()
  };
end:
  skip
}

init {
  byte p;
  atomic { for (p : 0 .. PROCESSES - 1) { run use(p) } }
}

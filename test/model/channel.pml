/*
 * A channel (lib/channel/queue.js): producers, consumers, and deaths before any step. Each access to the shared
 * words is one step (atomic); what is done under a lock is several. The locks are robust mutexes, of which mutex.pml
 * tells: here, who takes one from a dead owner learns it. Sleeping is in sleeping.pml: here everybody tries again.
 * It leaves out: the positions that an object has seen last (headSeen, tailSeen), locks that are not to be had in time,
 * calls that fail half-way, messages put back, close. test/explorer/channel.js explores those on the code. Positions do
 * not begin again at 0: test/wraps.test.js. Accesses are never reordered: test/model/arm/channel.litmus.
 * run.js sets the switches, and breaks one step at a time (BREAK_…) to see that it is caught.
 */

#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef CONSUMERS
#define CONSUMERS 1
#endif
#ifndef MESSAGES
#define MESSAGES 2      /* how many each producer sends */
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef DROP
#define DROP 0          /* 1: who finds no free slot throws away the oldest message */
#endif

#define ENTRIES 4       /* of the ring, a power of two, at least 2 × SLOTS */
#define PROCESSES (PRODUCERS + CONSUMERS + 1)
#define ALL (PRODUCERS * MESSAGES)
#define NOBODY 255
#define NONE 255

mtype = { free, writing, taken, queued };

/* The shared memory. */
mtype state[SLOTS] = free;
byte owner[SLOTS] = NOBODY;
byte ticket[SLOTS] = NONE;
byte content[SLOTS];            /* which message; 0: none */
byte ring[ENTRIES];
byte head, tail;
byte lockP = NOBODY, lockC = NOBODY;

/* The kernel: who is dead. */
bool dead[PROCESSES];
byte deaths;

/* What was promised: how often each message was committed, and got to its end. */
byte sent[ALL + 1], done[ALL + 1], delivered[ALL + 1], dropped;
byte producing = PRODUCERS, running = PRODUCERS + CONSUMERS;

inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; dead[me] = true; goto end }
  :: true
  fi
}

/* Mutex: free, or taken from a dead owner, which is told. */
inline lock(word) {
  atomic {
    (word == NOBODY || dead[word]) ->
    ownerDied = (word != NOBODY);
    word = me
  };
  mayDie()
}

inline unlock(word) {
  atomic { assert(word == me); word = NOBODY };
  mayDie()
}

/* queuedAt */
inline queuedAt(position) {
  slot = ring[position % ENTRIES];
  if
#ifdef BREAK_TICKET_IGNORED
  :: slot < SLOTS && state[slot] == queued -> skip
#else
  :: slot < SLOTS && state[slot] == queued && ticket[slot] == position -> skip
#endif
  :: else -> slot = NONE
  fi
}

/* append */
inline append(s) {
  atomic { assert(head - tail < ENTRIES); ring[head % ENTRIES] = s };
  mayDie();
  atomic { ticket[s] = head };
  mayDie();
#ifdef BREAK_HEAD_FIRST
  head++;
  mayDie();
  atomic { state[s] = queued; owner[s] = NOBODY; sent[content[s]] = 1 };
#else
  atomic { state[s] = queued; owner[s] = NOBODY; sent[content[s]] = 1 };
  mayDie();
  head++;
#endif
  mayDie()
}

/* finishSend */
inline finishSend() {
#ifndef BREAK_SEND_UNFINISHED
  if
  :: ownerDied ->
    atomic {
#ifdef BREAK_FINISH_BLINDLY
      slot = ring[head % ENTRIES]
#else
      queuedAt(head)
#endif
    };
    if
    :: slot != NONE -> head++; mayDie()
    :: else
    fi
  :: else
  fi
#else
  skip
#endif
}

/* finishTake */
inline finishTake() {
#ifndef BREAK_TAKE_UNFINISHED
  if
  :: ownerDied && tail != head ->
    atomic { queuedAt(tail) };
    if
    :: slot == NONE -> tail++; mayDie()
    :: else
    fi
  :: else
  fi
#else
  skip
#endif
}

/* take: `slot` is NONE if there is nothing */
inline take() {
  slot = NONE;
  if
  :: head != tail ->
    lock(lockC);
    finishTake();
    if
    :: head != tail ->
      atomic {
        slot = ring[tail % ENTRIES];
        assert(slot < SLOTS && state[slot] == queued && ticket[slot] == tail)
      };
#ifdef BREAK_TAIL_FIRST
      tail++;
      mayDie();
      atomic { state[slot] = taken; owner[slot] = me };
      mayDie();
#else
      atomic { state[slot] = taken; owner[slot] = me };
      mayDie();
      tail++;
      mayDie();
#endif
    :: else -> slot = NONE
    fi;
    unlock(lockC)
  :: else
  fi
}

/* recover: one look at all slots. */
inline recover() {
  atomic {
    if
    :: lockP == NOBODY || dead[lockP] -> ownerDied = (lockP != NOBODY); lockP = me; got = true
    :: else -> got = false
    fi
  };
  if
  :: got ->
    mayDie();
    finishSend();
    at = 0;
    do
    :: at < SLOTS ->
      was = owner[at];
      if
#ifdef BREAK_REAP_LIVING
      :: state[at] == writing && was != NOBODY && was != me ->
#else
      :: state[at] == writing && was != NOBODY && dead[was] ->
#endif
        atomic {
          if
          :: state[at] == writing && owner[at] == was -> state[at] = free; owner[at] = NOBODY
          :: else
          fi
        };
        mayDie()
      :: state[at] == taken && was != NOBODY && dead[was] ->
#ifdef BREAK_REAP_FREES_FIRST
        atomic { state[at] = free; owner[at] = NOBODY };
        mayDie();
        atomic { state[at] = taken; owner[at] = me };
#else
        atomic { assert(state[at] == taken && owner[at] == was); owner[at] = me };
#endif
        mayDie();
        append(at)
      :: else
      fi;
      at++
    :: else -> break
    od;
    unlock(lockP)
  :: else
  fi
}

/* claim: any free slot, or, if that is allowed, the oldest message's. */
inline claim() {
  at = 0;
  slot = NONE;
  do
  :: at < SLOTS ->
    atomic {
      if
#ifdef BREAK_CLAIM_BLINDLY
      :: state[at] == free || state[at] == writing -> state[at] = writing; owner[at] = me; slot = at
#else
      :: state[at] == free -> state[at] = writing; owner[at] = me; slot = at
#endif
      :: else
      fi
    };
    if
    :: slot != NONE -> break
    :: else -> at++
    fi
  :: else -> break
  od;
#if DROP
  if
  :: slot == NONE ->
    take();
    if
    :: slot != NONE -> atomic { state[slot] = writing; done[content[slot]]++; dropped++; content[slot] = 0 }
    :: else
    fi
  :: else
  fi
#endif
}

proctype producer(byte me) {
  byte number, slot, at, was;
  bool ownerDied, got;
  for (number : 1 .. MESSAGES) {
    do
    :: true ->
      claim();
      mayDie();
      if
      :: slot != NONE -> break
      :: else -> recover()
      fi
    od;
    at = slot;
    atomic { content[at] = me * MESSAGES + number };   /* filled outside of any lock */
    mayDie();
    atomic { assert(state[at] == writing && owner[at] == me && content[at] == me * MESSAGES + number) };
    lock(lockP);
    was = at;
    finishSend();
    append(was);
    unlock(lockP)
  };
end:
  atomic { producing--; running-- }
}

proctype consumer(byte me) {
  byte slot, at, was, mine;
  bool ownerDied, got;
  do
  :: head != tail || lockC != NOBODY ->
    take();
    if
    :: slot != NONE ->
      mine = slot;
      atomic { assert(state[mine] == taken && owner[mine] == me); delivered[content[mine]]++ };
      mayDie();
      atomic { assert(state[mine] == taken && owner[mine] == me); done[content[mine]]++; content[mine] = 0; state[mine] = free; owner[mine] = NOBODY };
      mine = 0
    :: else
    fi
  :: deaths > 0 -> recover()
  :: producing == 0 && head == tail && lockC == NOBODY && lockP == NOBODY -> break
  od;
end:
  running--
}

/* Looks after the others until all is over, and does not die: it is who comes after. */
proctype last(byte me) {
  byte slot, at, was, number;
  bool ownerDied, got;
  (running == 0);               /* all others have ended */
  deaths = DEATHS;              /* and nobody dies any more */
  recover();
  do
  :: head != tail ->
    take();
    if
    :: slot != NONE ->
      atomic { delivered[content[slot]]++; done[content[slot]]++; content[slot] = 0; state[slot] = free; owner[slot] = NOBODY }
    :: else
    fi
  :: else -> break
  od;
  recover();
  assert(head == tail);
  for (number : 1 .. ALL) {
    assert(sent[number] == 0 || done[number] == 1);    /* none lost, none got to its end twice */
    assert(sent[number] == 1 || done[number] == 0);    /* none that never was */
    assert(delivered[number] <= 1 + DEATHS)
  };
  for (number : 0 .. SLOTS - 1) {
    assert(state[number] == free)                      /* every slot can be had */
  };
end:
  skip
}

init {
  byte i;
  atomic {
    for (i : 0 .. PRODUCERS - 1) { run producer(i) };
    for (i : PRODUCERS .. PRODUCERS + CONSUMERS - 1) { run consumer(i) };
    run last(PROCESSES - 1)
  }
}

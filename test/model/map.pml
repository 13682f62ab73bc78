/*
 * One shard of lib/map/*.js: writers who take turns by a lock, and may be killed at any step, and a reader who
 * takes none. Each access to memory that the reader or the next writer sees is one step (atomic). Comments name the
 * code. run.js sets the switches, and breaks one step at a time (BREAK_…) to see that it is caught.
 *
 * All keys have one tag, so that each is probed for from slot 0 on. An entry takes one unit: its key, its value, and
 * the value's other half, which has to be the same, or the value is torn.
 *
 * It leaves out: tags that differ and probing from elsewhere than slot 0, entries of several units, numbers that are
 * changed in place, expiry, eviction, clear, claims, dead entries that are marked. test/map-steps.test.js kills the code
 * before each store of all that, torture's map-kill does so at random, and test/map-model.js compares it with a Map.
 * Accesses are never reordered: test/model/arm/map.litmus.
 */

#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef OPERATIONS
#define OPERATIONS 2    /* how many changes each writer makes */
#endif
#ifndef DEATHS
#define DEATHS 0        /* how many writers are killed, each at any moment */
#endif
#ifndef READS
#define READS 1
#endif
#ifndef DELETES
#define DELETES 1
#endif
#ifndef KEYS
#define KEYS 2
#endif

#define SPARE 2         /* to move one on, and a pad */
#define RING (KEYS + 1 + 1 + SPARE)   /* all keys, a pad, one more, and what is spare */
#define WRAP (3 * RING) /* positions wrap, as they do after 2³² */
#define SLOTS (KEYS + 1)
#define VALUES 16

/* The shard, shortly before its positions wrap. A slot is the position of its entry, 0 if it is empty. */
byte tail = WRAP - 3, head = WRAP - 3, laps, moves;
byte slot[SLOTS];
byte entryKey[RING], entryValue[RING], entryOther[RING];
#define place(position) ((position) % RING)
#define distance(from, to) (((to) + WRAP - (from)) % WRAP)
#define following(position) (((position) + 1) % WRAP)

/* The lock: 0 is free. Who takes it from the dead is told. */
byte lock;
bool dead[WRITERS + 1];
byte deaths = DEATHS;

/* What nobody sees: the value of each key, 0 for none; and what the reader's key has had since its read began. */
byte truth[KEYS + 1];
byte wanted;
bool had[VALUES];
byte newest;
inline becomes(theKey, theValue) {
  truth[theKey] = theValue;
  if
  :: theKey == wanted -> had[theValue] = true
  :: else
  fi
}

/* find: where the key is, and the first empty slot. Nobody writes meanwhile. */
inline find(theKey) {
  found = 0;
  do
  :: slot[found] == 0 -> break
  :: slot[found] != 0 && entryKey[place(slot[found])] == theKey -> break
  :: else -> found++
  od;
  isThere = slot[found] != 0
}

/* Whoever has the lock, and has repaired what there was, finds what there should be. */
inline verify() {
  key = 1;
  do
  :: key > KEYS -> break
  :: else ->
    find(key);
    assert(isThere == (truth[key] != 0));
    assert(!isThere || entryValue[place(slot[found])] == truth[key]);
    assert(!isThere || entryOther[place(slot[found])] == truth[key]);
    key++
  od
}

/* An entry at the head; a pad where the position would be 0. */
inline append(theKey, theValue) {
  if
  :: atomic { head == 0 -> entryKey[place(0)] = 0 };
    head = 1
  :: else
  fi;
  new = head;
  assert(distance(tail, new) < RING);
  entryKey[place(new)] = theKey;
  entryValue[place(new)] = theValue;
  entryOther[place(new)] = theValue;
  head = following(head)
}

/* close: those behind the slot move up, each is counted, and the last one is emptied. */
inline close() {
  do
  :: hole + 1 < SLOTS && slot[hole + 1] != 0 ->
#ifdef BREAK_EMPTY_FIRST
    atomic { new = slot[hole + 1]; slot[hole + 1] = 0; goes() };
    atomic { slot[hole] = new; new = 0 };
#else
    atomic { goes(); slot[hole] = slot[hole + 1] };
#endif
#ifndef BREAK_MOVES_UNCOUNTED
    moves = moves + 2;
#endif
    hole++
  :: else -> break
  od;
  atomic { goes(); slot[hole] = 0 }
}

/* The key that is deleted goes with the first store to its slot. */
inline goes() {
  truth[key] = (isGoing -> 0 : truth[key]);
  had[0] = had[0] || (isGoing && key == wanted);
  isGoing = false
}

proctype writer(byte me; byte operations) {
  byte key, value, found, hole, new, other, units;
  bool isThere, isGoing, hasDied;
  { do
  :: operations == 0 -> break
  :: else ->
    operations--;
    if         /* locked: mutex.lock() */
    :: atomic { lock == 0 -> lock = me }
    :: atomic { lock != 0 && dead[lock] -> lock = me; hasDied = true }
    fi;

    if         /* repair */
#ifdef BREAK_UNREPAIRED
    :: hasDied -> hasDied = false
#else
    :: hasDied ->
      moves = (moves + 1) | 1;
      found = 0;
      do
      :: found == SLOTS -> break
      :: else ->
        d_step {       /* belongs */
          other = 0;
          do
          :: other < found && slot[other] != 0 && slot[other] != slot[found] -> other++
          :: else -> break
          od;
          isThere = other == found && distance(tail, slot[found]) < distance(tail, head)
        }
        if
        :: slot[found] != 0 && !isThere -> hole = found; close()
        :: else -> found++
        fi
      od;
#ifndef BREAK_HEAD_STAYS
      atomic {         /* recount: where the last entry ends */
        other = 0; units = 0;
        do
        :: other == SLOTS -> break
        :: else ->
          if
          :: slot[other] != 0 && distance(tail, slot[other]) >= units -> units = distance(tail, slot[other]) + 1
          :: else
          fi;
          other++
        od
      }
      atomic { head = (tail + units) % WRAP; units = 0 };
#endif
#ifndef BREAK_REPAIR_UNCOUNTED
      laps++;
#endif
      moves++;
      hasDied = false
#endif
    :: else
    fi;
    d_step { verify(); key = 0; found = 0; isThere = false; hole = 0; other = 0 }

    if
    :: key = 1
#if KEYS > 1
    :: key = 2
#endif
#if KEYS > 2
    :: key = 3
#endif
    fi;
    d_step { find(key) }
    if
    :: isThere && DELETES ->      /* drop */
      hole = found;
      isGoing = true;
      moves++;
      close();
      moves++
    :: true ->         /* put */
      atomic { newest++; value = newest };
      do               /* makeRoom: reclaim */
      :: RING - distance(tail, head) >= 1 + SPARE -> break
      :: else ->
        /* What the program marks as dead after the position is published only spares this look, which finds no slot. */
        d_step {       /* findPosition */
          found = 0;
          do
          :: found < SLOTS && slot[found] != tail -> found++
          :: else -> break
          od
        }
#ifdef BREAK_TAIL_FIRST
        new = tail; tail = following(tail); other = place(new);
#else
        other = place(tail);
#endif
        if
        :: found < SLOTS && entryKey[other] != 0 ->
          units = entryValue[other];
          append(entryKey[other], units);
          slot[found] = new
        :: else
        fi;
#ifndef BREAK_TAIL_FIRST
        tail = following(tail);
#endif
#ifdef BREAK_LAPS_UNCOUNTED
        skip
#else
        if
        :: place(tail) == 0 -> laps++
        :: else
        fi
#endif
      od;
#ifdef BREAK_PUBLISH_FIRST
      atomic { find(key) };
      atomic { slot[found] = head; becomes(key, value) };
      append(key, value);
#else
      append(key, value);
      d_step { find(key) }
      atomic { slot[found] = new; becomes(key, value) };
#endif
    fi;
    lock = 0;
    d_step { key = 0; value = 0; found = 0; hole = 0; new = 0; other = 0; units = 0; isThere = false; isGoing = false }
  od } unless atomic { dead[me] -> operations = 0; key = 0; value = 0; found = 0; hole = 0; new = 0; other = 0; units = 0; isThere = false; isGoing = false; hasDied = false }
}

/* look, valueAt, holds */
proctype reader() {
  byte reads = READS;
  byte seenLaps, seenMoves, probe, position, value, other, seenTail;
  do
  :: reads == 0 -> break
  :: else ->
    atomic { reads--; had[0] = false; wanted = KEYS; had[truth[KEYS]] = true };

again:
    seenLaps = laps;
    seenMoves = moves;
    probe = 0;
    do
    :: position = slot[probe];
      if
      :: position == 0 ->
#ifndef BREAK_MISS_UNCHECKED
        if
        :: moves != seenMoves -> goto again
        :: else
        fi;
#endif
        assert(had[0]);
        break
      :: else
      fi;
      if
      :: entryKey[place(position)] == wanted ->
        value = entryValue[place(position)];
        other = entryOther[place(position)];
#ifndef BREAK_HIT_UNCHECKED
        seenTail = tail;
        if
        :: distance(seenTail, position) >= RING -> goto again
        :: else
        fi;
#ifndef BREAK_LAPS_UNSEEN
        if
        :: laps != seenLaps -> goto again
        :: else
        fi;
#endif
#endif
        assert(value == other);
        assert(had[value]);
        break
      :: else
      fi;
#ifndef BREAK_OTHERS_UNCHECKED
      seenTail = tail;
      if
      :: distance(seenTail, position) >= RING -> goto again
      :: else
      fi;
      if
      :: laps != seenLaps -> goto again
      :: else
      fi;
#endif
      if
      :: probe == SLOTS - 1 -> goto again
      :: else -> probe++
      fi
    od;
    atomic {
      wanted = 0; probe = 0;
      do
      :: probe == VALUES -> break
      :: else -> had[probe] = false; probe++
      od;
      seenLaps = 0; seenMoves = 0; probe = 0; position = 0; value = 0; other = 0; seenTail = 0
    }
  od
}

proctype killer() {
end:
  do
  :: atomic { deaths > 0 && !dead[1] -> dead[1] = true; deaths-- }
#if WRITERS > 2
  :: atomic { deaths > 0 && !dead[2] -> dead[2] = true; deaths-- }
#endif
  od
}

init {
  atomic {
    do         /* all keys are there */
    :: newest == KEYS -> break
    :: else ->
      entryKey[place(head)] = newest + 1;
      entryValue[place(head)] = newest + 1;
      entryOther[place(head)] = newest + 1;
      slot[newest] = head;
      truth[newest + 1] = newest + 1;
      head = following(head);
      newest++
    od;
    run writer(1, OPERATIONS);
    if
    :: WRITERS > 1 -> run writer(2, OPERATIONS)
    :: else
    fi;
    if
    :: WRITERS > 2 -> run writer(3, OPERATIONS)
    :: else
    fi;
    run reader();
    if
    :: DEATHS > 0 -> run killer()
    :: else
    fi
  }
}

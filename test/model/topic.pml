/*
 * A topic (writer.js and reader.js of lib/topic/): a writer, readers with a row each for their pin, deaths before any step.
 * Each access to the shared words is one step (atomic). A frame is filled in two steps, so that a reader that looks at
 * it while it is written is found out. Sleeping is in sleeping.pml. It leaves out: a reader that keeps its frame and pins
 * the next one later, loans that are given back, calls that fail half-way, close (test/topic-steps.test.js and
 * test/topic-use.test.js have those, on the code; the torture's topic has many of each); numbers that begin again at 0
 * (test/wraps.test.js); accesses that are reordered (test/model/arm/topic.litmus). run.js sets the switches, and breaks one step at a
 * time (BREAK_…) to see that it is caught.
 */

#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef READERS
#define READERS 2       /* how many processes read, one after the other in ROWS places */
#endif
#ifndef ROWS
#define ROWS 1
#endif
#ifndef HISTORY
#define HISTORY 1
#endif
#ifndef FRAMES_PUBLISHED
#define FRAMES_PUBLISHED 3
#endif
#ifndef READS
#define READS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#ifdef BREAK_FRAME_TOO_FEW
#define FRAMES (HISTORY + ROWS)
#else
#define FRAMES (HISTORY + ROWS + 1)
#endif
#ifdef BREAK_RING_TOO_SMALL
#define ENTRIES HISTORY
#else
#define ENTRIES 4       /* a power of two, more than HISTORY */
#endif
#define NOBODY 255
#define NONE 255

/* The shared memory: 0 is nothing yet. */
byte writer = NOBODY;
byte latest;
byte ring[ENTRIES] = NONE;
byte rowOwner[ROWS] = NOBODY;
byte pin[ROWS] = NONE;
byte first[FRAMES], second[FRAMES];     /* both halves of a frame, and its number */

/* The kernel. */
bool dead[WRITERS + READERS];
byte deaths, published;

inline mayDie() {
  if
  :: atomic { deaths < DEATHS -> deaths++; dead[me] = true; goto end }
  :: true
  fi
}

/* unused: the frames are looked at one after the other. */
inline unused() {
  used = 0;
  at = 0;
  do
  :: at < HISTORY ->
    if
    :: latest >= at && ring[(latest - at) % ENTRIES] != NONE -> used = used | (1 << ring[(latest - at) % ENTRIES])
    :: else
    fi;
    at++
  :: else -> break
  od;
#ifndef BREAK_PINS_UNSEEN
  at = 0;
  do
  :: at < ROWS ->
    atomic {
      if
      :: pin[at] != NONE -> used = used | (1 << pin[at])
      :: else
      fi;
      at++
    }
  :: else -> break
  od;
#endif
  frame = 0;
  do
  :: frame < FRAMES && (used & (1 << frame)) -> frame++
  :: else -> break
  od;
  assert(frame < FRAMES)        /* the writer never waits */
}

proctype write(byte me) {
  byte frame, used, at, number;
#ifdef BREAK_CHOSEN_EARLY
  byte chosen = NONE;
#endif
  do
  :: published < FRAMES_PUBLISHED ->
    atomic { writer == NOBODY || dead[writer] -> writer = me };
    mayDie();
#ifdef BREAK_CHOSEN_EARLY
    if
    :: chosen == NONE -> unused()
    :: else -> frame = chosen
    fi;
#else
    unused();
#endif
    number = latest + 1;
    first[frame] = number;
    mayDie();
#ifdef BREAK_PUBLISHED_EARLY
    ring[number % ENTRIES] = frame;
    latest = number;
    mayDie();
    second[frame] = number;
#else
    second[frame] = number;
    mayDie();
#ifdef BREAK_CHOSEN_EARLY
    chosen = frame;
    at = frame;
    unused();
    chosen = frame;
    frame = at;
#endif
    ring[number % ENTRIES] = frame;
    mayDie();
    latest = number;
#endif
    published++;
    mayDie();
    writer = NOBODY
  :: else -> break
  od;
end:
  skip
}

proctype read(byte me) {
  byte row, was, number, frame, seen, reads, now;
  /* join: a row that is free, or whose owner is dead */
  row = 0;
  do
  :: row < ROWS ->
    was = rowOwner[row];
    if
#ifdef BREAK_TAKE_LIVING
    :: was == NOBODY || was != me ->
#else
    :: was == NOBODY || dead[was] ->
#endif
#ifdef BREAK_CLEARED_EARLY
      pin[row] = NONE;
#endif
      mayDie();
#ifdef BREAK_TAKE_BLINDLY
      rowOwner[row] = me;
      break
#else
      atomic {
        if
        :: rowOwner[row] == was -> rowOwner[row] = me; break
        :: else
        fi
      }
#endif
    :: else
    fi;
    row++
  :: else -> goto end           /* no place */
  od;
  mayDie();
#ifndef BREAK_CLEARED_EARLY
  pin[row] = NONE;
  mayDie();
#endif
  do
  :: reads < READS ->
    if
    :: latest > seen ->
      number = latest;
      if
      :: HISTORY > 1 && number > 1 && number - 1 > seen -> number--
      :: true
      fi;
      frame = ring[number % ENTRIES];
      mayDie();
      pin[row] = frame;
      mayDie();
#ifndef BREAK_NOT_LOOKED_AGAIN
      now = latest;
      if
#ifdef BREAK_WINDOW_TOO_WIDE
      :: now - number > HISTORY -> goto again
#else
      :: now - number >= HISTORY -> goto again
#endif
      :: else
      fi;
#endif
      /* It is this reader's now, for as long as it likes. */
      assert(frame != NONE && first[frame] == number);
      mayDie();
      assert(second[frame] == number && first[frame] == number);
      mayDie();
      assert(second[frame] == number && first[frame] == number);
      seen = number;
      pin[row] = NONE;
      mayDie();
      reads++
    :: published >= FRAMES_PUBLISHED || latest == 0 || latest == seen -> break
    fi;
again:
    skip
  :: else -> break
  od;
  pin[row] = NONE;
  mayDie();
  rowOwner[row] = NOBODY;
end:
  skip
}

init {
  byte i;
  atomic {
    for (i : 0 .. WRITERS - 1) { run write(i) };
    for (i : WRITERS .. WRITERS + READERS - 1) { run read(i) }
  }
}

/*
 * One shard of lib/sync/map*.js: writers who take turns by a lock, and may be killed at any step, and a reader
 * without a lock. Each access to shared memory is one step (atomic). Comments name the code.
 * run.js sets the switches, and breaks one step at a time (BREAK_…) to see that it is caught.
 *
 * Entries take one unit of a ring of RING, and keep their key, a number (which stands for the value) and a second
 * copy of it that is written later: different, the value is torn. The three keys have the same tag and home.
 */

#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef OPERATIONS
#define OPERATIONS 2    /* how many changes each writer makes */
#endif
#ifndef DEATHS
#define DEATHS 0        /* how many writers are killed */
#endif
#ifndef READS
#define READS 2
#endif

#define KEYS 3
#define SLOTS 4         /* one stays empty: probing ends there */
#define RING 4
#define EVER 32         /* positions of this model never wrap */

/* The shard. A slot's position is 0 if it is empty; positions begin at 1. */
byte tail = 1, head = 1, moves, laps;
byte slot[SLOTS];
byte entryKey[RING], entryValue[RING], entryCopy[RING];
#define at(position) ((position) % RING)

/* The lock, as the mutex promises: 0 is free; who takes it from a dead owner is told. */
byte lock;
bool dead[WRITERS + 1];
byte deaths = DEATHS;

/* What nobody sees: the value of each key as of now (0: none), and since the last read began any that it had. */
byte truth[KEYS + 1];
bool was[(KEYS + 1) * EVER];
#define wasValue(key, value) was[(key) * EVER + (value)]
byte last;              /* the newest value: each is another one */

/* The key's value changes as of this step: the reader may see either. */
inline becomes(theKey, theValue) {
  truth[theKey] = theValue;
  wasValue(theKey, theValue) = true
}

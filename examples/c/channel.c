// Takes part in channels of Node.js: takes messages out of one and sends them, in capitals, to the other. The layout
// and the protocol are in docs/channels.md. Usage: channel /FROM /TO COUNT

#include "mutex.h"

#include <ctype.h>
#include <limits.h>
#include <sys/mman.h>

enum { HEADER = 8, SLOT_BYTES = 32, RING_AT = 384 };
#define FREE 0u
#define WRITING 0x40000000u
#define TAKEN 0x80000000u
#define QUEUED 0xc0000000u
#define MAY_SLEEP 1u
#define POSITION 0x7fffffffu

typedef _Atomic uint32_t word_t;
typedef struct {
  word_t word;
  word_t ticket;
  uint32_t length, deliveries, tag, spare[3];
} slot_t;
typedef struct {
  uint32_t slots, size, entries, stride;
  word_t *closed, *producers, *consumers, *head, *tail, *freed, *ring;
  slot_t *slot;
  unsigned char *data;
} channel_t;

static uint64_t aligned(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

static channel_t open_channel(const char *name) {
  int file = shm_open(name, O_RDWR, 0);
  struct stat status;
  if (file == -1 || fstat(file, &status) == -1) perror(name), exit(1);
  unsigned char *memory = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) perror(name), exit(1);
  close(file);
  unsigned char *base = memory + HEADER;
  uint32_t *geometry = (uint32_t *)base;
  uint32_t entries = atomic_load((word_t *)(geometry + 4)); // it is set last, so it is read first
  channel_t channel = {.slots = geometry[2], .size = geometry[3], .entries = entries};
  uint64_t slots_at = RING_AT + 4ull * channel.entries, data_at = aligned(slots_at + (uint64_t)SLOT_BYTES * channel.slots);
  channel.stride = aligned(channel.size);
  // Nothing that is read is trusted: it has to fit the object.
  if (geometry[0] != 0x4e414843 || geometry[1] != 1 || channel.slots == 0 || channel.entries < 2 * channel.slots ||
      (channel.entries & (channel.entries - 1)) != 0 ||
      HEADER + data_at + (uint64_t)channel.slots * channel.stride > (uint64_t)status.st_size)
    fprintf(stderr, "%s is no channel\n", name), exit(1);
  channel.closed = (word_t *)(base + 20), channel.producers = (word_t *)(base + 64);
  channel.head = (word_t *)(base + 128), channel.consumers = (word_t *)(base + 192);
  channel.tail = (word_t *)(base + 256), channel.freed = (word_t *)(base + 320);
  channel.ring = (word_t *)(base + RING_AT), channel.slot = (slot_t *)(base + slots_at);
  channel.data = base + data_at;
  return channel;
}

static void wake_all(word_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); }

// Sleeps for 100 ms at most, and not if the word has changed since it was marked.
static void sleep_on(word_t *word, uint32_t marked) {
  struct timespec slice = {.tv_nsec = 100000000};
  syscall(SYS_futex, word, FUTEX_WAIT, marked, &slice, NULL, 0);
}

// The slot that is queued at a position, or -1.
static int64_t queued_at(channel_t *c, uint32_t position) {
  uint32_t slot = c->ring[position & (c->entries - 1)];
  return slot < c->slots && c->slot[slot].word == QUEUED && c->slot[slot].ticket == position ? (int64_t)slot : -1;
}

// Whoever has marked a word and finds the channel closed wakes the others: close may have come before the mark.
static void end_closed(word_t *word) {
  atomic_fetch_and(word, ~MAY_SLEEP);
  wake_all(word);
  exit(0);
}

static int64_t take(channel_t *c) {
  if (*c->head >> 1 == *c->tail) return -1;
  int died = lock(c->consumers);
  if (died && *c->head >> 1 != *c->tail && queued_at(c, *c->tail) == -1) *c->tail = (*c->tail + 1) & POSITION;
  int64_t slot = -1;
  if (*c->head >> 1 != *c->tail) {
    slot = queued_at(c, *c->tail & POSITION);
    if (slot != -1) c->slot[slot].word = TAKEN | self;
    *c->tail = (*c->tail + 1) & POSITION;
  }
  unlock(c->consumers);
  return slot;
}

static uint32_t receive(channel_t *c) {
  for (;;) {
    uint32_t marked = atomic_fetch_or(c->head, MAY_SLEEP) | MAY_SLEEP;
    int64_t slot = take(c);
    // The last message may have come just before the end.
    if (slot == -1 && *c->closed && (slot = take(c)) == -1) end_closed(c->head);
    if (slot != -1) return (uint32_t)slot;
    sleep_on(c->head, marked);
  }
}

static void release(channel_t *c, uint32_t slot) {
  c->slot[slot].word = FREE;
  uint32_t seen = *c->freed;
  if (seen & MAY_SLEEP && atomic_compare_exchange_strong(c->freed, &seen, seen + 1)) wake_all(c->freed);
}

static uint32_t loan(channel_t *c) {
  for (;;) {
    uint32_t marked = atomic_fetch_or(c->freed, MAY_SLEEP) | MAY_SLEEP;
    for (uint32_t slot = 0; slot < c->slots; slot++) {
      uint32_t expected = FREE;
      if (atomic_compare_exchange_strong(&c->slot[slot].word, &expected, WRITING | self)) return slot;
    }
    if (*c->closed) end_closed(c->freed);
    sleep_on(c->freed, marked);
  }
}

static uint32_t advance(channel_t *c, uint32_t head) { return atomic_exchange(c->head, (head + 1) << 1) & MAY_SLEEP; }

static void send_slot(channel_t *c, uint32_t slot, uint32_t length, uint32_t tag) {
  c->slot[slot].length = length, c->slot[slot].tag = tag, c->slot[slot].deliveries = 0;
  uint32_t mark = 0;
  if (lock(c->producers) && queued_at(c, *c->head >> 1) != -1) mark = advance(c, *c->head >> 1);
  uint32_t head = *c->head >> 1;
  c->ring[head & (c->entries - 1)] = slot;
  c->slot[slot].ticket = head;
  c->slot[slot].word = QUEUED; // from here on it is sent
  mark |= advance(c, head);
  unlock(c->producers);
  if (mark) wake_all(c->head);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  claim();
  channel_t from = open_channel(argv[1]), to = open_channel(argv[2]);
  for (int i = 0; i < atoi(argv[3]); i++) {
    uint32_t slot = receive(&from), answer = loan(&to), length = from.slot[slot].length;
    if (length > from.size || length > to.size) return 1;
    const unsigned char *text = from.data + (size_t)slot * from.stride;
    for (uint32_t at = 0; at < length; at++) to.data[(size_t)answer * to.stride + at] = (unsigned char)toupper(text[at]);
    uint32_t tag = from.slot[slot].tag;
    send_slot(&to, answer, length, tag);
    release(&from, slot);
  }
  return 0;
}

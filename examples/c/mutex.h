// The mutex of Node.js's shm-typed-array. The word is specified in docs/other-languages.md.

#ifndef MUTEX_H
#define MUTEX_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define OWNERS "/dev/shm/.shm-typed-array-owners"
#define OWNER 0x3fffffffu     // whose it is; 0: nobody's
#define HANDED_ON 0x40000000u // for one who has slept
#define CONTENDED 0x80000000u // somebody sleeps for it
#define LOOK_UP_NS 50000000   // how long to sleep before asking whether the owner lives
#define HANDED_ON_NS 5000000  // how long to leave a lock that was handed on

static int owners;    // the file that every owner has a byte of locked
static uint32_t self; // our number in it

static short byte_lock(int command, uint32_t number) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
  return fcntl(owners, command, &lock) == -1 ? -1 : lock.l_type;
}

// Whether that byte of any file is locked: another container may have another file, or ours was deleted.
static int is_listed(uint32_t number) {
  FILE *locks = fopen("/proc/locks", "re");
  char line[256];
  uint32_t first, last;
  int found = 0;
  while (locks != NULL && !found && fgets(line, sizeof line, locks) != NULL)
    found = strstr(line, " OFDLCK ") != NULL && sscanf(line, "%*s%*s%*s%*s%*s%*s%u%u", &first, &last) == 2 &&
            first == number && last == number;
  if (locks != NULL) fclose(locks);
  return found;
}

// A lock can be missing in a list that changes while it is read, but not again and again.
static int is_locked_anywhere(uint32_t number) {
  for (int reading = 0; reading < 5; reading++)
    if (is_listed(number)) return 1;
  return 0;
}

static int is_alive(uint32_t number) {
  return number == self || byte_lock(F_OFD_GETLK, number) != F_UNLCK || is_locked_anywhere(number);
}

// Takes a number that nobody has. The kernel gives the lock back when this process ends.
static void claim(void) {
  mode_t mask = umask(0); // which is not to lessen what others may do with the file
  // Without O_CREAT first and last: the kernel may forbid that for another user's file in such a folder.
  owners = open(OWNERS, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (owners == -1) owners = open(OWNERS, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (owners == -1) owners = open(OWNERS, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  umask(mask);
  if (owners == -1) perror(OWNERS), exit(1);
  do {
    if (getrandom(&self, sizeof self, 0) != sizeof self) perror("getrandom"), exit(1);
    self = 1 + self % OWNER;
    if (byte_lock(F_OFD_SETLK, self) != -1) return;
  } while (errno == EAGAIN || errno == EACCES);
  perror(OWNERS), exit(1);
}

// Returns 1 if the owner before died with the lock.
static int lock(_Atomic uint32_t *word) {
  uint32_t mine = self, suspect = 0;
  for (int slept = 0;;) {
    uint32_t seen = 0;
    if (atomic_compare_exchange_strong(word, &seen, mine)) return 0;
    uint32_t owner = seen & OWNER;
    int dead = owner != 0 && owner == suspect && !is_alive(owner);
    suspect = 0;
    if (dead || (owner == 0 && slept)) {
      if (atomic_compare_exchange_strong(word, &seen, mine)) return dead;
      continue;
    }
    uint32_t wanted = seen | CONTENDED | (slept ? HANDED_ON : 0);
    if (!atomic_compare_exchange_strong(word, &seen, wanted)) continue;
    struct timespec slice = {.tv_nsec = owner == 0 ? HANDED_ON_NS : LOOK_UP_NS};
    if (syscall(SYS_futex, word, FUTEX_WAIT, wanted, &slice, NULL, 0) == -1) {
      if (errno == EAGAIN) continue; // it has changed: that was no sleep
      suspect = owner;
    }
    slept = 1;
    mine = self | CONTENDED; // others may sleep besides
  }
}

static void unlock(_Atomic uint32_t *word) {
  uint32_t seen = self;
  if (atomic_compare_exchange_strong(word, &seen, 0)) return;
  uint32_t next;
  do next = seen & HANDED_ON ? HANDED_ON | CONTENDED : 0;
  while (!atomic_compare_exchange_strong(word, &seen, next));
  long woken = syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
  if (next != 0 && woken == 0 && atomic_compare_exchange_strong(word, &next, 0))
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

#endif

// The floors of a round trip between two processes that sleep: nothing but the system calls. Prints nanoseconds per round
// trip. Usage: trips futex|epoll ROUNDS [PROCESSOR PROCESSOR]: what each of the two is bound to

#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void bind_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// A word that is passed back and forth.
static void play_futex(atomic_int *word, int rounds, int side) {
  for (int round = side; round < 2 * rounds; round += 2) {
    for (int seen; (seen = atomic_load(word)) != round;)
      syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
    atomic_store(word, round + 1);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
}

// As an event loop does it: what wakes is a descriptor, and is read.
static void play_epoll(int own, int other, int rounds, int side) {
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, own, &event);
  uint64_t count = 1;
  for (int round = 0; round < rounds; round++) {
    if (side == 0 && write(other, &count, sizeof count) < 0) exit(1);
    while (epoll_wait(epoll, &event, 1, -1) != 1);
    if (read(own, &count, sizeof count) < 0) exit(1);
    count = 1;
    if (side == 1 && write(other, &count, sizeof count) < 0) exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int is_futex = strcmp(argv[1], "futex") == 0;
  int rounds = atoi(argv[2]);
  atomic_int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int descriptors[2] = {eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK)};
  if (word == MAP_FAILED) return 1;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pid_t child = fork();
  int side = child == 0;
  if (argc > 4) bind_to(atoi(argv[3 + side]));
  if (is_futex) play_futex(word, rounds, side);
  else play_epoll(descriptors[side], descriptors[!side], rounds, side);
  if (side == 1) return 0;
  waitpid(child, NULL, 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.0f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / rounds);
  return 0;
}

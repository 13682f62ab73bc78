// The floor of waiting for each other: two processes that pass a word back and forth, and nothing
// but the system call. Prints nanoseconds per round trip. Usage: futex ROUNDS

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void play(atomic_int *word, int rounds, int slot) {
  for (int round = slot; round < 2 * rounds; round += 2) {
    for (int seen; (seen = atomic_load(word)) != round;)
      syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
    atomic_store(word, round + 1);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 100000;
  atomic_int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (word == MAP_FAILED) return 1;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pid_t child = fork();
  play(word, rounds, child == 0);
  if (child == 0) return 0;
  waitpid(child, NULL, 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double ns = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
  printf("%.0f\n", ns / rounds);
  return 0;
}

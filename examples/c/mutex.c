// Takes part in a Mutex of Node.js: adds to the word after the lock's, under the lock. How is in mutex.h.
// Usage: mutex KEY TIMES (of a System V segment), or mutex KEY hold

#include "mutex.h"

#include <sys/shm.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int id = shmget((key_t)strtoul(argv[1], NULL, 10), 0, 0);
  void *memory = id == -1 ? (void *)-1 : shmat(id, NULL, 0);
  if (memory == (void *)-1) return perror(argv[1]), 1;
  _Atomic uint32_t *word = memory;
  int32_t *count = (int32_t *)memory + 1;
  claim();
  int died = 0;
  if (strcmp(argv[2], "hold") == 0) {
    died = lock(word);
    puts("locked");
    fflush(stdout);
    pause();
  }
  for (int i = 0; i < atoi(argv[2]); i++) {
    died += lock(word);
    ++*count;
    unlock(word);
  }
  printf("%d owners died\n", died);
  return 0;
}

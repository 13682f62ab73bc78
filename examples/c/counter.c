// A counter that C programs and Node.js increment at the same time, without losing a count.
//   cc -O2 -o counter counter.c
//   const counter = create(1, 'Int32Array', '/counter', { raw: true });
//   ./counter /counter 1000000     while Node.js does Atomics.add(counter, 0, 1)
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "counter NAME TIMES\n"), 2;
  int file = shm_open(argv[1], O_RDWR, 0);
  if (file < 0) return perror(argv[1]), 1;
  _Atomic int32_t *counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (counter == MAP_FAILED) return perror("mmap"), 1;
  for (long times = atol(argv[2]); times > 0; times--) atomic_fetch_add(counter, 1);
}

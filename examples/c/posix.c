// A POSIX object that a C program and Node.js share.
//   cc -O2 -o posix posix.c     (with a glibc before 2.34, add -lrt)
//   ./posix make /name 1000     for get('/name', 'Float32Array', { raw: true })
//   ./posix add /name           to what create(1000, 'Float32Array', '/name') has made
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct object {
  uint64_t bytes;  // of data
  float data[];
};

int main(int argc, char **argv) {
  int make = argc == 4 && !strcmp(argv[1], "make");
  if (!make && (argc != 3 || strcmp(argv[1], "add"))) return fprintf(stderr, "posix make NAME COUNT | add NAME\n"), 2;
  int file = shm_open(argv[2], make ? O_CREAT | O_EXCL | O_RDWR : O_RDWR, 0660);
  if (file < 0) return perror(argv[2]), 1;
  if (make && ftruncate(file, strtoul(argv[3], NULL, 10) * sizeof(float)) < 0) return perror("ftruncate"), 1;
  struct stat status;
  if (fstat(file, &status) < 0) return perror("fstat"), 1;
  void *memory = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return perror("mmap"), 1;
  if (make) {
    float *data = memory;
    for (size_t i = 0; i < status.st_size / sizeof(float); i++) data[i] = i;
    return 0;
  }
  struct object *object = memory;
  // The header is what another process has written: never go by it beyond the real end.
  if (status.st_size < 8 || object->bytes > (uint64_t)status.st_size - 8) return fprintf(stderr, "no such layout\n"), 1;
  for (size_t i = 0; i < object->bytes / sizeof(float); i++) object->data[i] += 1;
}

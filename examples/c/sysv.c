// A System V segment that a C program and Node.js share.
//   cc -O2 -o sysv sysv.c
//   ./sysv make 4711 1000       for get(4711, 'Float32Array')
//   ./sysv add 4711             to what create(1000, 'Float32Array', 4711) has made
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char **argv) {
  int make = argc == 4 && !strcmp(argv[1], "make");
  if (!make && (argc != 3 || strcmp(argv[1], "add"))) return fprintf(stderr, "sysv make KEY COUNT | add KEY\n"), 2;
  key_t key = (key_t)strtoul(argv[2], NULL, 0);
  size_t size = make ? strtoul(argv[3], NULL, 10) * sizeof(float) : 0;
  int id = shmget(key, size, make ? IPC_CREAT | IPC_EXCL | 0660 : 0);
  if (id < 0) return perror("shmget"), 1;
  float *data = shmat(id, NULL, 0);
  if (data == (void *)-1) return perror("shmat"), 1;
  struct shmid_ds status;
  if (shmctl(id, IPC_STAT, &status) < 0) return perror("shmctl"), 1;
  for (size_t i = 0; i < status.shm_segsz / sizeof(float); i++) data[i] = make ? i : data[i] + 1;
  // Made here, it stays after this detach, until a process of Node.js detaches it as the last one.
  shmdt(data);
}

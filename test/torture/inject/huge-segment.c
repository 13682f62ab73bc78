/* Makes a segment of huge pages: huge-segment KEY BYTES. Exit code 1 if there are none to be had. */
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int count, char **arguments) {
  if (count != 3) return 2;
  key_t key = (key_t)strtoul(arguments[1], NULL, 10);
  size_t size = strtoul(arguments[2], NULL, 10);
  return shmget(key, size, IPC_CREAT | IPC_EXCL | SHM_HUGETLB | 0600) == -1;
}

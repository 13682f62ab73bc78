// The floor: the system calls that the package's promises need, and nothing else.
//
// Reads lines `WORK COUNT PASSES KEY` from standard input, does WORK with COUNT keys, all of them
// PASSES times, and answers each line with the nanoseconds of processor time that took. A KEY is
// the first of COUNT numbers, or the beginning of names that a number completes. bench/player.js
// does the same works through the package.

#include "calls.h"

#include <sys/resource.h>

static const size_t LARGE = 400000000;

static void sysv_detach(int id, void *base, size_t size) {
  detach(base, size);
  sysv_settle(id);
  release(base, size);
}

static void sysv_create_detach(key_t key) {
  int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | PERM);
  check(id != -1, "shmget");
  sysv_detach(id, sysv_attach(id), SIZE);
}

static void sysv_get_detach(key_t key) {
  unsigned long attaches;
  int id = sysv_find(key);
  size_t size = sysv_status(id, &attaches);
  sysv_detach(id, sysv_attach(id), size);
}

static void posix_destroy(const char *path, void *base, size_t size) {
  check(unlink(path) == 0, "unlink");
  detach(base, size);
  release(base, size);
}

static void posix_create_destroy(const char *path) {
  posix_destroy(path, posix_create(path, SIZE), SIZE + HEADER);
}

static void posix_get_detach(const char *path) {
  size_t size;
  void *base = posix_open(path, &size);
  detach(base, size);
  release(base, size);
}

static void sysv_create_fill(key_t key) {
  int id = shmget(key, LARGE, IPC_CREAT | IPC_EXCL | PERM);
  check(id != -1, "shmget");
  void *base = sysv_attach(id);
  memset(base, 1, LARGE);
  sysv_detach(id, base, LARGE);
}

static void posix_create_fill(const char *path) {
  char *base = posix_create(path, LARGE);
  memset(base + HEADER, 1, LARGE);
  posix_destroy(path, base, LARGE + HEADER);
}

static void run(const char *work, key_t key, const char *path) {
  if (strcmp(work, "sysv-create-detach") == 0) sysv_create_detach(key);
  else if (strcmp(work, "posix-create-destroy") == 0) posix_create_destroy(path);
  else if (strcmp(work, "sysv-get") == 0) sysv_find(key);
  else if (strcmp(work, "posix-get") == 0) posix_find(path);
  else if (strcmp(work, "sysv-get-detach") == 0) sysv_get_detach(key);
  else if (strcmp(work, "posix-get-detach") == 0) posix_get_detach(path);
  else if (strcmp(work, "sysv-create-fill") == 0) sysv_create_fill(key);
  else if (strcmp(work, "posix-create-fill") == 0) posix_create_fill(path);
  else check(0, work);
}

static int64_t cpu_time(void) {
  struct rusage used;
  check(getrusage(RUSAGE_SELF, &used) == 0, "getrusage");
  return ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
         ((int64_t)used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
}

int main(void) {
  char work[64], key[256], path[300];
  long count, passes;
  while (scanf("%63s %ld %ld %255s", work, &count, &passes, key) == 4) {
    unsigned long number = strtoul(key, NULL, 10);
    int64_t start = cpu_time();
    for (long i = 0; i < count * passes; i++) {
      long place = i % count;
      if (key[0] == '/') snprintf(path, sizeof path, "/dev/shm%s%ld", key, place);
      run(work, (key_t)(number + (unsigned long)place), path);
    }
    printf("%lld\n", (long long)(cpu_time() - start));
    fflush(stdout);
  }
  return 0;
}

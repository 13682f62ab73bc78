// The floor: the system calls that the package's promises need, and nothing else.
//
// Reads lines `WORK COUNT PASSES KEY` from standard input, does WORK with COUNT keys, all of them
// PASSES times, and answers each line with the nanoseconds of processor time that took. A KEY is
// the first of COUNT numbers, or the beginning of names that a number completes. bench/player.js
// does the same works through the package.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 4096, HEADER = 8, PERM = 0660 };
static const size_t LARGE = 400000000;

static void check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

// How this package detaches: zero pages first, so that work in flight on the memory ends well, and
// the address range given back later.
static void detach(void *base, size_t size) {
  void *zeros = mmap(base, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  check(zeros == base, "mmap zero pages");
}

static void release(void *base, size_t size) { check(munmap(base, size) == 0, "munmap"); }

static int sysv_find(key_t key) {
  int id = shmget(key, 0, 0);
  check(id != -1, "shmget");
  return id;
}

static size_t sysv_status(int id, unsigned long *attaches) {
  struct shmid_ds status;
  check(shmctl(id, IPC_STAT, &status) == 0, "shmctl");
  *attaches = status.shm_nattch;
  return status.shm_segsz;
}

static void *sysv_attach(int id) {
  void *base = shmat(id, NULL, 0);
  check(base != (void *)-1, "shmat");
  return base;
}

static void sysv_detach(int id, void *base, size_t size) {
  unsigned long attaches;
  detach(base, size);
  sysv_status(id, &attaches);
  if (attaches == 0) check(shmctl(id, IPC_RMID, NULL) == 0, "shmctl");
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

static void *map(int file, size_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  check(base != MAP_FAILED, "mmap");
  return base;
}

// Atomic and reserved: a nameless file, filled in, gets its name when it is finished.
static void *posix_create(const char *path, uint64_t bytes) {
  struct stat status;
  int file = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, PERM);
  check(file != -1, "open");
  check(posix_fallocate(file, 0, (off_t)(bytes + HEADER)) == 0, "posix_fallocate");
  check(pwrite(file, &bytes, HEADER, 0) == HEADER, "pwrite");
  check(fstat(file, &status) == 0, "fstat");
  void *base = map(file, bytes + HEADER);
  check(linkat(file, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0, "linkat");
  close(file);
  return base;
}

static void posix_destroy(const char *path, void *base, size_t size) {
  check(unlink(path) == 0, "unlink");
  detach(base, size);
  release(base, size);
}

static void posix_create_destroy(const char *path) {
  posix_destroy(path, posix_create(path, SIZE), SIZE + HEADER);
}

static void posix_find(const char *path) {
  struct stat status;
  check(lstat(path, &status) == 0, "lstat");
}

static void posix_get_detach(const char *path) {
  struct stat status;
  uint64_t header;
  int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  check(file != -1, "open");
  check(fstat(file, &status) == 0, "fstat");
  check(pread(file, &header, HEADER, 0) == HEADER, "pread");
  void *base = map(file, (size_t)status.st_size);
  close(file);
  detach(base, (size_t)status.st_size);
  release(base, (size_t)status.st_size);
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

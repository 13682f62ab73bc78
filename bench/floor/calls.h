// The system calls that the package's promises need, shared by floor.c, which makes them alone, and by
// addon.c, which makes them for JavaScript.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 4096, HEADER = 8, PERM = 0660 };

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

static void posix_find(const char *path) {
  struct stat status;
  check(lstat(path, &status) == 0, "lstat");
}

static void *posix_open(const char *path, size_t *size) {
  struct stat status;
  uint64_t header;
  int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  check(file != -1, "open");
  check(fstat(file, &status) == 0, "fstat");
  check(pread(file, &header, HEADER, 0) == HEADER, "pread");
  *size = (size_t)status.st_size;
  void *base = map(file, *size);
  close(file);
  return base;
}

static void sysv_settle(int id) {
  unsigned long attaches;
  sysv_status(id, &attaches);
  if (attaches == 0) check(shmctl(id, IPC_RMID, NULL) == 0, "shmctl");
}

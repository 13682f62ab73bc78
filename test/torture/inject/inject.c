/*
 * Makes the n-th call of the addon to the system, or to Node-API, fail, or stops the process before it; preloaded into
 * Node by test/torture/faults.js, test/torture/node-api-faults.js and test/lifetimes-steps.test.js.
 *
 * The orders come through a file named by SHM_INJECT, mapped here and written by
 * test/torture/support/inject.js: what the members of `struct orders` say.
 * Only calls from the addon itself count; what Node does is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Numbers that older headers do not have; they are the same on every machine. */
enum { IO_URING_SETUP = 425, IO_URING_ENTER = 426, FUTEX_WAITV = 449 };

struct orders {
  /* The calls left until one fails; 0: none does. */
  int left;
  /* The errno, or the status of Node-API, that it fails with. */
  int error;
  /* 1 if all further ones of its name fail. */
  int sticky;
  /* 1 if sysconf answers 0. */
  int no_page_size;
  /* 1 if calls to Node-API count, 0 if those to the system do. */
  int node_api;
  /* 1 if external buffers are refused, as Electron does. */
  int refuse_external;
  /* How many in a row fail, if more than one. */
  int times;
  /* 1 if the process stops (SIGSTOP) before the call, which is made when it goes on. */
  int stop;
  /* 1 if no lease is granted: who has no right to one is told the same. */
  int no_lease;
  /* The name of the call that failed. */
  char failed[64];
  /* If not empty, only calls of this name count. */
  char only[64];
  /* The number of a call by syscall(2) that has no name here; no order changes it. */
  int unknown;
};

static volatile struct orders *orders;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("SHM_INJECT");
  int file = path ? open(path, O_RDWR) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) orders = page;
}

static int is_addon(const char *file) {
  const char *end = strrchr(file, '.');
  return end && strcmp(end, ".node") == 0;
}

static int from_addon(void *caller) {
  Dl_info info;
  return orders && dladdr(caller, &info) && info.dli_fname && is_addon(info.dli_fname);
}

/* Whether this call has to fail. */
static int is_due(const char *name) {
  if (orders->only[0] && strcmp((char *)orders->only, name) != 0) return 0;
  if (orders->sticky && strcmp((char *)orders->failed, name) == 0) return 1;
  if (orders->left == 0 || --orders->left > 0) return 0;
  if (orders->times > 1) {
    orders->times--;
    orders->left = 1;
  }
  strncpy((char *)orders->failed, name, sizeof orders->failed - 1);
  return 1;
}

/* Whether this system call has to fail; errno is set then. */
static int fails(const char *name, void *caller) {
  if (!from_addon(caller) || orders->node_api || !is_due(name)) return 0;
  if (orders->stop) {
    raise(SIGSTOP);
    return 0;
  }
  errno = orders->error;
  return 1;
}

static void *real_dlsym(void *handle, const char *name);

#define REAL(name) ((__typeof__(&name))real_dlsym(RTLD_NEXT, #name))
#define FAILS(name) fails(#name, __builtin_return_address(0))

int shmget(key_t key, size_t size, int flags) {
  return FAILS(shmget) ? -1 : REAL(shmget)(key, size, flags);
}

void *shmat(int id, const void *address, int flags) {
  return FAILS(shmat) ? (void *)-1 : REAL(shmat)(id, address, flags);
}

int shmctl(int id, int command, struct shmid_ds *status) {
  return FAILS(shmctl) ? -1 : REAL(shmctl)(id, command, status);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  return FAILS(mmap) ? MAP_FAILED : REAL(mmap)(address, size, protection, flags, file, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int file, off64_t offset) {
  return FAILS(mmap64) ? MAP_FAILED : REAL(mmap64)(address, size, protection, flags, file, offset);
}

/* This one returns its error. */
int posix_fallocate(int file, off_t offset, off_t size) {
  return FAILS(posix_fallocate) ? orders->error : REAL(posix_fallocate)(file, offset, size);
}

int posix_fallocate64(int file, off64_t offset, off64_t size) {
  return FAILS(posix_fallocate64) ? orders->error : REAL(posix_fallocate64)(file, offset, size);
}

int fallocate64(int file, int mode, off64_t offset, off64_t size) {
  return FAILS(fallocate64) ? -1 : REAL(fallocate64)(file, mode, offset, size);
}

int msync(void *address, size_t size, int flags) {
  return FAILS(msync) ? -1 : REAL(msync)(address, size, flags);
}

/* This one returns its error. */
int posix_madvise(void *address, size_t size, int advice) {
  return FAILS(posix_madvise) ? orders->error : REAL(posix_madvise)(address, size, advice);
}

int mprotect(void *address, size_t size, int protection) {
  return FAILS(mprotect) ? -1 : REAL(mprotect)(address, size, protection);
}

void *mremap(void *address, size_t size, size_t new_size, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void *target = va_arg(rest, void *);
  va_end(rest);
  return FAILS(mremap) ? MAP_FAILED : REAL(mremap)(address, size, new_size, flags, target);
}

/* This one returns its error. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  return FAILS(pthread_create) ? orders->error : REAL(pthread_create)(thread, attributes, start, argument);
}

int fchmod(int file, mode_t mode) {
  return FAILS(fchmod) ? -1 : REAL(fchmod)(file, mode);
}

int munmap(void *address, size_t size) {
  return FAILS(munmap) ? -1 : REAL(munmap)(address, size);
}

int shmdt(const void *address) {
  return FAILS(shmdt) ? -1 : REAL(shmdt)(address);
}

int fcntl(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (FAILS(fcntl)) return -1;
  if (command == F_SETLEASE && (int)(long)argument != F_UNLCK && from_addon(__builtin_return_address(0)) && orders->no_lease) {
    errno = EACCES;
    return -1;
  }
  return REAL(fcntl)(file, command, argument);
}

struct statfs64;
int fstatfs64(int file, struct statfs64 *found) {
  return FAILS(fstatfs64) ? -1 : REAL(fstatfs64)(file, found);
}

struct statvfs64;
int fstatvfs64(int file, struct statvfs64 *found) {
  return FAILS(fstatvfs64) ? -1 : REAL(fstatvfs64)(file, found);
}

off64_t lseek64(int file, off64_t offset, int whence) {
  return FAILS(lseek64) ? -1 : REAL(lseek64)(file, offset, whence);
}

/* The name of what the addon calls and the C library has no function for. */
static const char *name_of(long number) {
  switch (number) {
    case SYS_futex: return "futex";
    case FUTEX_WAITV: return "futex_waitv";
    case IO_URING_SETUP: return "io_uring_setup";
    case IO_URING_ENTER: return "io_uring_enter";
    default: return NULL;
  }
}

/* Rust's own locks are futexes, too, so these calls fail only if they are named. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (int i = 0; i < 6; i++) arguments[i] = va_arg(rest, long);
  va_end(rest);
  void *caller = __builtin_return_address(0);
  const char *name = name_of(number);
  if (name && orders && orders->only[0] && fails(name, caller)) return -1;
  if (!name && from_addon(caller)) orders->unknown = (int)number;
  return REAL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

struct epoll_event;

int epoll_create1(int flags) {
  return FAILS(epoll_create1) ? -1 : REAL(epoll_create1)(flags);
}

int epoll_ctl(int epoll, int operation, int file, struct epoll_event *event) {
  return FAILS(epoll_ctl) ? -1 : REAL(epoll_ctl)(epoll, operation, file, event);
}

struct pollfd;
struct timespec;

int ppoll(struct pollfd *files, unsigned long count, const struct timespec *timeout, const void *signals) {
  return FAILS(ppoll) ? -1 : REAL(ppoll)(files, count, timeout, signals);
}

int kill(pid_t process, int signal) {
  return FAILS(kill) ? -1 : REAL(kill)(process, signal);
}

ssize_t read(int file, void *bytes, size_t size) {
  return FAILS(read) ? -1 : REAL(read)(file, bytes, size);
}

void *opendir(const char *path) {
  return FAILS(opendir) ? NULL : REAL(opendir)(path);
}

void *readdir64(void *directory) {
  return FAILS(readdir64) ? NULL : REAL(readdir64)(directory);
}

char *realpath(const char *path, char *resolved) {
  return FAILS(realpath) ? NULL : REAL(realpath)(path, resolved);
}

int ftruncate(int file, off_t size) {
  return FAILS(ftruncate) ? -1 : REAL(ftruncate)(file, size);
}

int ftruncate64(int file, off64_t size) {
  return FAILS(ftruncate64) ? -1 : REAL(ftruncate64)(file, size);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  return FAILS(linkat) ? -1 : REAL(linkat)(from, old, to, new, flags);
}

int unlink(const char *path) {
  return FAILS(unlink) ? -1 : REAL(unlink)(path);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return FAILS(open64) ? -1 : REAL(open64)(path, flags, mode);
}

/* A failing close has closed its file all the same. */
int close(int file) {
  int status = REAL(close)(file);
  return FAILS(close) ? -1 : status;
}

struct stat64;
int fstat64(int file, struct stat64 *found) {
  return FAILS(fstat64) ? -1 : REAL(fstat64)(file, found);
}

int lstat64(const char *path, struct stat64 *found) {
  return FAILS(lstat64) ? -1 : REAL(lstat64)(path, found);
}

int stat64(const char *path, struct stat64 *found) {
  return FAILS(stat64) ? -1 : REAL(stat64)(path, found);
}

int fstat(int file, struct stat *found) {
  return FAILS(fstat) ? -1 : REAL(fstat)(file, found);
}

int lstat(const char *path, struct stat *found) {
  return FAILS(lstat) ? -1 : REAL(lstat)(path, found);
}

/* The same, as addons that are built for a glibc before 2.33 call them. */
int __fxstat64(int version, int file, struct stat64 *found) {
  return FAILS(__fxstat64) ? -1 : REAL(__fxstat64)(version, file, found);
}

int __lxstat64(int version, const char *path, struct stat64 *found) {
  return FAILS(__lxstat64) ? -1 : REAL(__lxstat64)(version, path, found);
}

int __xstat64(int version, const char *path, struct stat64 *found) {
  return FAILS(__xstat64) ? -1 : REAL(__xstat64)(version, path, found);
}

struct statx;
int statx(int directory, const char *path, int flags, unsigned mask, struct statx *found) {
  return FAILS(statx) ? -1 : REAL(statx)(directory, path, flags, mask, found);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
  return FAILS(pwrite64) ? -1 : REAL(pwrite64)(file, bytes, size, offset);
}

ssize_t pread64(int file, void *bytes, size_t size, off64_t offset) {
  return FAILS(pread64) ? -1 : REAL(pread64)(file, bytes, size, offset);
}

long sysconf(int name) {
  if (name == _SC_PAGESIZE && from_addon(__builtin_return_address(0)) && orders->no_page_size) return 0;
  return REAL(sysconf)(name);
}

/*
 * Functions of Node-API are Node's own, so none here would be found before them. But the addon asks
 * dlsym for each, and is given these. They pass seven arguments on, whatever the function takes of them:
 * all are integers or pointers, and more of those than it wants do no harm.
 */
enum { GENERIC_FAILURE = 9, PENDING_EXCEPTION = 10, NO_EXTERNAL_BUFFERS_ALLOWED = 22 };

typedef int (*node_api_function)(void *, void *, void *, void *, void *, void *, void *);

/* How a function of Node-API can fail: some never by an exception, some, which run JavaScript, by nothing else. */
enum manner { STATUS, EITHER, EXCEPTION };

/* The status that this call to Node-API has to fail with; 0 if it does not. */
static int refusal(const char *name, enum manner manner, void *env) {
  int is_external = strstr(name, "create_external") != NULL;
  if (is_external && orders->refuse_external) return NO_EXTERNAL_BUFFERS_ALLOWED;
  if (!orders->node_api || !is_due(name)) return 0;
  if (manner == STATUS && orders->error == PENDING_EXCEPTION) return GENERIC_FAILURE;
  if (manner != EXCEPTION && orders->error != PENDING_EXCEPTION) return orders->error;
  int (*throw_error)(void *, const char *, const char *) = real_dlsym(RTLD_DEFAULT, "napi_throw_error");
  throw_error(env, "INJECTED", "an exception of the engine");
  return PENDING_EXCEPTION;
}

#define NODE_API(name, manner) \
  static node_api_function real_##name; \
  static int injected_##name(void *a, void *b, void *c, void *d, void *e, void *f, void *g) { \
    int status = refusal(#name, manner, a); \
    return status ? status : real_##name(a, b, c, d, e, f, g); \
  }

#define NODE_API_FUNCTIONS(each) \
  each(napi_create_external_arraybuffer, EITHER) \
  each(node_api_create_external_sharedarraybuffer, EITHER) \
  each(napi_add_finalizer, STATUS) \
  each(napi_create_reference, STATUS) \
  each(napi_get_reference_value, STATUS) \
  each(napi_get_arraybuffer_info, STATUS) \
  each(napi_get_typedarray_info, STATUS) \
  each(napi_detach_arraybuffer, STATUS) \
  each(napi_open_handle_scope, STATUS) \
  each(napi_call_function, EXCEPTION) \
  each(napi_set_element, EXCEPTION) \
  each(napi_set_property, EXCEPTION)

NODE_API_FUNCTIONS(NODE_API)

static void *real_dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  const char *versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
  for (size_t i = 0; real == NULL && i < sizeof versions / sizeof *versions; i++) {
    real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  }
  return real(handle, name);
}

#define INSTEAD(function, manner) \
  if (strcmp(name, #function) == 0) { \
    real_##function = found; \
    return injected_##function; \
  }

void *dlsym(void *handle, const char *name) {
  void *found = real_dlsym(handle, name);
  if (found == NULL || !from_addon(__builtin_return_address(0))) return found;
  NODE_API_FUNCTIONS(INSTEAD)
  return found;
}

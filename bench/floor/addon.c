// The least that an addon can do: the calls of calls.h and what Node-API takes to hand the memory to
// JavaScript and back, without a check of anything. What stands between floor.c and this is Node's.
//
// Node's headers are not needed: the few functions are declared here.

#include "calls.h"

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef void (*napi_finalize)(napi_env, void *, void *);
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_double(napi_env, napi_value, double *);
int napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
int napi_create_double(napi_env, double, napi_value *);
int napi_create_external_arraybuffer(napi_env, void *, size_t, napi_finalize, void *, napi_value *);
int napi_add_finalizer(napi_env, napi_value, void *, napi_finalize, void *, void *);
int napi_detach_arraybuffer(napi_env, napi_value);
int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);

// A mapping, and how many of its two holders are left: the backing store and the ArrayBuffer.
struct mapping {
  char *base;
  size_t size;
  int id; // of a segment, else -1
  int holders;
};

// The mapping of the last create or get, which JavaScript names at the detach.
static struct mapping *last;

static void let_go(napi_env env, void *data, void *hint) {
  struct mapping *mapping = hint;
  (void)env, (void)data;
  if (--mapping->holders > 0) return;
  release(mapping->base, mapping->size);
  free(mapping);
}

static napi_value show(napi_env env, char *base, size_t size, int id) {
  napi_value buffer;
  size_t skip = id == -1 ? HEADER : 0;
  last = malloc(sizeof *last);
  *last = (struct mapping){base, size, id, 2};
  napi_create_external_arraybuffer(env, base + skip, size - skip, let_go, last, &buffer);
  napi_add_finalizer(env, buffer, NULL, let_go, last, NULL);
  return buffer;
}

// The key in the first argument: a number, or a name, whose path is filled in.
static int is_segment(napi_env env, napi_value value, key_t *key, char *path) {
  double number;
  size_t length;
  if (napi_get_value_double(env, value, &number) == 0) {
    *key = (key_t)(uint32_t)number;
    return 1;
  }
  strcpy(path, "/dev/shm");
  napi_get_value_string_utf8(env, value, path + 8, 260, &length);
  return 0;
}

static size_t arguments(napi_env env, napi_callback_info info, napi_value *values) {
  size_t count = 3;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  return count;
}

static napi_value create(napi_env env, napi_callback_info info) {
  napi_value values[3];
  key_t key;
  char path[300];
  arguments(env, info, values);
  if (!is_segment(env, values[0], &key, path)) return show(env, posix_create(path, SIZE), SIZE + HEADER, -1);
  int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | PERM);
  check(id != -1, "shmget");
  return show(env, sysv_attach(id), SIZE, id);
}

static napi_value get(napi_env env, napi_callback_info info) {
  napi_value values[3];
  key_t key;
  char path[300];
  size_t size;
  arguments(env, info, values);
  if (!is_segment(env, values[0], &key, path)) {
    void *base = posix_open(path, &size);
    return show(env, base, size, -1);
  }
  unsigned long attaches;
  int id = sysv_find(key);
  size = sysv_status(id, &attaches);
  return show(env, sysv_attach(id), size, id);
}

// Asks whether what is attached is still what has the key.
static napi_value find(napi_env env, napi_callback_info info) {
  napi_value values[3];
  key_t key;
  char path[300];
  arguments(env, info, values);
  if (is_segment(env, values[0], &key, path)) sysv_find(key);
  else posix_find(path);
  return values[0];
}

// (key, buffer, mapping): destroys it, too; a segment that nobody else has goes in any case.
static napi_value end(napi_env env, napi_callback_info info, int destroy) {
  napi_value values[3];
  key_t key;
  char path[300];
  double address;
  arguments(env, info, values);
  napi_get_value_double(env, values[2], &address);
  struct mapping *mapping = (struct mapping *)(uintptr_t)address;
  if (!is_segment(env, values[0], &key, path) && destroy) check(unlink(path) == 0, "unlink");
  detach(mapping->base, mapping->size);
  if (mapping->id != -1) sysv_settle(mapping->id);
  napi_detach_arraybuffer(env, values[1]);
  return values[0];
}

static napi_value detach_it(napi_env env, napi_callback_info info) { return end(env, info, 0); }
static napi_value destroy_it(napi_env env, napi_callback_info info) { return end(env, info, 1); }

static napi_value last_mapping(napi_env env, napi_callback_info info) {
  napi_value value;
  (void)info;
  napi_create_double(env, (double)(uintptr_t)last, &value);
  return value;
}

static void export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, strlen(name), callback, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  export(env, exports, "create", create);
  export(env, exports, "get", get);
  export(env, exports, "find", find);
  export(env, exports, "detach", detach_it);
  export(env, exports, "destroy", destroy_it);
  export(env, exports, "lastMapping", last_mapping);
  return exports;
}

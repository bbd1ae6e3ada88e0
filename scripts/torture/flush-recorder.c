/* Preloaded into each process that uses a database (LD_PRELOAD): records, in order, what it writes to the files whose path
 * begins with $FLUSH_RECORDER_FILES, and what it flushes. The record of all goes to $FLUSH_RECORDER_LOG, which the page cache
 * keeps when they are killed; power-loss.ts rebuilds from it what a disk would hold had the power failed.
 * Memory-mapped writes are not seen: SQLite makes none but to its -shm file, which holds no data. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct header {
  uint32_t op; /* w(rite), t(runcate), s(ync of a file), d(irectory sync), u(nlink) */
  uint32_t path_bytes;
  uint64_t offset; /* of a write; the size of a truncate; the size of the record when a sync began */
  uint64_t data_bytes;
};

static int journal = -1;
static char prefix[PATH_MAX];
static size_t prefix_bytes;
static size_t directory_bytes;

__attribute__((constructor)) static void start(void) {
  const char *files = getenv("FLUSH_RECORDER_FILES"), *log = getenv("FLUSH_RECORDER_LOG");
  if (!files || !log || strlen(files) >= sizeof prefix) return;
  strcpy(prefix, files);
  prefix_bytes = strlen(prefix);
  directory_bytes = strrchr(prefix, '/') - prefix;
  journal = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (journal < 0) abort();
}

static void record(uint32_t op, const char *path, uint64_t offset, const void *data, size_t bytes) {
  struct header header = {op, strlen(path), offset, bytes};
  struct iovec parts[] = {{&header, sizeof header}, {(void *)path, header.path_bytes}, {(void *)data, bytes}};
  if (writev(journal, parts, 3) != (ssize_t)(sizeof header + header.path_bytes + bytes)) abort();
}

static int ends_with(const char *path, const char *end) {
  size_t bytes = strlen(path), end_bytes = strlen(end);
  return bytes >= end_bytes && !strcmp(path + bytes - end_bytes, end);
}

static int ours(const char *path) {
  if (strncmp(path, prefix, prefix_bytes)) return 0;
  return !ends_with(path, "-shm") && !ends_with(path, " (deleted)");
}

/* The path of an open file; 0 for a file that is not recorded, such as one that was removed ("… (deleted)"). */
static int look(int fd, char *path) {
  char link[64];
  if (journal < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t bytes = readlink(link, path, PATH_MAX - 1);
  if (bytes < 0) return 0;
  path[bytes] = 0;
  return ours(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) {
  char path[PATH_MAX];
  if (!real_pwrite64) real_pwrite64 = REAL(pwrite64);
  ssize_t written = real_pwrite64(fd, data, bytes, offset);
  if (written > 0 && look(fd, path)) record('w', path, offset, data, written);
  return written;
}
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) { return pwrite64(fd, data, bytes, offset); }

static int (*real_ftruncate64)(int, off64_t);
int ftruncate64(int fd, off64_t size) {
  char path[PATH_MAX];
  if (!real_ftruncate64) real_ftruncate64 = REAL(ftruncate64);
  int result = real_ftruncate64(fd, size);
  if (result == 0 && look(fd, path)) record('t', path, size, "", 0);
  return result;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static uint64_t recorded(void) {
  struct stat found;
  return journal >= 0 && !fstat(journal, &found) ? found.st_size : 0;
}

static void flushed(int fd, uint64_t began) {
  char path[PATH_MAX] = "";
  if (look(fd, path)) record('s', path, began, "", 0);
  else if (journal >= 0 && strlen(path) == directory_bytes && !memcmp(path, prefix, directory_bytes))
    record('d', path, began, "", 0);
}

static int (*real_fsync)(int);
int fsync(int fd) {
  if (!real_fsync) real_fsync = REAL(fsync);
  uint64_t began = recorded();
  int result = real_fsync(fd);
  if (result == 0) flushed(fd, began);
  return result;
}

static int (*real_fdatasync)(int);
int fdatasync(int fd) {
  if (!real_fdatasync) real_fdatasync = REAL(fdatasync);
  uint64_t began = recorded();
  int result = real_fdatasync(fd);
  if (result == 0) flushed(fd, began);
  return result;
}

static int (*real_unlink)(const char *);
int unlink(const char *path) {
  if (!real_unlink) real_unlink = REAL(unlink);
  int result = real_unlink(path);
  if (result == 0 && journal >= 0 && ours(path)) record('u', path, 0, "", 0);
  return result;
}

/* Writes down what a program writes below POWER_DIR and when it syncs it, in order, into POWER_LOG. To be preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t in_order = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char dir[4096];
static size_t dir_length;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_truncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_truncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *below = getenv("POWER_DIR"), *into = getenv("POWER_LOG");
    if (below && into && strlen(below) + 2 < sizeof dir) {
        dir_length = (size_t)sprintf(dir, "%s/", below);
        log_fd = open(into, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
}

/* The name of an open file below POWER_DIR, or nothing. */
static const char *name_of(int fd, char path[4096]) {
    char link[64];
    sprintf(link, "/proc/self/fd/%d", fd);
    ssize_t length = log_fd < 0 ? -1 : readlink(link, path, 4095);
    if (length < 0) return NULL;
    path[length] = 0;
    return strncmp(path, dir, dir_length) ? NULL : path + dir_length;
}

/* One line of text, and the bytes that it announces behind it. */
static void note(const char *what, const char *name, int64_t at, const void *bytes, size_t length) {
    char line[4200];
    int n = snprintf(line, sizeof line, "%s %s %lld %zu\n", what, name, (long long)at, bytes ? length : 0);
    if (real_write(log_fd, line, (size_t)n) != n) abort();
    if (bytes && length && real_write(log_fd, bytes, length) != (ssize_t)length) abort();
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    char path[4096];
    const char *name = name_of(fd, path);
    pthread_mutex_lock(&in_order);
    ssize_t done = real_pwrite(fd, bytes, length, at);
    if (name && done > 0) note("write", name, at, bytes, (size_t)done);
    pthread_mutex_unlock(&in_order);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[4096];
    const char *name = name_of(fd, path);
    if (!name) return real_write(fd, bytes, length);
    pthread_mutex_lock(&in_order);
    int64_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real_write(fd, bytes, length);
    if (done > 0) note("write", name, at, bytes, (size_t)done);
    pthread_mutex_unlock(&in_order);
    return done;
}

int ftruncate64(int fd, off64_t length) {
    char path[4096];
    const char *name = name_of(fd, path);
    pthread_mutex_lock(&in_order);
    int done = real_truncate(fd, length);
    if (name && !done) note("truncate", name, length, NULL, 0);
    pthread_mutex_unlock(&in_order);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int (*real)(int)) {
    char path[4096];
    const char *name = name_of(fd, path);
    pthread_mutex_lock(&in_order);
    int done = real(fd);
    if (name && !done) note("sync", name, 0, NULL, 0);
    pthread_mutex_unlock(&in_order);
    return done;
}

int fsync(int fd) { return synced(fd, real_fsync); }

int fdatasync(int fd) { return synced(fd, real_fdatasync); }

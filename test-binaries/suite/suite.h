/*
 * What the programs of the suite share. Their output is compared byte for byte between a native build, qemu-user and
 * tsemu, so it must not hold addresses, times, process numbers, names of temporary files, or anything else that
 * changes from run to run or between architectures; print relations between such values instead.
 */
#ifndef SUITE_H
#define SUITE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static volatile int failures; /* volatile: not to be counted ahead of an access that may fault */

/* Prints the condition and whether it holds; with errno's name if not. */
#define CHECK(condition) \
  do { \
    errno = 0; \
    if (condition) { \
      printf("ok: %s\n", #condition); \
    } else { \
      failures++; \
      printf("FAILED at line %d: %s (errno %s)\n", __LINE__, #condition, strerrorname_np(errno)); \
    } \
  } while (0)

/* Holds if the expression is -1 with this errno. */
#define FAILS(expression, number) ((expression) == -1 && errno == (number))

/* For one in many: prints only if it does not hold. */
#define EXPECT(condition) \
  do { \
    if (!(condition)) { \
      failures++; \
      printf("FAILED at line %d: %s\n", __LINE__, #condition); \
    } \
  } while (0)

static inline int finish(void) {
  printf(failures ? "%d failures\n" : "done\n", failures);
  return failures != 0;
}

/* A pseudo-random generator that is the same everywhere (xorshift64*). */
static uint64_t random_state = 88172645463325252ull;
static inline uint64_t random64(void) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717ull;
}

/* FNV-1a, to sum up what is too long to print. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
  const unsigned char *p = data;
  if (!hash) hash = 14695981039346656037ull;
  while (size--) hash = (hash ^ *p++) * 1099511628211ull;
  return hash;
}

/* Makes an empty directory and goes there; leave_scratch removes it (it must be empty again). */
static char scratch_path[PATH_MAX];
static inline void enter_scratch(void) {
  const char *tmp = getenv("TMPDIR");
  snprintf(scratch_path, sizeof scratch_path, "%s/tsemu-suite-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(scratch_path) || chdir(scratch_path)) {
    perror("scratch directory");
    exit(99);
  }
}
static inline void leave_scratch(void) {
  if (chdir("/") || rmdir(scratch_path)) {
    failures++;
    printf("scratch directory not empty: %s\n", strerrorname_np(errno));
  }
}
#endif

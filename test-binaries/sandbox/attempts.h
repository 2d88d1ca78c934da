/* What the attempts have in common: where things are, and how an attempt is written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* An attempt gives 0 or more if it got out, and -1 with errno if not. */
struct attempt {
  const char *name;
  long (*make)(void);
};

/* Descriptors that the caller has left open: a directory, and a file for reading, of what is not allowed. */
enum { OUT_DIRECTORY = 3, OUT_FILE = 4 };

/* Below the directory that the caller names: `in` is allowed, `look` for reading only, `out` not at all. */
const char *in(const char *name);
const char *look(const char *name);
const char *out(const char *name);

/* Closes a descriptor that should not have been given; -1 if it was not. */
long opened(long descriptor);

/* In the middle of an attempt: gives up if a step fails that is no escape. */
#define STEP(call)                      \
  do {                                  \
    if ((call) < 0) return unable(#call); \
  } while (0)
long unable(const char *step);

extern const struct attempt file_attempts[], proc_attempts[], process_attempts[], socket_attempts[], memory_attempts[],
    race_attempts[];

/*
 * For the programs checks-*.c: calls of the kernel with every combination of good and bad arguments, one line each with
 * what came of it. Nothing here decides what is right: the native run does. The calls are those of 64-bit ports.
 */
#ifndef CHECKS_H
#define CHECKS_H
#include "suite.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/** An argument, and how it is printed. */
struct value {
  const char *name;
  long value;
};

/* What to print of a result that is no error. */
enum result {
  NUMBER,     /* the number */
  DONE,       /* nothing: it differs from run to run, or between architectures */
  DESCRIPTOR, /* that it is one; it is closed */
  INTS,       /* the number, and the first ints of `buffer` */
};

/* Newer than the headers of some compilers; the same everywhere. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define MAX_ARGUMENTS 6
#define V(expression) {#expression, (long)(expression)}
#define STRING(text) {"\"" text "\"", (long)(text)}
#define SET(...) (const struct value[]){__VA_ARGS__, {NULL, 0}}
#define ONE(expression) SET(V(expression))
#define CALL(name, result, ...) call_all(#name, SYS_##name, result, (const struct value *[]){__VA_ARGS__, NULL})
#define CALL_NONE(name, result) call_all(#name, SYS_##name, result, (const struct value *[]){NULL})

static int checks;
/* Called after each call, to undo it; and whether there is anything to undo. */
static void (*restore)(void);
static bool succeeded;

/* A page to be written and read; one that may only be read; one that may not; and what lies 4 bytes in front of it. */
static char *buffer, *readonly_page, *no_access, *edge;
/* Where no program has anything: in the last page below the top, and where addresses are no user's. */
#define WILD ((char *)-4096l)

#define POINTERS SET(V(buffer), V(NULL), V(WILD), V(readonly_page), V(edge), V(no_access))

/* Of structures, their usual place in the page. */
static inline void fill_buffer(void) { memset(buffer, 0, 4096); }

static void prepare_pages(void) {
  char *pages = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) exit(98);
  buffer = pages;
  readonly_page = pages + 4096;
  edge = pages + 3 * 4096 - 4;
  no_access = pages + 3 * 4096;
  if (mprotect(readonly_page, 4096, PROT_READ) || mprotect(no_access, 4096, PROT_NONE)) exit(97);
}

/* The calling process, and one that has ended. */
static pid_t self, gone;
#define PROCESSES SET(V(0), V(self), V(gone), V(-1), V(INT_MAX))
static inline void prepare_processes(void) {
  self = getpid();
  gone = fork();
  if (!gone) _exit(0);
  if (waitpid(gone, NULL, 0) != gone) exit(96);
}

static void call_one(const char *name, long number, enum result kind, const struct value *const arguments[], int count) {
  long a[MAX_ARGUMENTS] = {0};
  for (int i = 0; i < count; i++) a[i] = arguments[i]->value;
  errno = 0;
  long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  int error = errno;
  succeeded = result != -1;
  checks++;
  printf("%s(", name);
  for (int i = 0; i < count; i++) printf("%s%s", i ? ", " : "", arguments[i]->name);
  printf(") = ");
  if (result == -1 && error) printf("%s\n", strerrorname_np(error));
  else if (kind == DONE) puts("done");
  else if (kind == DESCRIPTOR) puts(close(result) ? "no descriptor" : "descriptor");
  else if (kind == INTS) {
    int ints[4];
    memcpy(ints, buffer, sizeof ints);
    printf("%ld {%d, %d, %d, %d}\n", result, ints[0], ints[1], ints[2], ints[3]);
  } else printf("%ld\n", result);
  if (restore) restore();
}

static void call_all(const char *name, long number, enum result kind, const struct value *const sets[]) {
  const struct value *at[MAX_ARGUMENTS];
  int count = 0;
  while (sets[count]) {
    at[count] = sets[count];
    count++;
  }
  for (;;) {
    call_one(name, number, kind, at, count);
    int i = count - 1;
    while (i >= 0 && !(++at[i])->name) {
      at[i] = sets[i];
      i--;
    }
    if (i < 0) return;
  }
}

static int finish_checks(void) {
  printf("%d checks\n", checks);
  return finish();
}
#endif

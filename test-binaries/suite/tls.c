/* Thread-local variables of the main thread, constructors and destructors, atexit, weak symbols, ifuncs through libc. */
#include "suite.h"

static __thread int zeroed;
static __thread long initialised = 42;
static __thread char text[] = "thread local";
__thread struct { double x[10]; } __attribute__((aligned(64))) aligned_block;
static int constructed;

extern int absent(void) __attribute__((weak));

static void __attribute__((constructor(101))) first(void) { constructed = constructed * 10 + 1; }
static void __attribute__((constructor(102))) second(void) { constructed = constructed * 10 + 2; }
static void __attribute__((destructor)) last(void) { puts("destructor"); }
static void at_exit_one(void) { puts("atexit one"); }
static void at_exit_two(void) { puts("atexit two"); }
static void on_exit_three(int status, void *argument) { printf("on_exit %d %s\n", status, (char *)argument); }

int main(void) {
  printf("constructors %d\n", constructed);
  printf("%d %ld %s\n", zeroed++, initialised--, text);
  printf("%d %ld\n", zeroed, initialised);
  CHECK((uintptr_t)&aligned_block % 64 == 0);
  CHECK(aligned_block.x[9] == 0);
  CHECK(absent == NULL);
  errno = 7;
  CHECK(&errno != NULL);
  atexit(at_exit_one);
  atexit(at_exit_two);
  on_exit(on_exit_three, (void *)"argument");
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  puts("buffered until exit");
  return 3;
}

/* setjmp and longjmp: values, registers kept, out of deep calls and signal handlers, the mask with sigsetjmp. */
#include "suite.h"
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

static jmp_buf place;
static sigjmp_buf signal_place;

static int descend(int depth, int value) {
  char padding[100];
  memset(padding, depth, sizeof padding);
  if (depth == 0) longjmp(place, value);
  return descend(depth - 1, value) + padding[depth % 100];
}

static void on_signal(int signo) {
  (void)signo;
  siglongjmp(signal_place, 5);
}

static ucontext_t main_context, other_context;
static void coroutine(int a, int b) {
  for (int i = 0; i < 3; i++) {
    printf("coroutine %d\n", a * b + i);
    swapcontext(&other_context, &main_context);
  }
}

int main(void) {
  volatile int round = 0;
  double kept = 1.25;
  volatile double seen = kept;
  int result = setjmp(place);
  printf("setjmp gave %d in round %d, %g %g\n", result, round, seen, kept);
  if (round < 4) {
    static const int values[] = {1, 0, -7, INT_MAX};
    round = round + 1;
    descend(50 * round, values[round - 1]);
  }
  struct sigaction action = {.sa_handler = on_signal};
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  for (volatile int save = 0; save < 2; save++) {
    volatile int tries = 0;
    int value = sigsetjmp(signal_place, save);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    printf("sigsetjmp(%d) gave %d, SIGUSR1 %s\n", save, value, sigismember(&mask, SIGUSR1) ? "blocked" : "not blocked");
    if (tries++ == 0) raise(SIGUSR1);
    sigemptyset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
  }
  static char stack[65536];
  CHECK(getcontext(&other_context) == 0);
  other_context.uc_stack.ss_sp = stack;
  other_context.uc_stack.ss_size = sizeof stack;
  other_context.uc_link = &main_context;
  makecontext(&other_context, (void (*)(void))coroutine, 2, 10, 2);
  for (int i = 0; i < 4; i++) {
    printf("switch %d\n", i);
    swapcontext(&main_context, &other_context);
  }
  return finish();
}

/* Calls about signals. None of them reaches anybody but this process, and that only if it is ignored or blocked. */
#include "checks.h"
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static pid_t self, child;
static int pidfd;

static void again(void) {
  sigset_t pending;
  struct timespec now = {0, 0};
  sigpending(&pending);
  for (int i = 0; i < 4; i++) sigtimedwait(&pending, NULL, &now);
  fill_buffer();
}

#define SIGNALS SET(V(0), V(SIGUSR1), V(SIGWINCH), V(SIGRTMAX), V(65), V(-1), V(1000))

int main(void) {
  prepare_pages();
  self = getpid();
  /* Everything that is sent below is blocked, and taken away again. */
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1), sigaddset(&blocked, SIGRTMAX), sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  child = fork();
  if (!child) _exit(0);
  if (waitpid(child, NULL, 0) != child) return 96;
  pidfd = syscall(SYS_pidfd_open, self, 0);
  restore = again;

  CALL(kill, NUMBER, SET(V(self), V(child), V(INT_MAX), V(INT_MIN)), SIGNALS);
  CALL(tkill, NUMBER, SET(V(self), V(child), V(0), V(-1)), SIGNALS);
  CALL(tgkill, NUMBER, SET(V(self), V(child), V(0), V(-1)), SET(V(self), V(child), V(0), V(-1)), SIGNALS);
  /* siginfo_t: si_code decides whether it may be sent. */
  siginfo_t *info = (void *)(buffer + 512);
  restore = NULL;
  static const int codes[] = {SI_QUEUE, SI_USER, SI_TKILL, SI_TIMER, 1};
  for (int i = 0; i < 5; i++) {
    info->si_code = codes[i];
    printf("code %d: ", i);
    CALL(rt_sigqueueinfo, NUMBER, ONE(self), SET(V(SIGUSR1)), ONE(info));
    again(), info->si_code = codes[i];
    printf("code %d: ", i);
    CALL(rt_tgsigqueueinfo, NUMBER, ONE(self), ONE(self), SET(V(SIGRTMAX)), ONE(info));
    again(), info->si_code = codes[i];
    printf("code %d: ", i);
    CALL(pidfd_send_signal, NUMBER, ONE(pidfd), ONE(SIGUSR1), ONE(info), ONE(0));
    again();
  }
  restore = again;
  CALL(rt_sigqueueinfo, NUMBER, SET(V(self), V(child), V(-1)), SIGNALS, SET(V(NULL), V(WILD), V(no_access)));
  CALL(rt_tgsigqueueinfo, NUMBER, SET(V(self), V(0)), SET(V(self), V(child), V(-1)), SIGNALS, SET(V(NULL), V(edge)));
  CALL(pidfd_send_signal, NUMBER, SET(V(-1), V(999), V(pidfd), V(0)), SIGNALS, SET(V(NULL), V(WILD)), SET(V(0), V(1 << 20)));
  CALL(pidfd_open, DESCRIPTOR, SET(V(self), V(child), V(0), V(-1), V(INT_MAX)), SET(V(0), V(O_NONBLOCK), V(1)));

  /* struct sigaction of the kernel, zeros: SIG_DFL. */
  CALL(rt_sigaction, NUMBER, SET(V(0), V(SIGUSR1), V(SIGKILL), V(SIGSTOP), V(SIGRTMAX), V(65), V(-1)), SET(V(NULL), V(WILD), V(no_access)), POINTERS, SET(V(8), V(0), V(16)));
  CALL(rt_sigaction, NUMBER, SET(V(SIGUSR2), V(SIGKILL), V(SIGSTOP), V(65)), ONE(buffer + 1024), SET(V(NULL), V(WILD)), SET(V(8), V(7)));
  CALL(rt_sigprocmask, NUMBER, SET(V(SIG_BLOCK), V(SIG_UNBLOCK), V(3), V(-1)), POINTERS, POINTERS, SET(V(8), V(0), V(128)));
  CALL(rt_sigpending, NUMBER, POINTERS, SET(V(0), V(4), V(8), V(9), V(-1)));
  CALL(rt_sigsuspend, NUMBER, SET(V(NULL), V(WILD)), SET(V(8), V(7)));
  CALL(rt_sigsuspend, NUMBER, ONE(buffer), SET(V(0), V(16)));
  CALL(sigaltstack, NUMBER, SET(V(NULL), V(WILD), V(no_access)), POINTERS);
  stack_t *stack = (void *)(buffer + 512);
  restore = NULL;
  static const size_t sizes[] = {0, 1024, 65536};
  static const int flags[] = {0, SS_DISABLE, SS_ONSTACK, 4, SS_DISABLE | SS_ONSTACK};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 5; j++) {
      *stack = (stack_t){.ss_sp = buffer, .ss_size = sizes[i], .ss_flags = flags[j]};
      printf("size %d flags %d: ", i, j);
      CALL(sigaltstack, NUMBER, ONE(stack), ONE(NULL));
    }
  stack->ss_flags = SS_DISABLE;
  syscall(SYS_sigaltstack, stack, NULL);
  fill_buffer();
  struct timespec *zero = (void *)(buffer + 600), *wrong = (void *)(buffer + 640), *negative = (void *)(buffer + 680);
  *wrong = (struct timespec){0, 1000000000}, *negative = (struct timespec){-1, 0};
  CALL(rt_sigtimedwait, NUMBER, SET(V(buffer), V(NULL), V(WILD)), SET(V(NULL), V(WILD)), SET(V(zero), V(wrong), V(negative), V(WILD)), SET(V(8), V(0)));
  CALL(signalfd4, DESCRIPTOR, SET(V(-1), V(pidfd)), SET(V(buffer), V(WILD)), SET(V(8), V(4)), SET(V(0), V(SFD_NONBLOCK), V(8)));
  return finish_checks();
}

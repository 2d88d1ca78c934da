/*
 * Storms of signals. Queued real-time signals from process to process and from thread to thread are counted: none is
 * lost, each brings its value, and those of one number come in order. Standard signals wake whoever waits for them, and
 * interrupt reads without a byte being lost. Size: how many of each.
 */
#include "stress.h"
#include <poll.h>
#include <sys/signalfd.h>

enum { NUMBERS = 4, RING = 4 };
static long size;
static atomic_long count, sum;
static long last[NUMBERS];
static atomic_int disordered;

static void on_queued(int signo, siginfo_t *info, void *context) {
  (void)context;
  long value = (long)(intptr_t)info->si_value.sival_ptr;
  int which = signo - SIGRTMIN;
  if (info->si_code != SI_QUEUE || value <= last[which]) disordered++;
  last[which] = value;
  sum += value;
  count++;
}

static void install(int signo, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigfillset(&action.sa_mask);
  EXPECT(sigaction(signo, &action, 0) == 0);
}

static void block(int how, int first, int last_signo, sigset_t *old) {
  sigset_t set;
  sigemptyset(&set);
  for (int signo = first; signo <= last_signo; signo++) sigaddset(&set, signo);
  EXPECT(pthread_sigmask(how, &set, old) == 0);
}

static void queue(pid_t pid, int signo, long value) {
  union sigval with = {.sival_ptr = (void *)(intptr_t)value};
  while (sigqueue(pid, signo, with)) {
    EXPECT(errno == EAGAIN);
    sched_yield();
  }
}

/* What the sender of numbers 1 to `size` makes the receiver's sum. */
static long total(void) { return size * (size + 1) / 2; }

/* To a process that computes, and from there to one that sleeps. */
static void between_processes(void) {
  block(SIG_BLOCK, SIGRTMIN, SIGRTMIN + NUMBERS - 1, 0);
  for (int i = 0; i < NUMBERS; i++) install(SIGRTMIN + i, on_queued, SA_RESTART);
  for (int sleeps = 0; sleeps < 2; sleeps++) {
    pid_t pid = forked();
    if (pid == 0) {
      sigset_t none;
      sigemptyset(&none);
      volatile long computed = 0;
      if (!sleeps) block(SIG_UNBLOCK, SIGRTMIN, SIGRTMIN + NUMBERS - 1, 0);
      while (count < size) {
        if (sleeps) sigsuspend(&none);
        else computed++;
      }
      EXPECT(count == size && sum == total() && disordered == 0);
      _exit(0);
    }
    for (long i = 1; i <= size; i++) queue(pid, SIGRTMIN + (int)(i % NUMBERS), i);
    EXPECT(status_of(pid) == 0);
  }
}

/* Taken with sigtimedwait and through a signalfd, while they are blocked. */
static void waited_for(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  for (int descriptor = 0; descriptor < 2; descriptor++) {
    int fd = descriptor ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    pid_t parent = getpid(), pid = forked();
    if (pid == 0) {
      for (long i = 1; i <= size; i++) queue(parent, SIGRTMIN, i);
      _exit(0);
    }
    for (long i = 1; i <= size; i++) {
      if (descriptor) {
        struct signalfd_siginfo info;
        EXPECT(read(fd, &info, sizeof info) == sizeof info);
        EXPECT(info.ssi_signo == (uint32_t)SIGRTMIN && (long)info.ssi_ptr == i && info.ssi_pid == (uint32_t)pid);
      } else {
        siginfo_t info;
        struct timespec patience = {.tv_sec = 100};
        EXPECT(sigtimedwait(&set, &info, &patience) == SIGRTMIN);
        EXPECT((long)(intptr_t)info.si_value.sival_ptr == i && info.si_pid == pid);
      }
    }
    if (descriptor) close(fd);
    EXPECT(status_of(pid) == 0);
  }
}

/* Threads in a ring: each sends to the next one. */
static pthread_t ring[RING];
static pthread_barrier_t barrier;
static __thread long received;
static __thread long received_sum;
static void on_ring(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  received++;
  received_sum += (long)(intptr_t)info->si_value.sival_ptr;
}
static void *in_ring(void *argument) {
  long me = (long)argument;
  ring[me] = pthread_self();
  block(SIG_UNBLOCK, SIGRTMIN, SIGRTMIN, 0);
  pthread_barrier_wait(&barrier);
  for (long i = 1; i <= size; i++) {
    union sigval value = {.sival_ptr = (void *)(intptr_t)i};
    int error;
    while ((error = pthread_sigqueue(ring[(me + 1) % RING], SIGRTMIN, value))) {
      EXPECT(error == EAGAIN);
      sched_yield();
    }
  }
  while (received < size) usleep(1000);
  EXPECT(received == size && received_sum == total());
  pthread_barrier_wait(&barrier);
  return argument;
}

/* To a process with threads: whoever has not blocked the signal takes it. */
static atomic_int taking;
static void *takes(void *argument) {
  block(SIG_UNBLOCK, SIGRTMIN, SIGRTMIN, 0);
  taking++;
  while (count < size) usleep(500);
  return argument;
}
static void on_any(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  sum += (long)(intptr_t)info->si_value.sival_ptr;
  count++;
}
static void to_any_thread(void) {
  install(SIGRTMIN, on_any, SA_RESTART);
  count = sum = 0;
  pid_t parent = getpid(), pid = forked();
  if (pid == 0) {
    for (long i = 1; i <= size; i++) queue(parent, SIGRTMIN, i);
    _exit(0);
  }
  in_threads(RING, takes);
  EXPECT(count == size && sum == total());
  EXPECT(status_of(pid) == 0);
}

/* Two processes wake each other in turns: a lost signal is a hang. */
static volatile sig_atomic_t hit;
static void on_hit(int signo) {
  (void)signo;
  hit = 1;
}
static void rally(pid_t other, int serves) {
  sigset_t wait;
  pthread_sigmask(SIG_SETMASK, 0, &wait);
  sigdelset(&wait, SIGUSR1);
  for (long i = 0; i < size; i++) {
    if (i > 0 || !serves) {
      while (!hit) sigsuspend(&wait);
      hit = 0;
    }
    EXPECT(kill(other, SIGUSR1) == 0);
  }
  if (!serves) return;
  while (!hit) sigsuspend(&wait);
  hit = 0;
}
static void in_turns(void) {
  signal(SIGUSR1, on_hit);
  block(SIG_BLOCK, SIGUSR1, SIGUSR1, 0);
  pid_t parent = getpid(), pid = forked();
  if (pid == 0) {
    rally(parent, 0);
    _exit(0);
  }
  rally(pid, 1);
  EXPECT(status_of(pid) == 0);
  block(SIG_UNBLOCK, SIGUSR1, SIGUSR1, 0);
}

/* A stream of words under fire. */
static void interrupted(void) {
  struct sigaction action = {.sa_handler = on_hit, .sa_flags = SA_RESTART};
  sigaction(SIGUSR2, &action, 0);
  int ends[2];
  EXPECT(pipe(ends) == 0);
  pid_t writer = forked();
  if (writer == 0) {
    for (long i = 0; i < 20 * size; i++) EXPECT(write(ends[1], &i, sizeof i) == sizeof i);
    _exit(0);
  }
  close(ends[1]);
  pid_t parent = getpid(), sniper = forked();
  if (sniper == 0) {
    for (long i = 0;; i++) {
      kill(i % 2 ? writer : parent, SIGUSR2);
      if (i % 8 == 0) sched_yield();
    }
  }
  long word, expected = 0;
  ssize_t got;
  while ((got = read(ends[0], &word, sizeof word)) > 0) {
    EXPECT(got == sizeof word && word == expected);
    expected++;
  }
  EXPECT(got == 0 && expected == 20 * size);
  close(ends[0]);
  kill(sniper, SIGKILL);
  EXPECT(status_of(sniper) == SIGKILL);
  EXPECT(status_of(writer) == 0);
}

int main(int argc, char **argv) {
  size = size_argument(argc, argv, 20000);
  begin();
  between_processes();
  waited_for();
  install(SIGRTMIN, on_ring, SA_RESTART);
  pthread_barrier_init(&barrier, 0, RING);
  in_threads(RING, in_ring);
  to_any_thread();
  in_turns();
  interrupted();
  return finish();
}

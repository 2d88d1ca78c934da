/* Threads as the kernel sees them: IDs, what a thread inherits from its creator, execve by a thread that is not the first. */
#include "suite.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

enum { THREADS = 24 };
static pid_t ids[THREADS];

static void *note_id(void *argument) {
  *(pid_t *)argument = gettid();
  return 0;
}

static int niceness(void) { return getpriority(PRIO_PROCESS, (id_t)gettid()); }

static char program[PATH_MAX];

/* Each thread has a new ID, although threads before it have ended. */
static void unique_ids(void) {
  int same = 0;
  for (int i = 0; i < THREADS; i++) {
    pthread_t thread;
    EXPECT(pthread_create(&thread, 0, note_id, &ids[i]) == 0 && pthread_join(thread, 0) == 0);
    for (int k = 0; k < i; k++) same += ids[k] == ids[i];
    EXPECT(ids[i] > 0 && ids[i] != getpid());
  }
  CHECK(same == 0);
}

static void *inherits(void *argument) {
  char name[16];
  cpu_set_t cpus;
  struct timespec used;
  /* First, for an emulator that compiles everything takes its time. */
  CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0 && used.tv_sec == 0);
  CHECK(prctl(PR_GET_NAME, name) == 0 && !strcmp(name, "creator"));
  CHECK(niceness() == 5);
  CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) == 1);
  CHECK(sched_getscheduler(0) == SCHED_BATCH);
  return argument;
}

static void *not_so_nice(void *argument) {
  char name[16];
  prctl(PR_GET_NAME, name);
  EXPECT(niceness() == 0 && strcmp(name, "creator"));
  return argument;
}

/* A thread's attributes are its creator's, not those of a thread that has ended. */
static void *creator(void *argument) {
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  int first = 0;
  while (!CPU_ISSET(first, &cpus)) first++;
  CPU_ZERO(&cpus);
  CPU_SET(first, &cpus);
  EXPECT(sched_setaffinity(0, sizeof cpus, &cpus) == 0);
  EXPECT(prctl(PR_SET_NAME, "creator") == 0);
  struct sched_param none = {0};
  EXPECT(sched_setscheduler(0, SCHED_BATCH, &none) == 0);
  EXPECT(setpriority(PRIO_PROCESS, (id_t)gettid(), 5) == 0);
  pthread_t thread;
  EXPECT(pthread_create(&thread, 0, inherits, 0) == 0 && pthread_join(thread, 0) == 0);
  return argument;
}

static void *waits(void *argument) {
  for (;;) pause();
  return argument;
}

static int ending[2];

/* Executes the program when the first thread has ended. */
static void *executes(void *argument) {
  char text[20];
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &set, 0);
  if (read(ending[0], text, 1) != 1) CHECK(!"read");
  usleep(30000);
  snprintf(text, sizeof text, "%d", (int)getpid());
  execl(program, "again", text, (char *)0);
  CHECK(!"execl returned");
  return argument;
}

static int executed(const char *pid) {
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, 0, &set);
  CHECK(getpid() == atoi(pid) && gettid() == getpid());
  CHECK(sigismember(&set, SIGUSR2) && !sigismember(&set, SIGUSR1));
  unique_ids();
  return finish();
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (argc > 1) return executed(argv[1]);
  CHECK(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
  unique_ids();
  pthread_t thread, other;
  CHECK(pthread_create(&thread, 0, creator, 0) == 0 && pthread_join(thread, 0) == 0);
  CHECK(pthread_create(&thread, 0, not_so_nice, 0) == 0 && pthread_join(thread, 0) == 0);
  CHECK(pipe2(ending, O_CLOEXEC) == 0);
  CHECK(pthread_create(&other, 0, waits, 0) == 0);
  CHECK(pthread_create(&thread, 0, executes, 0) == 0);
  /* What is printed comes first. */
  if (write(ending[1], "", 1) != 1) return 1;
  /* Not pthread_exit, which would want libgcc_s at run time. */
  syscall(SYS_exit, 0);
  return 1;
}

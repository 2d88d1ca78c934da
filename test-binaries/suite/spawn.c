/* Programs: vfork, posix_spawn, execve and their errors; what execve keeps and what it drops. */
#include "suite.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;
static char self[PATH_MAX];

static int wait_status(pid_t pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static int spawned(char *const argv[], char *const envp[]) {
  pid_t pid;
  fflush(stdout);
  int error = posix_spawn(&pid, self, 0, 0, argv, envp);
  return error ? -error : wait_status(pid);
}

static void handler(int signo) { (void)signo; }

/* What the program does when it executes itself. */
static int as_child(int argc, char **argv) {
  if (!strcmp(argv[1], "exit")) return atoi(argv[2]);
  if (!strcmp(argv[1], "args")) {
    for (int i = 0; i < argc; i++) printf("arg %d: %s\n", i, argv[i]);
    for (char **e = environ; *e; e++) printf("env: %s\n", *e);
    return 0;
  }
  if (!strcmp(argv[1], "state")) {
    struct sigaction ignored, caught;
    sigset_t mask;
    stack_t stack;
    struct itimerspec left;
    sigaction(SIGUSR1, 0, &ignored);
    sigaction(SIGUSR2, 0, &caught);
    sigprocmask(SIG_BLOCK, 0, &mask);
    sigaltstack(0, &stack);
    CHECK(ignored.sa_handler == SIG_IGN);
    CHECK(caught.sa_handler == SIG_DFL);
    CHECK(sigismember(&mask, SIGHUP) && !sigismember(&mask, SIGINT));
    CHECK(stack.ss_flags == SS_DISABLE);
    CHECK(fcntl(atoi(argv[2]), F_GETFD) >= 0);
    CHECK(FAILS(fcntl(atoi(argv[3]), F_GETFD), EBADF));
    CHECK(FAILS(timer_gettime((timer_t)(intptr_t)atoi(argv[4]), &left), EINVAL));
    CHECK(getpid() == atoi(argv[5]));
    sigset_t pending;
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGHUP));
    return finish();
  }
  return 99;
}

static void spawning(void) {
  char *exits[] = {"self", "exit", "42", 0};
  CHECK(spawned(exits, environ) == 42 << 8);
  char *args[] = {"", "args", "two words", "", "\xfc", 0};
  char *env[] = {"A=1", "B=", 0};
  CHECK(spawned(args, env) == 0);
  pid_t pid;
  int bad = 0;
  for (int i = 0; i < 30; i++) bad += posix_spawn(&pid, "/nonexistent/program", 0, 0, exits, environ) != ENOENT;
  CHECK(bad == 0);
  CHECK(posix_spawn(&pid, "/", 0, 0, exits, environ) == EACCES);
  CHECK(posix_spawn(&pid, "/etc/passwd", 0, 0, exits, environ) == EACCES);
  CHECK(FAILS(waitpid(-1, 0, 0), ECHILD));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  int ends[2];
  CHECK(pipe(ends) == 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  char *text[] = {"self", "args", 0};
  CHECK(posix_spawn(&pid, self, &actions, 0, text, env) == 0);
  close(ends[1]);
  char line[200] = "";
  FILE *from = fdopen(ends[0], "r");
  while (fgets(line, sizeof line, from)) printf("from the child: %s", line);
  fclose(from);
  CHECK(wait_status(pid) == 0);
}

static int filled[50000];

/* The child of a vfork writes the parent's memory. */
static void sharing(void) {
  volatile int local = 1;
  static volatile int global = 1;
  volatile int *heap = malloc(200000);
  heap[0] = heap[40000] = 1;
  pid_t pid = vfork();
  if (pid == 0) {
    local = 2;
    global = 3;
    heap[40000] = 4;
    for (int i = 0; i < 50000; i += 500) filled[i] = i;
    _exit(5);
  }
  CHECK(local == 2 && global == 3 && heap[0] == 1 && heap[40000] == 4);
  long sum = 0;
  for (int i = 0; i < 50000; i++) sum += filled[i];
  CHECK(sum == 2475000);
  CHECK(wait_status(pid) == 5 << 8);
  free((void *)heap);
  volatile int error = 0;
  pid = vfork();
  if (pid == 0) {
    execl("/nonexistent/program", "x", (char *)0);
    error = errno;
    _exit(127);
  }
  CHECK(error == ENOENT && wait_status(pid) == 127 << 8);
}

static void errors(void) {
  char *argv[] = {"x", 0};
  CHECK(FAILS(execv("/nonexistent", argv), ENOENT));
  CHECK(FAILS(execv("", argv), ENOENT));
  CHECK(FAILS(execv("/etc/passwd/x", argv), ENOTDIR));
  CHECK(FAILS(execv("/tmp", argv), EACCES));
  char *volatile nowhere = (char *)8;
  CHECK(FAILS(execv(nowhere, argv), EFAULT));
  char name[] = "/tmp/tsemu-suite-XXXXXX";
  int fd = mkstemp(name);
  CHECK(write(fd, "\177ELFgarbage", 11) == 11 && fchmod(fd, 0700) == 0);
  close(fd);
  CHECK(FAILS(execv(name, argv), ENOEXEC));
  unlink(name);
  static char long_string[200000];
  memset(long_string, 'x', sizeof long_string - 1);
  char *too_long[] = {"x", long_string, 0};
  CHECK(FAILS(execv(self, too_long), E2BIG));
}

static void scripts(void) {
  char name[] = "/tmp/tsemu-suite-XXXXXX", line[PATH_MAX + 20];
  int fd = mkstemp(name);
  int length = snprintf(line, sizeof line, "#!%s args\n", self);
  CHECK(write(fd, line, (size_t)length) == length && fchmod(fd, 0700) == 0);
  close(fd);
  pid_t pid;
  char *argv[] = {"script", "argument", 0}, *env[] = {0};
  int ends[2];
  CHECK(pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  CHECK(posix_spawn(&pid, name, &actions, 0, argv, env) == 0);
  close(ends[1]);
  FILE *from = fdopen(ends[0], "r");
  int found = 0, count = 0;
  while (fgets(line, sizeof line, from)) {
    line[strcspn(line, "\n")] = 0;
    char *value = strstr(line, ": ");
    count++;
    found += value && (!strcmp(value + 2, self) || !strcmp(value + 2, name) || !strcmp(value + 2, "argument") ||
                       !strcmp(value + 2, "args"));
  }
  fclose(from);
  CHECK(count == 4 && found == 4 && wait_status(pid) == 0);
  unlink(name);
}

/* Executes itself in place; the end of the program. */
static int replaced(void) {
  signal(SIGUSR1, SIG_IGN);
  signal(SIGUSR2, handler);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGHUP);
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, 0);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
  int kept = dup(0), closed = fcntl(0, F_DUPFD_CLOEXEC, 0);
  char text[4][20];
  snprintf(text[0], 20, "%d", kept);
  snprintf(text[1], 20, "%d", closed);
  snprintf(text[2], 20, "%d", (int)(intptr_t)timer);
  snprintf(text[3], 20, "%d", (int)getpid());
  fflush(stdout);
  execl(self, "self", "state", text[0], text[1], text[2], text[3], (char *)0);
  CHECK(!"execl returned");
  return finish();
}

int main(int argc, char **argv) {
  if (argc > 1) return as_child(argc, argv);
  setvbuf(stdout, 0, _IONBF, 0);
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  CHECK(length > 0);
  spawning();
  sharing();
  errors();
  scripts();
  return replaced();
}

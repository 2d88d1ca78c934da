/* fork and execve, vfork and execve, a process that executes itself many times. Size: how many programs in all. */
#include "stress.h"

extern char **environ;
static char self[PATH_MAX];

static void execute(const char *what, long number) {
  char text[30];
  snprintf(text, sizeof text, "%ld", number);
  execl(self, "self", what, text, (char *)0);
}

int main(int argc, char **argv) {
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  EXPECT(length > 0);
  if (argc > 2) {
    long number = atol(argv[2]);
    if (strcmp(argv[1], "again") == 0 && number > 1) execute("again", number - 1);
    return (int)(number % 100);
  }
  long size = size_argument(argc, argv, 5000);
  begin();
  for (long i = 0; i < size * 9 / 10; i++) {
    pid_t pid = i % 2 ? vfork() : fork();
    EXPECT(pid >= 0);
    if (pid == 0) {
      execute("exit", i);
      _exit(127);
    }
    EXPECT(status_of(pid) == (int)(i % 100) << 8);
  }
  long left = size - size * 9 / 10;
  pid_t pid = forked();
  if (pid == 0) {
    execute("again", left);
    _exit(127);
  }
  EXPECT(status_of(pid) == 1 << 8);
  return finish();
}

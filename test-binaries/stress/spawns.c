/* posix_spawn of a program that is not there: the parent is told; now and then of one that is. Size: how often. */
#include "stress.h"
#include <spawn.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc > 2) return 42;
  long size = size_argument(argc, argv, 1000);
  char self[PATH_MAX] = "";
  EXPECT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  begin();
  char *arguments[] = {"self", "1", "child", 0};
  for (long i = 0; i < size; i++) {
    pid_t pid = -5;
    EXPECT(posix_spawn(&pid, "/nonexistent/program", 0, 0, arguments, environ) == ENOENT);
    EXPECT(posix_spawn(&pid, "/", 0, 0, arguments, environ) == EACCES);
    EXPECT(posix_spawnp(&pid, "no such program", 0, 0, arguments, environ) == ENOENT);
    EXPECT(waitpid(-1, 0, WNOHANG) == -1 && errno == ECHILD);
    if (i % 10) continue;
    EXPECT(posix_spawn(&pid, self, 0, 0, arguments, environ) == 0);
    EXPECT(status_of(pid) == 42 << 8);
  }
  return finish();
}

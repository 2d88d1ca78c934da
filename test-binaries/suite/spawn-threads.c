/* Processes that several threads make at once: none waits for another one's, and memory stays what it is. */
#include "suite.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
enum { COUNT = 4 };
static char self[PATH_MAX];
static int hold[2];

/* Children that live until all programs have been spawned. */
static void *forks(void *argument) {
  for (int i = 0; i < COUNT; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      char byte;
      close(hold[1]);
      _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    EXPECT(pid > 0);
  }
  return argument;
}

static void *spawns(void *argument) {
  char *args[] = {"self", "7", 0};
  for (int i = 0; i < COUNT; i++) {
    pid_t pid = 0;
    int status = 0;
    EXPECT(posix_spawn(&pid, self, 0, 0, args, environ) == 0);
    EXPECT(waitpid(pid, &status, 0) == pid && status == 7 << 8);
    EXPECT(posix_spawn(&pid, "/nonexistent/program", 0, 0, args, environ) == ENOENT);
  }
  return argument;
}

int main(int argc, char **argv) {
  if (argc > 1) return atoi(argv[1]);
  CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  CHECK(pipe2(hold, O_CLOEXEC) == 0);
  pthread_t threads[3];
  CHECK(pthread_create(&threads[0], 0, forks, 0) == 0);
  CHECK(pthread_create(&threads[1], 0, spawns, 0) == 0);
  CHECK(pthread_create(&threads[2], 0, spawns, 0) == 0);
  for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], 0) == 0);
  close(hold[1]);
  int ended = 0, status;
  while (wait(&status) > 0) ended += status == 0;
  CHECK(ended == COUNT);
  return finish();
}

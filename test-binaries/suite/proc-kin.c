/* What /proc says of another process: its descriptors, mappings and threads, and nothing of whatever executes it. */
#include "suite.h"
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

static char text[1 << 20];

static char *contents(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY);
  size_t size = 0;
  for (ssize_t n; fd >= 0 && (n = read(fd, text + size, sizeof text - 1 - size)) > 0;) size += n;
  text[size] = 0;
  close(fd);
  return text;
}

static long number_behind(const char *name) {
  const char *at = strstr(text, name);
  return at ? atol(at + strlen(name)) : -1;
}

/* Names in a directory, as the bits of a number: all are below 64, or the result is -1. */
static long long names_in(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  DIR *directory = opendir(path);
  long long names = 0;
  for (struct dirent *e; directory && (e = readdir(directory));) {
    if (e->d_name[0] == '.') continue;
    if (atoi(e->d_name) > 63) names = -1;
    if (names >= 0) names |= 1ll << atoi(e->d_name);
  }
  if (directory) closedir(directory);
  return names;
}

int main(void) {
  for (int fd = 3; fd < 1000; fd++) close(fd); /* what is inherited */
  int ends[2];
  CHECK(pipe(ends) == 0 && dup2(ends[0], 20) == 20);
  pid_t child = fork();
  if (!child) {
    for (;;) pause();
  }
  CHECK(names_in(child, "fd") == ((1ll << 0) | (1ll << 1) | (1ll << 2) | (1ll << 3) | (1ll << 4) | (1ll << 20)));
  CHECK(names_in(child, "fdinfo") == names_in(child, "fd"));
  char first[256];
  snprintf(first, sizeof first, "%.*s", (int)strcspn(contents(child, "maps"), "\n"), text);
  CHECK(strncmp(contents(child, "smaps"), first, strlen(first)) == 0 && number_behind("Size:") > 0);
  CHECK(strstr(contents(child, "smaps_rollup"), "[rollup]") && number_behind("Rss:") > 0);
  contents(child, "status");
  CHECK(number_behind("Threads:") == 1 && number_behind("VmRSS:") <= number_behind("VmSize:"));
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
  return finish();
}

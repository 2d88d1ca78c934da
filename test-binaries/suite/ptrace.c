/* ptrace(2) of a child that has one thread: stops, registers, memory, breakpoints, signals, events, the ends. */
#include "traces.h"
#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* What differs between architectures: the registers and the breakpoint instruction. */
#if defined __x86_64__
#include <sys/user.h>
typedef struct user_regs_struct registers;
#define PC rip
#define RESULT rax
#define BREAKPOINT 0xcc
#define BREAKPOINT_MASK 0xff
#define BEHIND 1
#elif defined __riscv
#include <asm/ptrace.h>
typedef struct user_regs_struct registers;
#define PC pc
#define RESULT a0
#define BREAKPOINT 0x9002 /* c.ebreak */
#define BREAKPOINT_MASK 0xffff
#define BEHIND 0
#elif defined __aarch64__
#include <asm/ptrace.h>
typedef struct user_pt_regs registers;
#define PC pc
#define RESULT regs[0]
#define BREAKPOINT 0xd4200000 /* brk #0 */
#define BREAKPOINT_MASK 0xffffffff
#define BEHIND 0
#else
typedef struct { unsigned long r[18]; } registers;
#define PC r[15]
#define RESULT r[0]
#ifdef __thumb__
#define BREAKPOINT 0xde01 /* udf #1 */
#define BREAKPOINT_MASK 0xffff
#else
#define BREAKPOINT 0xe7f001f0 /* udf #16 */
#define BREAKPOINT_MASK 0xffffffff
#endif
#define BEHIND 0
#endif

static volatile long shared = 11;
static volatile int handled;
static void handler(int signo) { handled = signo; }

static int get_registers(pid_t pid, registers *to) {
  struct iovec vector = {to, sizeof *to};
  return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &vector) == 0 && vector.iov_len == sizeof *to;
}
static int set_registers(pid_t pid, registers *from) {
  struct iovec vector = {from, sizeof *from};
  return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &vector) == 0;
}

static void go_on(pid_t pid, int request, long signo) {
  if (ptrace(request, pid, 0, signo)) printf("request %d failed: %s\n", request, strerrorname_np(errno));
}

/* A child that has asked to be traced, stopped by SIGSTOP; then it runs `body`. */
static pid_t traced(int (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(90);
    raise(SIGSTOP);
    _exit(body());
  }
  next(pid);
  return pid;
}

static int nothing(void) { return 3; }
static int calls(void) {
  syscall(SYS_getppid, 1, 2, 3, 4, 5, 6);
  return syscall(SYS_close, 12345) == -1 ? 4 : 5;
}
static int __attribute__((noinline, noclone)) marked(int n) {
  __asm__ volatile("" : "+r"(n));
  return n * 2;
}
static int broken(void) { return marked(21); }
static int with_handler(void) {
  signal(SIGUSR1, handler);
  raise(SIGUSR1);
  return handled;
}
static int ignoring(void) {
  signal(SIGUSR2, SIG_IGN);
  raise(SIGUSR2);
  raise(SIGCHLD);
  return 7;
}
static int faulting(void) { return *(volatile int *)(uintptr_t)(shared - 11); }
static int forking(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(1);
  int status;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) + 10 : 99;
}
static int vforking(void) {
  pid_t pid = vfork();
  if (pid == 0) _exit(2);
  int status;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) + 10 : 99;
}
static int executing(void) {
  execl("/proc/self/exe", "ptrace", "child", NULL);
  return 98;
}
static int tracing_itself(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) == -1 && errno == EPERM ? 6 : 5; }

static void basics(void) {
  printf("-- TRACEME, CONT, the child's end\n");
  pid_t pid = traced(nothing);
  siginfo_t info;
  CHECK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0 && info.si_signo == SIGSTOP);
  CHECK(FAILS(waitpid(pid, NULL, WNOHANG | 0x400), EINVAL));
  CHECK(waitpid(pid, NULL, WNOHANG) == 0);
  char line[256], path[64];
  int state = 0, tracer = 0;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) {
    if (!strcmp(line, "State:\tt (tracing stop)\n")) state = 1;
    sscanf(line, "TracerPid:\t%d", &tracer);
  }
  if (file) fclose(file);
  CHECK(state && tracer == getpid());
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  CHECK(FAILS(ptrace(PTRACE_CONT, pid, 0, 0), ESRCH));
  pid = traced(tracing_itself);
  CHECK(FAILS(ptrace(PTRACE_SETOPTIONS, pid, 0, 0x40000000), EINVAL));
  CHECK(FAILS(ptrace(PTRACE_CONT, pid, 0, 999), EIO));
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  pid = traced(nothing);
  kill(pid, SIGKILL);
  next(pid);
  pid = traced(nothing);
  CHECK(ptrace(PTRACE_DETACH, pid, 0, 0) == 0);
  next(pid);
  CHECK(FAILS(ptrace(PTRACE_ATTACH, 0x3fffffff, 0, 0), ESRCH));
  CHECK(FAILS(ptrace(PTRACE_ATTACH, getpid(), 0, 0), EPERM));
}

static void memory(void) {
  printf("-- memory and registers\n");
  pid_t pid = traced(broken);
  errno = 0;
  CHECK(ptrace(PTRACE_PEEKDATA, pid, &shared, 0) == 11);
  CHECK(ptrace(PTRACE_POKEDATA, pid, &shared, 12) == 0 && ptrace(PTRACE_PEEKTEXT, pid, &shared, 0) == 12 && shared == 11);
  CHECK(FAILS(ptrace(PTRACE_PEEKDATA, pid, 16, 0), EIO));
  CHECK(FAILS(ptrace(PTRACE_POKEDATA, pid, 16, 0), EIO));
  uintptr_t at = (uintptr_t)marked & ~(uintptr_t)1;
  long original = ptrace(PTRACE_PEEKTEXT, pid, at, 0);
  CHECK(original == *(long *)at);
  long with = (original & ~(long)BREAKPOINT_MASK) | (long)BREAKPOINT;
  CHECK(ptrace(PTRACE_POKETEXT, pid, at, with) == 0);
  go_on(pid, PTRACE_CONT, 0);
  int status = next(pid);
  registers regs;
  siginfo_t info;
  CHECK(WIFSTOPPED(status) && get_registers(pid, &regs) && (uintptr_t)regs.PC == at + BEHIND);
  CHECK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0 && info.si_signo == SIGTRAP);
  CHECK(ptrace(PTRACE_POKETEXT, pid, at, original) == 0);
  regs.PC = at;
  CHECK(set_registers(pid, &regs));
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  struct iovec bad = {&regs, 3};
  pid = traced(nothing);
  CHECK(FAILS(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &bad), EINVAL));
  CHECK(FAILS(ptrace(PTRACE_GETREGSET, pid, 0x7777, &bad), EINVAL));
  uint64_t mask = 0;
  CHECK(ptrace(PTRACE_GETSIGMASK, pid, 8, &mask) == 0);
  mask |= 1 << (SIGUSR1 - 1);
  CHECK(ptrace(PTRACE_SETSIGMASK, pid, 8, &mask) == 0 && FAILS(ptrace(PTRACE_GETSIGMASK, pid, 4, &mask), EINVAL));
  mask = 0;
  CHECK(ptrace(PTRACE_GETSIGMASK, pid, 8, &mask) == 0 && mask & 1 << (SIGUSR1 - 1));
  go_on(pid, PTRACE_CONT, SIGUSR1);
  next(pid);
}

static void system_calls(void) {
  printf("-- system calls\n");
  pid_t pid = traced(calls);
  CHECK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD) == 0);
  int entries = 0, exits = 0, seen = 0, failed = 0, exit_value = -1;
  for (;;) {
    int status;
    go_on(pid, PTRACE_SYSCALL, 0);
    waitpid(pid, &status, 0);
    if (!WIFSTOPPED(status)) {
      printf("%s\n", text(status));
      break;
    }
    EXPECT(WSTOPSIG(status) == (SIGTRAP | 0x80) && status >> 16 == 0);
    struct __ptrace_syscall_info info;
    long size = ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      entries++;
      EXPECT(size == 80);
      if (info.entry.nr == SYS_getppid)
        seen = info.entry.args[0] == 1 && info.entry.args[1] == 2 && info.entry.args[2] == 3 && info.entry.args[3] == 4 && info.entry.args[4] == 5 && info.entry.args[5] == 6;
      if (info.entry.nr == SYS_exit_group) exit_value = (int)info.entry.args[0];
    } else {
      exits++;
      EXPECT(size == 33 && info.op == PTRACE_SYSCALL_INFO_EXIT);
      if (info.exit.is_error && info.exit.rval == -EBADF) failed++;
    }
    siginfo_t of_stop;
    EXPECT(ptrace(PTRACE_GETSIGINFO, pid, 0, &of_stop) == 0 && of_stop.si_code == (SIGTRAP | 0x80));
  }
  CHECK(seen && failed == 1 && exit_value == 4 && entries == exits + 1);
}

static void signals(void) {
  printf("-- signals\n");
  pid_t pid = traced(with_handler);
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  go_on(pid, PTRACE_CONT, SIGUSR1);
  next(pid);
  pid = traced(with_handler);
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  go_on(pid, PTRACE_CONT, 0); /* suppressed */
  next(pid);
  pid = traced(with_handler);
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  go_on(pid, PTRACE_CONT, SIGTERM); /* another one */
  next(pid);
  pid = traced(with_handler);
  siginfo_t info;
  go_on(pid, PTRACE_CONT, SIGSTOP); /* a group-stop */
  next(pid);
  CHECK(FAILS(ptrace(PTRACE_GETSIGINFO, pid, 0, &info), EINVAL));
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  go_on(pid, PTRACE_CONT, SIGUSR1);
  next(pid);
  pid = traced(ignoring); /* ignored ones are seen, too */
  for (int i = 0; i < 3; i++) {
    go_on(pid, PTRACE_CONT, 0);
    next(pid);
  }
  pid = traced(faulting);
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  CHECK(ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0 && info.si_signo == SIGSEGV && info.si_addr == NULL);
  go_on(pid, PTRACE_CONT, SIGSEGV);
  next(pid);
}

/* Runs one with all its children until all have ended, and counts what came. */
static void run_all(pid_t pid, long options) {
  CHECK(ptrace(PTRACE_SETOPTIONS, pid, 0, options) == 0);
  int events[16] = {0}, stops = 0, statuses = 0, ends = 0;
  unsigned long child = 0;
  go_on(pid, PTRACE_CONT, 0);
  for (;;) {
    int status;
    pid_t got = waitpid(-1, &status, __WALL);
    if (got < 0) break;
    if (!WIFSTOPPED(status)) {
      ends++;
      statuses += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
      continue;
    }
    int event = status >> 16, signo = WSTOPSIG(status);
    if (event) {
      events[event & 15]++;
      unsigned long message = 0;
      EXPECT(ptrace(PTRACE_GETEVENTMSG, got, 0, &message) == 0);
      if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) child = message;
      if (event == PTRACE_EVENT_VFORK_DONE) EXPECT(message == child);
      if (event == PTRACE_EVENT_EXEC) EXPECT(message == (unsigned long)got);
      if (event == PTRACE_EVENT_EXIT) EXPECT(WIFEXITED((int)message));
      signo = 0;
    } else if (signo == SIGSTOP) {
      stops++;
      EXPECT((unsigned long)got != 0 && got != pid);
      signo = 0;
    }
    go_on(got, PTRACE_CONT, signo);
  }
  printf("fork %d, vfork %d, exec %d, vfork done %d, exit %d; new %d; ended %d, %d\n", events[PTRACE_EVENT_FORK],
         events[PTRACE_EVENT_VFORK], events[PTRACE_EVENT_EXEC], events[PTRACE_EVENT_VFORK_DONE], events[PTRACE_EVENT_EXIT], stops, ends, statuses);
}

static void events(void) {
  printf("-- events\n");
  run_all(traced(forking), PTRACE_O_TRACEFORK);
  run_all(traced(forking), PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT);
  run_all(traced(forking), PTRACE_O_TRACEEXIT);
  run_all(traced(vforking), PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE);
  run_all(traced(executing), PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  pid_t pid = traced(executing); /* without the option: SIGTRAP */
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
  go_on(pid, PTRACE_CONT, 0);
  next(pid);
}

static void ids(void) {
  printf("-- waitid\n");
  pid_t pid = traced(nothing);
  siginfo_t info = {0};
  go_on(pid, PTRACE_SYSCALL, 0);
  CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOWAIT) == 0);
  CHECK(info.si_signo == SIGCHLD && info.si_code == CLD_TRAPPED && info.si_pid == pid && info.si_status == SIGTRAP);
  CHECK(waitid(P_ALL, 0, &info, WEXITED | WSTOPPED) == 0 && info.si_pid == pid);
  info.si_pid = 1;
  CHECK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
  CHECK(ptrace(PTRACE_KILL, pid, 0, 0) == 0);
  CHECK(waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED) == 0 && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
  CHECK(FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD));
}

/* The tracer dies: with PTRACE_O_EXITKILL its child, too. */
static void deaths(void) {
  printf("-- the tracer's death\n");
  for (int kills = 0; kills < 2; kills++) {
    int ends[2], ids[2];
    if (pipe(ends) || pipe(ids)) return;
    fflush(stdout);
    pid_t tracer = fork();
    if (tracer == 0) {
      pid_t pid = fork();
      if (pid == 0) {
        close(ends[0]);
        close(ids[0]);
        close(ids[1]);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        usleep(100000);
        EXPECT(write(ends[1], "x", 1) == 1);
        _exit(0);
      }
      waitpid(pid, NULL, 0);
      ptrace(PTRACE_SETOPTIONS, pid, 0, kills ? PTRACE_O_EXITKILL : 0);
      ptrace(PTRACE_CONT, pid, 0, 0);
      _exit(0);
    }
    close(ends[1]);
    close(ids[1]);
    waitpid(tracer, NULL, 0);
    char byte;
    printf("with%s: %s\n", kills ? "" : "out", read(ends[0], &byte, 1) == 1 ? "lives on" : "killed");
    close(ends[0]);
    close(ids[0]);
  }
}

int main(int argc, char **argv) {
  if (argc > 1) return argv[1][0] == 'c' ? 8 : 9;
  basics();
  memory();
  system_calls();
  signals();
  events();
  ids();
  deaths();
  return finish();
}

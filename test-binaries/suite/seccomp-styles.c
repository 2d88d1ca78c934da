/* Filters as programs install them: OpenSSH's sandbox of a child, and several of systemd's on top of each other. */
#include "suite.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __riscv
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __arm__
#define ARCH AUDIT_ARCH_ARM
#else
#define ARCH AUDIT_ARCH_X86_64
#endif

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define FAIL(errno) RETURN(SECCOMP_RET_ERRNO | (errno))
/* Begins a filter: other architectures' numbers are none of ours. */
#define OWN_ARCH FIELD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS), FIELD(nr)
#define FOR(number, answer) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), answer
#define ALLOW(number) FOR(number, RETURN(SECCOMP_RET_ALLOW))

#define INSTALL(...)                                                                                         \
  do {                                                                                                       \
    struct sock_filter filter[] = {__VA_ARGS__};                                                             \
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};                                    \
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(99); \
  } while (0)

/* How a child ends that has been filtered. */
static void child(const char *name, void (*run)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    run();
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: killed by signal %d\n", name, WTERMSIG(status));
  else printf("%s: %d\n", name, WEXITSTATUS(status));
}

static void openssh(void) {
  INSTALL(OWN_ARCH, FOR(SYS_openat, FAIL(EACCES)), FOR(SYS_mkdirat, FAIL(EACCES)), ALLOW(SYS_write), ALLOW(SYS_exit_group),
          ALLOW(SYS_getpid), ALLOW(SYS_close), FIELD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_shutdown, 0, 3),
          /* Of this one, a value of an argument. */
          FIELD(args[1]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SHUT_RDWR, 0, 1), RETURN(SECCOMP_RET_ALLOW),
          RETURN(SECCOMP_RET_KILL_PROCESS));
}
static void may(void) {
  openssh();
  int good = syscall(SYS_openat, -1, "/etc/passwd", 0, 0) == -1 && errno == EACCES;
  good += syscall(SYS_mkdirat, -1, "/nothing", 0) == -1 && errno == EACCES;
  good += syscall(SYS_shutdown, -1, SHUT_RDWR) == -1 && errno == EBADF;
  syscall(SYS_exit_group, good);
}
static void wrong_argument(void) {
  openssh();
  syscall(SYS_shutdown, -1, SHUT_WR);
}
static void forbidden(void) {
  openssh();
  syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

/* SystemCallFilter=~@mount, RestrictAddressFamilies=AF_UNIX, MemoryDenyWriteExecute=yes. */
static void systemd(void) {
  INSTALL(OWN_ARCH, FOR(SYS_mount, FAIL(EPERM)), FOR(SYS_umount2, FAIL(EPERM)), RETURN(SECCOMP_RET_ALLOW));
  INSTALL(OWN_ARCH, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3), FIELD(args[0]),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0), FAIL(EAFNOSUPPORT), RETURN(SECCOMP_RET_ALLOW));
  INSTALL(OWN_ARCH, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3), FIELD(args[2]),
          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), FAIL(EPERM), RETURN(SECCOMP_RET_ALLOW));
}
static void service(void) {
  systemd();
  int good = syscall(SYS_mount, "none", "/", "tmpfs", 0, 0) == -1 && errno == EPERM;
  good += socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT;
  good += socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
  void *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  good += page != MAP_FAILED && mprotect(page, 65536, PROT_READ | PROT_EXEC) == -1 && errno == EPERM;
  good += mprotect(page, 65536, PROT_READ) == 0;
  /* A child has them all, too. */
  pid_t pid = fork();
  if (pid == 0) _exit(socket(AF_INET6, SOCK_DGRAM, 0) == -1 && errno == EAFNOSUPPORT);
  int status;
  good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 1;
  _exit(good);
}

int main(void) {
  child("allowed and refused", may);
  child("wrong argument", wrong_argument);
  child("forbidden", forbidden);
  child("service", service);
  return 0;
}

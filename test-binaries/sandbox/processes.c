/* Attempts on other processes and on the machine, and by programs that are executed. */
#include "attempts.h"

#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/uio.h>

static long kill_parent(void) { return kill(getppid(), 0); }
static long kill_all(void) { return kill(-1, 0); }
static long kill_init(void) { return kill(1, 0); }
static long tgkill_parent(void) { return syscall(SYS_tgkill, getppid(), getppid(), 0); }
static long tkill_parent(void) { return syscall(SYS_tkill, getppid(), 0); }
static long queue_parent(void) {
  siginfo_t info = {.si_code = SI_QUEUE};
  return syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info);
}
static long pidfd_parent(void) { return opened(syscall(SYS_pidfd_open, getppid(), 0)); }
static long pidfd_group(void) {
  int self = syscall(SYS_pidfd_open, getpid(), 0);
  STEP(self);
  long result = syscall(SYS_pidfd_send_signal, self, 0, NULL, 4);
  close(self);
  return result;
}
/* The emulator's own descriptors are this process's, too. */
static long pidfd_getfd_(void) {
  int self = syscall(SYS_pidfd_open, getpid(), 0);
  STEP(self);
  long result = syscall(SYS_pidfd_getfd, self, 0, 0);
  close(self);
  return opened(result);
}
static long limit_parent(void) {
  struct rlimit limit;
  return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}
static long priority_parent(void) { return setpriority(PRIO_PROCESS, getppid(), 0); }
static long priority_user(void) { return setpriority(PRIO_USER, getuid(), 0); }
static long affinity_parent(void) {
  cpu_set_t set;
  STEP(sched_getaffinity(0, sizeof set, &set));
  return sched_setaffinity(getppid(), sizeof set, &set);
}
static long set_owner(void) {
  int pair[2];
  STEP(pipe(pair));
  long result = fcntl(pair[0], F_SETOWN, getppid());
  close(pair[0]);
  close(pair[1]);
  return result;
}
static long trace_parent(void) { return ptrace(PTRACE_SEIZE, getppid(), 0, 0); }
static long read_parent(void) {
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
  return process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}
static long compare_parent(void) { return syscall(SYS_kcmp, getpid(), getppid(), 2, 0, 0); }
static long mount_(void) { return mount("none", in(""), "tmpfs", 0, NULL); }
static long bind_mount(void) { return mount(out(""), in(""), NULL, MS_BIND, NULL); }
static long chroot_(void) { return chroot(in("")); }
static long unshare_(void) { return unshare(CLONE_NEWNS); }
static long unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long clone_namespace(void) {
  long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return child;
}
static long clone_sibling(void) {
  long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child;
}
static long clone_with_files(void) {
  long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return child;
}
static long host_name(void) { return sethostname("x", 1); }
static long semaphores(void) {
  long set = semget(IPC_PRIVATE, 1, 0600);
  if (set >= 0) semctl(set, 0, IPC_RMID);
  return set;
}
static long type_for_user(void) { return ioctl(0, TIOCSTI, "x"); }

/* Executes in a child; its exit status 0 means that the program has run. */
static long run(const char *path, char *const args[]) {
  pid_t child = fork();
  STEP(child);
  if (child == 0) {
    execv(path, args);
    _exit(errno);
  }
  int status;
  STEP(waitpid(child, &status, 0));
  errno = WEXITSTATUS(status);
  return WIFEXITED(status) && errno == 0 ? 0 : -1;
}
static long run_host(void) { return run("/bin/true", (char *[]){"true", NULL}); }
static long run_outside(void) { return run(out("program"), (char *[]){"program", NULL}); }
static long run_script(void) { return run(in("script"), (char *[]){"script", NULL}); }
static long run_host_script(void) { return run(in("host-script"), (char *[]){"host-script", NULL}); }
static long run_inherited(void) {
  pid_t child = fork();
  STEP(child);
  if (child == 0) {
    syscall(SYS_execveat, OUT_DIRECTORY, "program", (char *[]){"program", NULL}, (char *[]){NULL}, 0);
    _exit(errno);
  }
  int status;
  STEP(waitpid(child, &status, 0));
  errno = WEXITSTATUS(status);
  return errno == 0 ? 0 : -1;
}
static long in_child(void) {
  pid_t child = fork();
  STEP(child);
  if (child == 0) _exit(open(out("secret"), O_RDONLY) < 0 ? errno : 0);
  int status;
  STEP(waitpid(child, &status, 0));
  errno = WEXITSTATUS(status);
  return errno == 0 ? 0 : -1;
}
static void *open_there(void *result) {
  *(long *)result = open(out("secret"), O_RDONLY) < 0 ? errno : 0;
  return NULL;
}
static long in_thread(void) {
  pthread_t thread;
  long result = 0;
  STEP(-pthread_create(&thread, NULL, open_there, &result));
  pthread_join(thread, NULL);
  errno = result;
  return result == 0 ? 0 : -1;
}
/* This program again, in an allowed place, executed by a script: the rules are the same there. */
static long after_exec(void) { return run(in("again"), (char *[]){"again", NULL}); }

const struct attempt process_attempts[] = {
    {"kill-parent", kill_parent},
    {"kill-all", kill_all},
    {"kill-init", kill_init},
    {"tgkill-parent", tgkill_parent},
    {"tkill-parent", tkill_parent},
    {"queue-parent", queue_parent},
    {"pidfd-parent", pidfd_parent},
    {"pidfd-group", pidfd_group},
    {"pidfd-getfd", pidfd_getfd_},
    {"limit-parent", limit_parent},
    {"priority-parent", priority_parent},
    {"priority-user", priority_user},
    {"affinity-parent", affinity_parent},
    {"set-owner", set_owner},
    {"trace-parent", trace_parent},
    {"read-parent", read_parent},
    {"compare-parent", compare_parent},
    {"mount", mount_},
    {"bind-mount", bind_mount},
    {"chroot", chroot_},
    {"unshare", unshare_},
    {"unshare-user", unshare_user},
    {"clone-namespace", clone_namespace},
    {"clone-sibling", clone_sibling},
    {"clone-files", clone_with_files},
    {"host-name", host_name},
    {"semaphores", semaphores},
    {"type-for-user", type_for_user},
    {"run-host", run_host},
    {"run-outside", run_outside},
    {"run-script", run_script},
    {"run-host-script", run_host_script},
    {"run-inherited", run_inherited},
    {"in-child", in_child},
    {"in-thread", in_thread},
    {"after-exec", after_exec},
    {0, 0},
};

/* Calls about processes, threads, scheduling, limits and the machine. */
#include "checks.h"
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>


int main(void) {
  prepare_pages();
  prepare_processes();
  restore = fill_buffer;

  CALL(wait4, NUMBER, SET(V(-1), V(0), V(gone), V(INT_MIN), V(INT_MAX)), SET(V(NULL), V(WILD), V(buffer)), SET(V(0), V(WNOHANG), V(WNOHANG | WUNTRACED | WCONTINUED), V(1 << 20)), SET(V(NULL), V(WILD)));
  CALL(waitid, NUMBER, SET(V(P_ALL), V(P_PID), V(P_PGID), V(P_PIDFD), V(9)), SET(V(0), V(gone), V(-1)), SET(V(NULL), V(buffer), V(WILD)), SET(V(WEXITED), V(WEXITED | WNOHANG), V(0), V(WNOHANG), V(1 << 20)), ONE(NULL));
  CALL(execve, NUMBER, SET(STRING("/absent"), STRING(""), STRING("/"), STRING("/dev/null"), V(NULL), V(WILD), V(no_access)), SET(V(NULL), V(WILD)), SET(V(NULL), V(WILD)));
  CALL(execveat, NUMBER, SET(V(AT_FDCWD), V(-1), V(999)), SET(STRING("absent"), STRING(""), V(NULL)), ONE(NULL), ONE(NULL), SET(V(0), V(AT_EMPTY_PATH), V(1)));
  CALL(execveat, NUMBER, SET(V(AT_FDCWD), V(-1)), SET(STRING("/proc/self"), STRING("absent")), ONE(NULL), ONE(NULL), SET(V(0), V(AT_SYMLINK_NOFOLLOW)));
  CALL(unshare, NUMBER, SET(V(0), V(CLONE_FS), V(CLONE_PARENT), V(1), V(CLONE_SETTLS)));
  CALL(setns, NUMBER, SET(V(-1), V(999), V(0)), SET(V(0), V(CLONE_NEWNS), V(1)));
  CALL(kcmp, DONE, SET(V(self), V(gone)), ONE(self), SET(V(0), V(1), V(3), V(99)), SET(V(0), V(999)), SET(V(0), V(1)));
  CALL(getcpu, DONE, POINTERS, SET(V(NULL), V(WILD)), ONE(NULL));
  CALL(getrandom, NUMBER, POINTERS, SET(V(0), V(4), V(5)), SET(V(0), V(1), V(2), V(3), V(4), V(7), V(8)));
  CALL(uname, NUMBER, POINTERS);
  CALL(sysinfo, NUMBER, POINTERS);
  CALL(getrusage, NUMBER, SET(V(RUSAGE_SELF), V(RUSAGE_CHILDREN), V(RUSAGE_THREAD), V(2), V(-3)), POINTERS);
  CALL(getpriority, DONE, SET(V(PRIO_PROCESS), V(PRIO_PGRP), V(PRIO_USER), V(3), V(-1)), PROCESSES);
  CALL(setpriority, NUMBER, SET(V(PRIO_PROCESS), V(3)), SET(V(0), V(gone)), SET(V(0)));
  CALL(prlimit64, NUMBER, SET(V(0), V(gone), V(-1)), SET(V(RLIMIT_NOFILE), V(RLIMIT_STACK), V(RLIMIT_AS), V(16), V(-1)), SET(V(NULL), V(WILD), V(no_access)), POINTERS);
  struct rlimit *limit = (void *)(buffer + 1024);
  restore = NULL;
  for (int resource = 0; resource < 16; resource++) {
    *limit = (struct rlimit){2, 1};
    printf("limit 2 of 1, resource %d: ", resource);
    CALL(prlimit64, NUMBER, ONE(0), ONE(resource), ONE(limit), ONE(NULL));
  }
  restore = fill_buffer;
  CALL(sched_rr_get_interval, NUMBER, PROCESSES, POINTERS);
  CALL(sched_yield, NUMBER, ONE(0));
  CALL(sched_getscheduler, NUMBER, PROCESSES);
  CALL(sched_getparam, NUMBER, PROCESSES, POINTERS);
  CALL(sched_setscheduler, NUMBER, PROCESSES, SET(V(SCHED_OTHER), V(SCHED_BATCH), V(77), V(-1)), SET(V(buffer), V(NULL), V(WILD)));
  CALL(sched_setscheduler, NUMBER, ONE(0), SET(V(SCHED_OTHER), V(SCHED_FIFO)), SET(V(buffer)));
  CALL(sched_setparam, NUMBER, PROCESSES, SET(V(buffer), V(NULL), V(WILD)));
  CALL(sched_get_priority_max, NUMBER, SET(V(0), V(1), V(2), V(3), V(5), V(6), V(7), V(-1)));
  CALL(sched_get_priority_min, NUMBER, SET(V(0), V(1), V(2), V(3), V(5), V(6), V(7), V(-1)));
  CALL(sched_getaffinity, DONE, PROCESSES, SET(V(0), V(3), V(8), V(1024), V(-1)), SET(V(buffer), V(NULL), V(WILD)));
  CALL(sched_setaffinity, NUMBER, PROCESSES, SET(V(0), V(8)), SET(V(buffer), V(NULL), V(WILD)));
  CALL(sched_getattr, NUMBER, PROCESSES, SET(V(buffer), V(NULL), V(WILD)), SET(V(0), V(47), V(48), V(5000)), SET(V(0), V(1)));
  CALL(sched_setattr, NUMBER, PROCESSES, SET(V(NULL), V(WILD), V(no_access)), SET(V(0), V(1)));
  CALL(ioprio_get, DONE, SET(V(1), V(2), V(3), V(4)), SET(V(0), V(gone), V(-1)));
  CALL(ioprio_set, NUMBER, SET(V(1), V(4)), SET(V(0), V(gone)), SET(V(0), V(-1), V(0xffff)));
  CALL(personality, NUMBER, SET(V(0xffffffff)));

  CALL(prctl, NUMBER, SET(V(PR_GET_DUMPABLE), V(PR_GET_KEEPCAPS), V(PR_GET_SECCOMP), V(PR_GET_NO_NEW_PRIVS), V(PR_GET_TIMERSLACK), V(PR_GET_THP_DISABLE)), SET(V(0), V(1)), SET(V(0), V(1)), ONE(0), ONE(0));
  CALL(prctl, NUMBER, SET(V(PR_SET_PDEATHSIG), V(PR_SET_DUMPABLE), V(PR_SET_KEEPCAPS), V(PR_SET_NO_NEW_PRIVS), V(PR_SET_SECCOMP), V(PR_CAPBSET_READ), V(PR_SET_THP_DISABLE)), SET(V(-1), V(77), V(9999)), ONE(0), ONE(0), ONE(0));
  CALL(prctl, NUMBER, SET(V(PR_GET_PDEATHSIG), V(PR_SET_NAME), V(PR_GET_NAME), V(PR_GET_CHILD_SUBREAPER), V(PR_GET_TID_ADDRESS)), SET(V(NULL), V(WILD), V(no_access)), ONE(0), ONE(0), ONE(0));
  CALL(prctl, NUMBER, SET(V(-1), V(0), V(999), V(0x41555855)), ONE(0), ONE(0), ONE(0), ONE(0));
  CALL(prctl, NUMBER, ONE(PR_SET_VMA), SET(V(0), V(1)), SET(V(buffer), V(buffer + 1)), SET(V(0), V(4096)), SET(V(NULL), V(WILD)));

  CALL(set_tid_address, DONE, SET(V(NULL)));
  CALL(set_robust_list, NUMBER, SET(V(NULL), V(WILD)), SET(V(0), V(23)));
  CALL(get_robust_list, NUMBER, SET(V(0), V(gone), V(-1)), SET(V(NULL), V(WILD)), SET(V(NULL), V(WILD)));
  int *word = (void *)(buffer + 64);
  char *odd = buffer + 65;
  CALL(futex, NUMBER, SET(V(word), V(odd), V(NULL), V(WILD), V(no_access)), SET(V(FUTEX_WAKE), V(FUTEX_WAKE_PRIVATE), V(FUTEX_WAIT), V(FUTEX_WAKE_BITSET), V(FUTEX_WAIT_BITSET), V(FUTEX_CMP_REQUEUE), V(FUTEX_FD), V(99)),
       SET(V(1), V(-1)), ONE(NULL), SET(V(word), V(odd)), SET(V(0), V(5)));
  CALL(futex, NUMBER, SET(V(word), V(no_access)), SET(V(FUTEX_TRYLOCK_PI), V(FUTEX_UNLOCK_PI), V(FUTEX_WAKE_OP)), ONE(1), ONE(0), SET(V(word), V(WILD)), ONE(0));
  CALL(process_vm_readv, NUMBER, SET(V(self), V(gone)), SET(V(NULL), V(WILD)), SET(V(0), V(1), V(1025)), SET(V(NULL), V(WILD)), SET(V(0), V(1)), SET(V(0), V(1)));
  CALL(seccomp, NUMBER, SET(V(0), V(1), V(2), V(9)), SET(V(0), V(1 << 20)), ONE(WILD));
  CALL(capget, NUMBER, POINTERS, SET(V(NULL), V(buffer), V(WILD)));
  CALL(capset, NUMBER, SET(V(NULL), V(WILD), V(buffer)), SET(V(NULL), V(WILD)));
  CALL(gettid, DONE, ONE(0));
  CALL(syslog, DONE, SET(V(-1), V(99)), SET(V(NULL), V(buffer)), SET(V(0), V(-1)));
  return finish_checks();
}

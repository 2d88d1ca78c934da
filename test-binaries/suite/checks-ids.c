/* Who one is: users, groups, sessions, names of the machine. What would change something is only asked for with bad arguments. */
#include "checks.h"
#include <grp.h>
#include <sys/wait.h>


int main(void) {
  prepare_pages();
  prepare_processes();
  restore = fill_buffer;
  CALL(getuid, NUMBER, ONE(0));
  CALL(geteuid, NUMBER, ONE(0));
  CALL(getgid, NUMBER, ONE(0));
  CALL(getegid, NUMBER, ONE(0));
  CALL(setuid, NUMBER, SET(V(-1)));
  CALL(setgid, NUMBER, SET(V(-1)));
  CALL(setreuid, NUMBER, SET(V(-1)), SET(V(-1)));
  CALL(setregid, NUMBER, SET(V(-1)), SET(V(-1)));
  CALL(setresuid, NUMBER, SET(V(-1)), SET(V(-1)), SET(V(-1)));
  CALL(setresgid, NUMBER, SET(V(-1)), SET(V(-1)), SET(V(-1)));
  CALL(getresuid, NUMBER, POINTERS, SET(V(buffer), V(NULL)), SET(V(buffer), V(NULL), V(edge)));
  CALL(getresgid, NUMBER, POINTERS, SET(V(buffer), V(NULL)), SET(V(buffer), V(NULL), V(edge)));
  CALL(setfsuid, NUMBER, SET(V(-1)));
  CALL(setfsgid, NUMBER, SET(V(-1)));
  CALL(getgroups, DONE, SET(V(0), V(-1), V(1), V(65536), V(65537)), POINTERS);
  CALL(setgroups, NUMBER, SET(V(-1), V(65537)), SET(V(buffer), V(NULL)));
  CALL(setgroups, NUMBER, SET(V(1), V(2)), SET(V(NULL), V(WILD), V(no_access)));
  CALL(getpid, DONE, ONE(0));
  CALL(getppid, DONE, ONE(0));
  CALL(getpgid, DONE, PROCESSES);
  CALL(getsid, DONE, PROCESSES);
  CALL(setpgid, NUMBER, PROCESSES, SET(V(-1), V(INT_MAX)));
  CALL(sethostname, NUMBER, SET(V(NULL), V(WILD), V(no_access)), SET(V(-1), V(65), V(8)));
  CALL(setdomainname, NUMBER, SET(V(NULL), V(WILD), V(no_access)), SET(V(-1), V(65), V(8)));
  CALL(acct, NUMBER, SET(STRING("/absent"), STRING("/"), V(WILD)));
  CALL(chroot, NUMBER, SET(STRING("/absent"), STRING("/dev/null"), V(NULL), V(WILD)));
  CALL(swapon, NUMBER, SET(STRING("/absent"), V(WILD)), ONE(0));
  CALL(swapoff, NUMBER, SET(STRING("/absent"), V(WILD)));
  CALL(mount, NUMBER, SET(STRING("none"), V(WILD)), SET(STRING("/absent"), V(NULL)), SET(STRING("tmpfs"), V(NULL), V(WILD)), ONE(0), ONE(NULL));
  CALL(umount2, NUMBER, SET(STRING("/absent"), STRING("/dev/null"), V(NULL), V(WILD)), SET(V(0), V(1 << 20)));
  CALL(pivot_root, NUMBER, SET(STRING("/absent"), V(WILD)), SET(STRING("/absent"), V(NULL)));
  CALL(reboot, NUMBER, SET(V(0), V(1)), SET(V(0), V(1)), ONE(0), ONE(NULL));
  CALL(quotactl, NUMBER, SET(V(-1), V(0)), SET(STRING("/absent"), V(NULL), V(WILD)), ONE(0), SET(V(NULL), V(WILD)));
  CALL(keyctl, DONE, SET(V(-1), V(999)), ONE(0), ONE(0), ONE(0), ONE(0));
  CALL(add_key, NUMBER, SET(STRING("absent"), V(NULL), V(WILD)), SET(STRING("d"), V(WILD)), SET(V(NULL)), SET(V(0), V(-1)), SET(V(-1), V(0)));
  CALL(request_key, NUMBER, SET(STRING("absent"), V(NULL), V(WILD)), SET(STRING("d"), V(WILD)), SET(V(NULL), V(WILD)), SET(V(0)));
  CALL(open_tree, NUMBER, SET(V(-1), V(AT_FDCWD)), SET(STRING("absent"), V(NULL), V(WILD)), SET(V(0), V(1 << 30)));
  CALL(fsopen, NUMBER, SET(STRING("absent-fs"), V(NULL), V(WILD)), SET(V(0), V(8)));
  CALL(fspick, NUMBER, SET(V(-1), V(AT_FDCWD)), SET(STRING("absent"), V(NULL)), SET(V(0), V(1 << 30)));
  CALL(name_to_handle_at, NUMBER, SET(V(-1), V(AT_FDCWD)), SET(STRING("/absent"), STRING("/"), V(NULL)), SET(V(buffer), V(NULL), V(WILD)), SET(V(buffer), V(NULL)), SET(V(0), V(1)));
  return finish_checks();
}

/* The process and the system: identity, limits, randomness, names, scheduling, prctl. */
#include "suite.h"
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <termios.h>

int main(void) {
  struct utsname name;
  CHECK(uname(&name) == 0 && !strcmp(name.sysname, "Linux"));
  CHECK(name.release[0] >= '3' && name.release[0] <= '9' && *name.version && *name.nodename);
  char host[256];
  CHECK(gethostname(host, sizeof host) == 0 && !strcmp(host, name.nodename));
  CHECK(getpid() > 0 && getppid() >= 0 && syscall(SYS_gettid) == getpid() && getpgid(0) == getpgrp() && getsid(0) >= 0);
  uid_t r, e, s;
  gid_t rg, eg, sg, groups[200];
  CHECK(getresuid(&r, &e, &s) == 0 && r == getuid() && e == geteuid());
  CHECK(getresgid(&rg, &eg, &sg) == 0 && rg == getgid() && eg == getegid());
  CHECK(setuid(getuid()) == 0 && setgid(getgid()) == 0 && setresuid(-1, -1, -1) == 0 && setreuid(-1, -1) == 0);
  CHECK(getgroups(0, NULL) >= 0 && getgroups(200, groups) == getgroups(0, NULL));

  unsigned char random[64] = {0}, zero[64] = {0};
  CHECK(getrandom(random, 64, 0) == 64 && memcmp(random, zero, 64) != 0);
  CHECK(getrandom(random, 16, GRND_NONBLOCK) == 16 && FAILS(getrandom(random, 1, 0x1000), EINVAL));
  CHECK(FAILS(syscall(SYS_getrandom, 8, 16, 0), EFAULT));
  CHECK(getentropy(random, 64) == 0);

  struct rlimit limit, other;
  CHECK(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > 0);
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 20 && limit.rlim_cur <= limit.rlim_max);
  other = (struct rlimit){20, limit.rlim_max};
  CHECK(setrlimit(RLIMIT_NOFILE, &other) == 0 && sysconf(_SC_OPEN_MAX) == 20);
  int last = -1, fd;
  while ((fd = open("/dev/null", O_RDONLY)) >= 0) last = fd;
  int error = errno;
  CHECK(last == 19 && error == EMFILE);
  CHECK(close_range(3, 19, 0) == 0 && prlimit(0, RLIMIT_NOFILE, &limit, &other) == 0 && other.rlim_cur == 20);
  CHECK(FAILS(getrlimit(99, &limit), EINVAL));
  struct rlimit core = {0, 0};
  CHECK(setrlimit(RLIMIT_CORE, &core) == 0 && getrlimit(RLIMIT_CORE, &other) == 0 && other.rlim_max == 0);
  other = (struct rlimit){5, 4};
  CHECK(FAILS(setrlimit(RLIMIT_FSIZE, &other), EINVAL));

  struct sysinfo info;
  CHECK(sysinfo(&info) == 0 && info.totalram > 0 && info.uptime > 0 && info.mem_unit >= 1 && info.procs > 0);
  CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_NPROCESSORS_CONF) >= 1 && sysconf(_SC_PHYS_PAGES) > 0);
  CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_CLK_TCK) == 100 && sysconf(_SC_ARG_MAX) >= 131072);
  cpu_set_t cpus;
  CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) >= 1 && sched_setaffinity(0, sizeof cpus, &cpus) == 0);
  unsigned cpu, node;
  CHECK(getcpu(&cpu, &node) == 0 && CPU_ISSET(cpu, &cpus) && sched_getcpu() >= 0);
  CHECK(sched_yield() == 0 && sched_getscheduler(0) == SCHED_OTHER && sched_get_priority_max(SCHED_FIFO) == 99);
  struct sched_param param;
  CHECK(sched_getparam(0, &param) == 0 && param.sched_priority == 0);
  CHECK(getpriority(PRIO_PROCESS, 0) >= -20 && nice(0) >= -20);

  char comm[16];
  CHECK(prctl(PR_SET_NAME, "suite-name") == 0 && prctl(PR_GET_NAME, comm) == 0 && !strcmp(comm, "suite-name"));
  CHECK(prctl(PR_GET_DUMPABLE) >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  int death = 0;
  CHECK(prctl(PR_SET_PDEATHSIG, 10) == 0 && prctl(PR_GET_PDEATHSIG, &death) == 0 && death == 10);
  CHECK(FAILS(prctl(12345, 0, 0, 0, 0), EINVAL));
  CHECK(FAILS(syscall(9999), ENOSYS));
  CHECK((personality(0xffffffff) & 0xff) == 0);

  struct winsize size;
  struct termios terminal;
  int ends[2];
  EXPECT(pipe(ends) == 0);
  CHECK(isatty(ends[0]) == 0 && errno == ENOTTY);
  CHECK(FAILS(ioctl(ends[0], TIOCGWINSZ, &size), ENOTTY) && FAILS(tcgetattr(ends[0], &terminal), ENOTTY) && FAILS(ioctl(99, TCGETS, &terminal), EBADF));
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master >= 0) {
    char path[64];
    EXPECT(grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, path, sizeof path) == 0);
    int slave = open(path, O_RDWR | O_NOCTTY);
    EXPECT(slave >= 0 && isatty(slave) == 1);
    size = (struct winsize){25, 81, 0, 0};
    EXPECT(ioctl(master, TIOCSWINSZ, &size) == 0);
    size.ws_col = 0;
    EXPECT(ioctl(slave, TIOCGWINSZ, &size) == 0 && size.ws_col == 81 && size.ws_row == 25);
    EXPECT(tcgetattr(slave, &terminal) == 0 && (terminal.c_lflag & ICANON) && terminal.c_cc[VINTR] == 3);
    cfmakeraw(&terminal);
    EXPECT(tcsetattr(slave, TCSANOW, &terminal) == 0 && tcgetattr(slave, &terminal) == 0 && !(terminal.c_lflag & ICANON));
    char text[8] = {0};
    EXPECT(write(master, "typed", 5) == 5 && read(slave, text, 8) == 5 && !strcmp(text, "typed"));
  }
  mode_t mask = umask(077);
  CHECK(umask(mask) == 077);
  CHECK(getenv("PATH") == NULL || setenv("SUITE", "1", 1) == 0);
  CHECK(unsetenv("SUITE") == 0 && getenv("SUITE") == NULL);
  return finish();
}

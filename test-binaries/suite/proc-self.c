/* What /proc/self says of the guest. */
#include "suite.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static char text[1 << 20];
static ssize_t slurp(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t total = 0, n;
  while ((n = read(fd, text + total, sizeof text - 1 - total)) > 0) total += n;
  close(fd);
  text[total] = 0;
  return total;
}
static char protection_of(const void *address, char protection[5], char *name) {
  slurp("/proc/self/maps");
  strcpy(protection, "----");
  *name = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned long start, end, inode;
    char p[5], path[4096] = "";
    if (sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu %4095[^\n]", &start, &end, p, &inode, path) < 4) continue;
    if ((unsigned long)address < start || (unsigned long)address >= end) continue;
    strcpy(protection, p);
    strcpy(name, path);
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  char exe[PATH_MAX] = "", real[PATH_MAX] = "", protection[5], name[4096];
  CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0 && realpath(argv[0], real) && !strcmp(exe, real));
  char link[64], by_pid[PATH_MAX] = "";
  snprintf(link, sizeof link, "/proc/%d/exe", getpid());
  CHECK(readlink(link, by_pid, sizeof by_pid - 1) > 0 && !strcmp(by_pid, exe));
  int self = open("/proc/self/exe", O_RDONLY);
  unsigned char header[20];
  CHECK(read(self, header, sizeof header) == sizeof header && !memcmp(header, ELFMAG, 4));
#if defined __riscv
  const int machine = EM_RISCV;
#elif defined __aarch64__
  const int machine = EM_AARCH64;
#else
  const int machine = EM_X86_64;
#endif
  CHECK(header[18] == machine);
  ssize_t size = slurp("/proc/self/cmdline");
  char *p = text;
  int matching = 0;
  for (int i = 0; i < argc; i++) {
    matching += !strcmp(p, argv[i]);
    p += strlen(p) + 1;
  }
  CHECK(matching == argc && p == text + size);
  CHECK(slurp("/proc/self/auxv") >= 16 * 14 && ((unsigned long *)text)[0] != 0);
  unsigned long *vector = (void *)text, entry = 0;
  for (; vector[0]; vector += 2) {
    if (vector[0] == AT_ENTRY) entry = vector[1];
  }
  CHECK(entry == getauxval(AT_ENTRY));
  CHECK(slurp("/proc/self/stat") > 0 && atoi(text) == getpid() && strchr(text, '(') && strrchr(text, ')'));
  CHECK(strstr(text, "proc-self") != NULL);
  CHECK(slurp("/proc/self/status") > 0 && strstr(text, "Name:\tproc-self") && strstr(text, "\nPid:\t"));
  CHECK(slurp("/proc/self/smaps") > 0 && strstr(text, "[stack]") && strstr(text, "\nRss:") && strstr(text, "VmFlags: "));
  CHECK(slurp("/proc/self/smaps_rollup") > 0 && strstr(text, "[rollup]\nRss:") && !strstr(text, "\nSize:"));
  CHECK(slurp("/proc/self/comm") > 0 && !strncmp(text, "proc-self", 9));

  static char data;
  static const char constant[] = "constant";
  int local;
  CHECK(protection_of((void *)main, protection, name) && !strcmp(protection, "r-xp") && !strcmp(name, exe));
  CHECK(protection_of(&data, protection, name) && !strcmp(protection, "rw-p"));
  /* Whether read-only data shares a segment with the code is up to the linker. */
  CHECK(protection_of(constant, protection, name) && protection[0] == 'r' && protection[1] == '-' && !strcmp(name, exe));
  CHECK(protection_of(&local, protection, name) && !strcmp(protection, "rw-p") && !strcmp(name, "[stack]"));
  CHECK(!protection_of((void *)16, protection, name));
  char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(protection_of(page, protection, name) && !strcmp(protection, "---p"));
  mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  CHECK(protection_of(page, protection, name) && !strcmp(protection, "rwxp"));
  char *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self, 0);
  CHECK(protection_of(shared, protection, name) && !strcmp(protection, "r--s") && !strcmp(name, exe));
  munmap(page, 4096);
  CHECK(!protection_of(page, protection, name));

  char number[64];
  snprintf(number, sizeof number, "/proc/self/fd/%d", self);
  CHECK(readlink(number, by_pid, sizeof by_pid - 1) > 0 && !strcmp(by_pid, exe));
  int again = open(number, O_RDONLY);
  CHECK(again >= 0 && read(again, header, 4) == 4 && header[1] == 'E');
  CHECK(close(self) == 0 && readlink(number, by_pid, sizeof by_pid) == -1);
  char here[PATH_MAX], cwd[PATH_MAX] = "";
  CHECK(readlink("/proc/self/cwd", cwd, sizeof cwd - 1) > 0 && getcwd(here, sizeof here) && !strcmp(here, cwd));
  int memory = open("/proc/self/mem", O_RDWR);
  volatile int secret = 12345;
  int value = 0;
  CHECK(pread(memory, &value, sizeof value, (off_t)(uintptr_t)&secret) == sizeof value && value == 12345);
  value = 54321;
  CHECK(pwrite(memory, &value, sizeof value, (off_t)(uintptr_t)&secret) == sizeof value && secret == 54321);
  CHECK(slurp("/proc/self/environ") >= 0 && slurp("/proc/cpuinfo") > 0 && slurp("/proc/meminfo") > 0);
  return finish();
}

/* Other processes: their memory by process_vm_readv(2) and process_vm_writev(2), and what /proc says of them. */
#include "suite.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char source[] = "source text", target[32];
static volatile char shared_text[32] = "before";

static ssize_t get(pid_t pid, void *to, const void *from, size_t length) {
  struct iovec local = {to, length}, remote = {(void *)from, length};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}
static ssize_t put(pid_t pid, const void *from, void *to, size_t length) {
  struct iovec local = {(void *)from, length}, remote = {to, length};
  return process_vm_writev(pid, &local, 1, &remote, 1, 0);
}

/* What /proc says of a process that has executed this program; `text` is in its heap. */
static void shown(pid_t pid, char *text) {
  char path[64], own[PATH_MAX], other[PATH_MAX], line[PATH_MAX + 128];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  ssize_t length = readlink("/proc/self/exe", own, sizeof own);
  CHECK(length > 0 && readlink(path, other, sizeof other) == length && !memcmp(own, other, (size_t)length));
  own[length] = 0;
  struct stat of_link, of_self;
  CHECK(stat(path, &of_link) == 0 && stat("/proc/self/exe", &of_self) == 0 && of_link.st_ino == of_self.st_ino);
  int program = open(path, O_RDONLY);
  CHECK(program >= 0 && fstat(program, &of_link) == 0 && of_link.st_ino == of_self.st_ino);
  close(program);
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *file = fopen(path, "r");
  int programs = 0, heaps = 0, stacks = 0, others = 0;
  while (file && fgets(line, sizeof line, file)) {
    unsigned long start, end;
    char permissions[8], name[PATH_MAX] = "";
    sscanf(line, "%lx-%lx %7s %*s %*s %*s %4000s", &start, &end, permissions, name);
    programs += !strcmp(name, own) && !strcmp(permissions, "r-xp");
    heaps += start <= (uintptr_t)text && (uintptr_t)text < end && !strcmp(name, "[heap]");
    stacks += !strcmp(name, "[stack]");
    others += strstr(name, "node") != NULL;
  }
  if (file) fclose(file);
  CHECK(programs == 1 && heaps == 1 && stacks == 1 && others == 0);
  snprintf(path, sizeof path, "/proc/%d/statm", pid);
  unsigned long pages = 0;
  file = fopen(path, "r");
  CHECK(file && fscanf(file, "%lu", &pages) == 1 && pages > 10 && pages < 100000 && fclose(file) == 0);
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  file = fopen(path, "r");
  unsigned long size = 0;
  while (file && fgets(line, sizeof line, file)) sscanf(line, "VmSize: %lu kB", &size);
  CHECK(file && size == pages * 4 && fclose(file) == 0);
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  file = fopen(path, "r");
  unsigned long bytes = 0;
  CHECK(file && fscanf(file, "%*d (%*[^)]) %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &bytes) == 1 && bytes == pages * 4096 && fclose(file) == 0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    /* What has been executed: says where its text is, and waits. */
    char *text = strdup("of the new program");
    if (write(3, &text, sizeof text) != sizeof text) return 1;
    for (char byte; read(4, &byte, 1) < 0;) {}
    return strcmp(text, "of the old program") != 0;
  }
  (void)argv;
  pid_t self = getpid();
  CHECK(get(self, target, source, sizeof source) == sizeof source && !strcmp(target, source));
  CHECK(put(self, "written", target, 8) == 8 && !strcmp(target, "written"));
  struct iovec local[] = {{target, 3}, {target + 10, 3}}, remote[] = {{source, 2}, {source + 7, 4}};
  CHECK(process_vm_readv(self, local, 2, remote, 2, 0) == 6 && !memcmp(target, "sot", 3) && !memcmp(target + 10, "ext", 3));
  CHECK(process_vm_readv(self, local, 0, remote, 2, 0) == 0 && process_vm_readv(self, local, 2, remote, 0, 0) == 0);
  CHECK(FAILS(process_vm_readv(self, local, 2, remote, 2, 1), EINVAL) && FAILS(process_vm_readv(self, local, 2000, remote, 1, 0), EINVAL));
  CHECK(FAILS(get(self, target, (void *)8, 4), EFAULT) && FAILS(get(self, (void *)8, source, 4), EFAULT));
  CHECK(FAILS(process_vm_readv(self, (void *)8, 1, remote, 1, 0), EFAULT));
  CHECK(FAILS(get(0x7ffffff0, target, source, 4), ESRCH));
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(munmap(pages + 4096, 4096) == 0 && get(self, target, pages + 4090, 12) == 6);
  CHECK(mprotect(pages, 4096, PROT_READ) == 0 && FAILS(put(self, "x", pages, 1), EFAULT) && get(self, target, pages, 1) == 1);
  CHECK(mprotect(pages, 4096, PROT_NONE) == 0 && FAILS(get(self, target, pages, 1), EFAULT));

  int own = (int)syscall(SYS_pidfd_open, self, 0);
  char *cold = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct iovec advised = {cold, 8192};
  strcpy(cold, "kept");
  CHECK(own >= 0 && syscall(SYS_process_madvise, own, &advised, 1l, MADV_COLD, 0) == 8192 && !strcmp(cold, "kept"));
  CHECK(FAILS(syscall(SYS_process_madvise, own, &advised, 1l, 999, 0), EINVAL) && FAILS(syscall(SYS_process_madvise, own, &advised, 1l, MADV_COLD, 1), EINVAL));
  CHECK(FAILS(syscall(SYS_process_madvise, own, 8, 1l, MADV_COLD, 0), EFAULT) && FAILS(syscall(SYS_process_madvise, -1, &advised, 1l, MADV_COLD, 0), EBADF));
  close(own);

  int go[2];
  CHECK(pipe(go) == 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(go[1]);
    while (read(go[0], &byte, 1) < 0) {}
    _exit(strcmp((char *)shared_text, "after") != 0);
  }
  CHECK(get(child, target, (void *)shared_text, 7) == 7 && !strcmp(target, "before"));
  CHECK(put(child, "after", (void *)shared_text, 6) == 6 && !strcmp((char *)shared_text, "before"));
  int status;
  CHECK(close(go[1]) == 0 && waitpid(child, &status, 0) == child && status == 0);
  close(go[0]);

  int where[2], until[2];
  CHECK(pipe(where) == 0 && pipe(until) == 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    int out = fcntl(where[1], F_DUPFD, 10), in = fcntl(until[0], F_DUPFD, 11);
    close(until[1]);
    dup2(out, 3), dup2(in, 4);
    for (int fd = 5; fd < 20; fd++) close(fd);
    execl("/proc/self/exe", "process-vm", "executed", NULL);
    _exit(9);
  }
  char *text = NULL;
  close(until[0]);
  CHECK(read(where[0], &text, sizeof text) == sizeof text && get(child, target, text, 19) == 19 && !strcmp(target, "of the new program"));
  CHECK(put(child, "old", text + 7, 3) == 3);
  shown(child, text);
  CHECK(close(until[1]) == 0 && waitpid(child, &status, 0) == child && status == 0);
  return finish();
}

/* Attempts on the emulator's memory, whose addresses are far above this program's, and by newer ways to reach the kernel. */
#include "attempts.h"

/* A 32-bit program has no names for them. */
#if UINTPTR_MAX > UINT32_MAX
#define FAR_ADDRESSES 1
static const uintptr_t far_addresses[] = {0x400000000, 0x100000000000, 0x555555554000, 0x7f0000000000, 0x7ffffffde000};

static long map_fixed(void) {
  for (unsigned i = 0; i < sizeof far_addresses / sizeof *far_addresses; i++) {
    void *wanted = (void *)far_addresses[i];
    void *mapped = mmap(wanted, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped != MAP_FAILED) return 0;
  }
  return -1;
}
/* Nothing is there to unmap, which is no error; the emulator must live on. */
static long unmap(void) {
  for (unsigned i = 0; i < sizeof far_addresses / sizeof *far_addresses; i++) munmap((void *)far_addresses[i], 1UL << 30);
  errno = EINVAL;
  return -1;
}
static long protect(void) {
  for (unsigned i = 0; i < sizeof far_addresses / sizeof *far_addresses; i++)
    if (mprotect((void *)far_addresses[i], 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) return 0;
  return -1;
}
static long move(void) {
  void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned i = 0; i < sizeof far_addresses / sizeof *far_addresses; i++)
    if (mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)far_addresses[i]) != MAP_FAILED) return 0;
  return -1;
}
static long copy(int to_file) {
  int pair[2];
  STEP(pipe(pair));
  STEP(write(pair[1], "x", 1));
  long result = -1;
  for (unsigned i = 0; i < sizeof far_addresses / sizeof *far_addresses && result < 0; i++)
    result = to_file ? write(pair[1], (void *)far_addresses[i], 1) : read(pair[0], (void *)far_addresses[i], 1);
  int error = errno;
  close(pair[0]);
  close(pair[1]);
  errno = error;
  return result;
}
static long write_from(void) { return copy(1); }
static long read_into(void) { return copy(0); }
/* A transfer that begins at the end of this program's memory and goes on above it. */
static long run_over(void) {
  int zero = open("/dev/zero", O_RDONLY);
  STEP(zero);
  char *top = (char *)0x3ffff0000;
  long result = read(zero, top - 1, 1UL << 30);
  close(zero);
  errno = EFAULT;
  return result > 1 ? 0 : -1;
}
static long bind_memory(void) { return syscall(SYS_mbind, far_addresses[0] - 4096, 1UL << 40, 0, NULL, 0, 0); }
#endif
static long rings(void) {
  char parameters[120] = {0};
  return opened(syscall(SYS_io_uring_setup, 1, parameters));
}
static long berkeley(void) {
  char attributes[120] = {0};
  return opened(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}
static long performance(void) {
  char attributes[128] = {0};
  return opened(syscall(SYS_perf_event_open, attributes, -1, 0, -1, 0));
}
static long faults(void) { return opened(syscall(SYS_userfaultfd, 0)); }
static long keys(void) { return syscall(SYS_keyctl, 0, -3, 0, 0, 0); }
static long segments(void) { return syscall(SYS_shmget, 0, 4096, 01600); }

const struct attempt memory_attempts[] = {
#ifdef FAR_ADDRESSES
    {"map-fixed", map_fixed},
    {"unmap", unmap},
    {"protect", protect},
    {"move", move},
    {"write-from", write_from},
    {"read-into", read_into},
    {"run-over", run_over},
    {"bind-memory", bind_memory},
#endif
    {"io-uring", rings},
    {"bpf", berkeley},
    {"perf-event", performance},
    {"userfaultfd", faults},
    {"keyctl", keys},
    {"shared-segments", segments},
    {0, 0},
};

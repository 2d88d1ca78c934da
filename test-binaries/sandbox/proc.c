/* Attempts by way of /proc: other processes, and the emulator around this one. */
#include "attempts.h"

static long read_file(const char *path) { return opened(open(path, O_RDONLY)); }
static const char *format(const char *text, long id) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, text, id);
  return path;
}

static long root_link(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/proc/self/root%s", out("secret"));
  return read_file(path);
}
static long cwd_link(void) {
  STEP(chdir(in("")));
  return read_file("/proc/self/cwd/../out/secret");
}
static long own_memory(void) { return opened(open("/proc/self/mem", O_RDWR)); }
static long memory_dotdot(void) { return opened(open("/proc/self/../self/mem", O_RDWR)); }
static long memory_by_id(void) { return opened(open(format("/proc/%ld/mem", getpid()), O_RDWR)); }
static long memory_of_task(void) { return opened(open(format("/proc/self/task/%ld/mem", getpid()), O_RDWR)); }
static long memory_by_directory(void) {
  int directory = open("/proc/self", O_RDONLY | O_DIRECTORY);
  STEP(directory);
  long result = openat(directory, "mem", O_RDWR);
  close(directory);
  return opened(result);
}
static long thread_id;
static void *stay(void *stop) {
  __atomic_store_n(&thread_id, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
  pthread_mutex_lock(stop);
  pthread_mutex_unlock(stop);
  return NULL;
}
/* A thread's directory is in /proc, though it is not listed. */
static long memory_of_thread(void) {
  pthread_mutex_t stop = PTHREAD_MUTEX_INITIALIZER;
  pthread_t thread;
  pthread_mutex_lock(&stop);
  thread_id = 0;
  STEP(-pthread_create(&thread, NULL, stay, &stop));
  while (__atomic_load_n(&thread_id, __ATOMIC_SEQ_CST) == 0) sched_yield();
  long result = opened(open(format("/proc/%ld/mem", thread_id), O_RDWR));
  int error = errno;
  pthread_mutex_unlock(&stop);
  pthread_join(thread, NULL);
  errno = error;
  return result;
}
static long mapped_files(void) { return opened(open("/proc/self/map_files", O_RDONLY | O_DIRECTORY)); }
static long own_namespaces(void) { return read_file("/proc/self/ns/mnt"); }
static long score(void) { return opened(open("/proc/self/oom_score_adj", O_WRONLY)); }
static long parent_environment(void) { return read_file(format("/proc/%ld/environ", getppid())); }
static long parent_files(void) { return opened(open(format("/proc/%ld/fd", getppid()), O_RDONLY)); }
static long parent_root(void) { return opened(open(format("/proc/%ld/root", getppid()), O_RDONLY)); }
static long init_status(void) { return read_file("/proc/1/status"); }
static long kernel_setting(void) { return opened(open("/proc/sys/kernel/hostname", O_WRONLY)); }
static long kernel_memory(void) { return read_file("/proc/kcore"); }

const struct attempt proc_attempts[] = {
    {"proc-root", root_link},
    {"proc-cwd", cwd_link},
    {"proc-mem", own_memory},
    {"proc-mem-dotdot", memory_dotdot},
    {"proc-mem-by-id", memory_by_id},
    {"proc-mem-of-task", memory_of_task},
    {"proc-mem-by-directory", memory_by_directory},
    {"proc-mem-of-thread", memory_of_thread},
    {"proc-map-files", mapped_files},
    {"proc-namespaces", own_namespaces},
    {"proc-score", score},
    {"proc-parent-environment", parent_environment},
    {"proc-parent-files", parent_files},
    {"proc-parent-root", parent_root},
    {"proc-init", init_status},
    {"proc-setting", kernel_setting},
    {"proc-kcore", kernel_memory},
    {0, 0},
};

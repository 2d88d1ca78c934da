/* Attempts between the check of a file and its use: one thread changes what another one has named. */
#include "attempts.h"

/* How often the file is opened, and after how many of those the other thread must have got to run:
   on a busy machine it may not run at all while the file is opened a thousand times. */
enum { ROUNDS = 1500, CHANGED_ROUNDS = 100 };
static int stop, changes;

/* Makes in/swap a directory and a link to what is not allowed, in turn. */
static void *swap_directory(void *unused) {
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    syscall(SYS_renameat2, AT_FDCWD, in("swap"), AT_FDCWD, in("swap-link"), 2);
    __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
  }
  return unused;
}
/* Puts other descriptors into the places that calls of the other thread may use. */
static void *swap_descriptors(void *unused) {
  int readable = open(look(""), O_PATH | O_DIRECTORY);
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
    for (int number = 10; number < 14; number++) {
      dup3(readable, number, O_CLOEXEC);
      close(number);
    }
  }
  close(readable);
  return unused;
}

static long race(void *(*change)(void *), const char *path, int flags, dev_t device, ino_t inode) {
  pthread_t thread;
  stop = changes = 0;
  STEP(-pthread_create(&thread, NULL, change, NULL));
  long result = -1;
  int seen = 0, changed_rounds = 0;
  for (int i = 0; (i < ROUNDS || changed_rounds < CHANGED_ROUNDS) && result < 0; i++) {
    int now = __atomic_load_n(&changes, __ATOMIC_RELAXED);
    changed_rounds += now != seen;
    seen = now;
    int file = open(path, flags);
    struct stat stat;
    // The other thread may have closed it meanwhile.
    if (file < 0 || fstat(file, &stat) < 0) continue;
    if (stat.st_ino == inode && stat.st_dev == device) result = 0;
    // A descriptor among those that the other thread changes may be its own by now.
    if (file < 10 || file >= 14) close(file);
  }
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  pthread_join(thread, NULL);
  errno = EACCES;
  return result;
}

static long race_symlink(void) {
  struct stat secret;
  STEP(fstat(OUT_FILE, &secret));
  return race(swap_directory, in("swap/secret"), O_RDONLY, secret.st_dev, secret.st_ino);
}
/* A file that may be read is not opened for writing because another one may. */
static long race_descriptor(void) {
  struct stat target;
  STEP(stat(look("file"), &target));
  int filler[10];
  for (int i = 0; i < 10; i++) filler[i] = dup(1);
  long result = race(swap_descriptors, in("file"), O_WRONLY | O_CREAT, target.st_dev, target.st_ino);
  for (int i = 0; i < 10; i++)
    if (filler[i] < 10 || filler[i] >= 14) close(filler[i]);
  errno = EACCES;
  return result;
}

static void *spin(void *unused) {
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
    __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
  return unused;
}
/* With a second thread, which could change descriptors, says so and waits for in/go; then makes the emulator do all for which
   it has files: code becomes hot in two threads, more threads begin, and a child of several threads dies of a fault. The
   files are not there any more, says who has made in/go. */
static long race_files(void) {
  pthread_t threads[6];
  stop = changes = 0;
  STEP(-pthread_create(&threads[0], NULL, spin, NULL));
  puts("two threads");
  fflush(stdout);
  while (access(in("go"), F_OK) < 0) usleep(1000);
  for (int i = 1; i < 6; i++) STEP(-pthread_create(&threads[i], NULL, spin, NULL));
  while (__atomic_load_n(&changes, __ATOMIC_RELAXED) < 300000) sched_yield();
  pid_t child = fork();
  STEP(child);
  if (child == 0) {
    pthread_t other;
    pthread_create(&other, NULL, spin, NULL);
    *(volatile int *)(uintptr_t)(stop + 8) = 0;
  }
  int status;
  STEP(waitpid(child, &status, 0));
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  errno = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? EACCES : ENOTRECOVERABLE;
  return -1;
}

const struct attempt race_attempts[] = {
    {"race-symlink", race_symlink},
    {"race-descriptor", race_descriptor},
    {"race-files", race_files},
    {0, 0},
};

/* System V shared memory segments: attached, shared with a child, marked for removal; and what semctl and shmctl tell. */
#include "suite.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>

enum { PAGE = 4096, SIZE = 3 * PAGE - 100 };
#define BAD(expression, number) ((expression) == (void *)-1 && errno == (number))

static int attached(int id) {
  struct shmid_ds info;
  return shmctl(id, IPC_STAT, &info) == 0 ? (int)info.shm_nattch : -1;
}

static void semaphores(void) {
  struct semid_ds info;
  int id = semget(IPC_PRIVATE, 5, 0600);
  CHECK(id >= 0);
  CHECK(semctl(id, 0, IPC_STAT, &info) == 0);
  CHECK(info.sem_nsems == 5 && info.sem_ctime > 1000000000 && info.sem_perm.mode == 0600);
  info.sem_perm.mode = 0640;
  CHECK(semctl(id, 0, IPC_SET, &info) == 0);
  memset(&info, 0, sizeof info);
  CHECK(semctl(id, 0, IPC_STAT, &info) == 0 && info.sem_perm.mode == 0640 && info.sem_nsems == 5);
  CHECK(semctl(id, 2, SETVAL, 7) == 0 && semctl(id, 2, GETVAL) == 7);
  CHECK(semctl(id, 0, IPC_RMID) == 0);
  CHECK(FAILS(semctl(id, 0, IPC_STAT, &info), EINVAL));
}

int main(void) {
  CHECK(FAILS(shmget(IPC_PRIVATE, 0, 0600), EINVAL));
  int id = shmget(IPC_PRIVATE, SIZE, 0600);
  CHECK(id >= 0);
  struct shmid_ds info;
  CHECK(shmctl(id, IPC_STAT, &info) == 0 && info.shm_segsz == SIZE && info.shm_nattch == 0);
  char *one = shmat(id, NULL, 0);
  CHECK(one != (void *)-1);
  char *two = shmat(id, NULL, SHM_RDONLY);
  CHECK(two != (void *)-1 && two != one && attached(id) == 2);
  strcpy(one + SIZE - 8, "shared");
  CHECK(strcmp(two + SIZE - 8, "shared") == 0);

  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    one[0] = 42;
    _exit(shmdt(one) == 0 && attached(id) == 3 ? 5 : 6);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 5);
  CHECK(one[0] == 42 && two[0] == 42);

  CHECK(shmctl(id, IPC_RMID, NULL) == 0);
  CHECK(shmdt(two) == 0 && attached(id) == 1);
  CHECK(FAILS(shmdt(two), EINVAL));
  CHECK(FAILS(shmdt(one + PAGE), EINVAL));
  CHECK(FAILS(msync(two, PAGE, MS_ASYNC), ENOMEM));
  /* The last page goes with the others; what is mapped over the middle one stays. */
  CHECK(mmap(one + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == one + PAGE);
  CHECK(shmdt(one) == 0);
  CHECK(one[PAGE] == 0 && msync(one + PAGE, PAGE, MS_ASYNC) == 0);
  CHECK(FAILS(msync(one + 2 * PAGE, PAGE, MS_ASYNC), ENOMEM));
  CHECK(BAD(shmat(id, NULL, 0), EINVAL));

  id = shmget(IPC_PRIVATE, PAGE, 0600);
  char *room = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(BAD(shmat(id, room + PAGE, 0), EINVAL));
  CHECK(BAD(shmat(id, room + PAGE + 5, SHM_REMAP), EINVAL));
  CHECK(shmat(id, room + PAGE + 5, SHM_REMAP | SHM_RND) == room + PAGE);
  room[PAGE] = 1;
  CHECK(munmap(room + 2 * PAGE, PAGE) == 0 && shmat(id, room + 2 * PAGE, 0) == room + 2 * PAGE);
  CHECK(room[2 * PAGE] == 1 && attached(id) == 2);
  CHECK(shmctl(id, IPC_RMID, NULL) == 0);
  semaphores();
  return failures != 0;
}

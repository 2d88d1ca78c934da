/* 64 processes take turns with System V semaphores, and count in shared memory. Size: turns of each. */
#include "stress.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { PROCESSES = 64, LOCK = 0, LEFT = 1 };

/* A stop of the process ends semop too, when it is continued, signal(7). */
static void change(int semaphores, struct sembuf *operation) {
  while (semop(semaphores, operation, 1) != 0) EXPECT(errno == EINTR);
}

int main(int argc, char **argv) {
  long turns = size_argument(argc, argv, 5000);
  begin();
  int semaphores = semget(IPC_PRIVATE, 2, 0600), segment = shmget(IPC_PRIVATE, 4096, 0600);
  EXPECT(semaphores >= 0 && segment >= 0);
  volatile long *count = shmat(segment, NULL, 0);
  EXPECT(count != (void *)-1 && semctl(semaphores, LOCK, SETVAL, 1) == 0 && semctl(semaphores, LEFT, SETVAL, PROCESSES) == 0);
  for (int i = 0; i < PROCESSES; i++) {
    if (forked() != 0) continue;
    struct sembuf take = {LOCK, -1, SEM_UNDO}, give = {LOCK, 1, SEM_UNDO}, leave = {LEFT, -1, 0};
    for (long turn = 0; turn < turns; turn++) {
      change(semaphores, &take);
      ++*count;
      change(semaphores, &give);
    }
    change(semaphores, &leave);
    /* Takes it and never gives it back: SEM_UNDO does. */
    change(semaphores, &take);
    _exit(0);
  }
  struct sembuf all_left = {LEFT, 0, 0};
  change(semaphores, &all_left);
  for (int i = 0; i < PROCESSES; i++) {
    int status;
    EXPECT(wait(&status) > 0 && status == 0);
  }
  EXPECT(*count == turns * PROCESSES && semctl(semaphores, LOCK, GETVAL) == 1);
  EXPECT(shmdt((void *)count) == 0 && shmctl(segment, IPC_RMID, NULL) == 0 && semctl(semaphores, 0, IPC_RMID) == 0);
  return finish();
}

/* Queues, semaphores and shared memory, of System V and POSIX. */
#include "checks.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int queue, semaphores, segment, posix, file;


static void again(void) {
  char bytes[64];
  while (msgrcv(queue, bytes, 16, 0, IPC_NOWAIT | MSG_NOERROR) >= 0)
    ;
  fill_buffer();
  *(long *)buffer = 1;
}

int main(void) {
  prepare_pages();
  file = open("/dev/null", O_RDWR);
  queue = msgget(IPC_PRIVATE, 0600), semaphores = semget(IPC_PRIVATE, 2, 0600), segment = shmget(IPC_PRIVATE, 8192, 0600);
  if (queue < 0 || semaphores < 0 || segment < 0) return 96;
  restore = again;
  again();
  CALL(msgget, DONE, SET(V(0x7ab3c001)), SET(V(0), V(0600)));
  CALL(msgsnd, NUMBER, SET(V(queue), V(-1), V(0x7ffffff)), POINTERS, SET(V(0), V(4), V(100000), V(-1)), SET(V(IPC_NOWAIT)));
  struct msgbuf {
    long mtype;
    char mtext[16];
  } *message = (void *)(buffer + 512);
  restore = NULL;
  static const long types[] = {0, 1, -1, 77};
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      again();
      message->mtype = types[i];
      printf("type %d: ", i);
      CALL(msgsnd, NUMBER, ONE(queue), ONE(message), ONE(4), ONE(IPC_NOWAIT));
      CALL(msgrcv, NUMBER, ONE(queue), ONE(message), SET(V(2), V(8)), SET({"type", types[j]}), SET(V(IPC_NOWAIT), V(IPC_NOWAIT | MSG_NOERROR), V(IPC_NOWAIT | MSG_EXCEPT)));
    }
  restore = again;
  CALL(msgrcv, NUMBER, SET(V(queue), V(-1)), POINTERS, SET(V(0), V(-1), V(8)), ONE(0x1000), SET(V(IPC_NOWAIT), V(IPC_NOWAIT | MSG_COPY), V(IPC_NOWAIT | MSG_COPY | MSG_EXCEPT)));
  CALL(msgctl, NUMBER, SET(V(queue), V(-1), V(0x7ffffff)), SET(V(IPC_STAT), V(IPC_SET), V(99), V(-1)), SET(V(NULL), V(WILD), V(no_access), V(readonly_page)));

  CALL(semget, NUMBER, SET(V(0x7ab3c002)), SET(V(0), V(-1), V(1 << 30)), SET(V(0), V(IPC_CREAT)));
  struct sembuf *operation = (void *)(buffer + 512);
  restore = NULL;
  static const unsigned short numbers[] = {0, 1, 2, 65535};
  static const short changes[] = {0, 1, -1, 32767, -32768};
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 5; j++) {
      operation[0] = (struct sembuf){numbers[i], changes[j], IPC_NOWAIT};
      operation[1] = (struct sembuf){0, 0, IPC_NOWAIT};
      printf("number %d change %d: ", i, j);
      CALL(semop, NUMBER, ONE(semaphores), ONE(operation), SET(V(1), V(2)));
      printf("%d %d\n", semctl(semaphores, 0, GETVAL), semctl(semaphores, 1, GETVAL));
    }
  restore = again;
  CALL(semop, NUMBER, SET(V(semaphores), V(-1), V(0x7ffffff)), SET(V(NULL), V(WILD), V(no_access)), SET(V(0), V(1), V(501), V(-1)));
  CALL(semctl, NUMBER, SET(V(semaphores), V(-1)), SET(V(0), V(1), V(2), V(-1)), SET(V(GETVAL), V(GETNCNT), V(GETZCNT), V(99)), ONE(0));
  CALL(semctl, NUMBER, SET(V(semaphores), V(-1)), SET(V(0), V(2), V(-1)), ONE(SETVAL), SET(V(0), V(-1), V(32767), V(32768)));
  CALL(semctl, NUMBER, SET(V(semaphores), V(-1)), ONE(0), SET(V(GETALL), V(SETALL), V(IPC_STAT), V(IPC_SET)), SET(V(NULL), V(WILD), V(no_access)));

  CALL(shmget, NUMBER, SET(V(0x7ab3c003)), SET(V(0), V(-1), V(4096)), SET(V(0)));
  CALL(shmget, NUMBER, ONE(IPC_PRIVATE), SET(V(0), V(-1)), ONE(0600));
  CALL(shmat, DONE, SET(V(segment), V(-1)), SET(V(buffer + 1), V(buffer), V(WILD)), SET(V(0), V(SHM_RDONLY), V(1)));
  CALL(shmat, DONE, ONE(segment), SET(V(NULL)), SET(V(SHM_RDONLY), V(SHM_REMAP)));
  CALL(shmctl, NUMBER, SET(V(segment), V(-1), V(0x7ffffff)), SET(V(IPC_STAT), V(IPC_SET), V(99), V(-1)), SET(V(NULL), V(WILD), V(no_access), V(readonly_page)));
  CALL(shmctl, NUMBER, SET(V(segment)), SET(V(SHM_UNLOCK)), ONE(NULL));
  CALL(shmdt, NUMBER, SET(V(buffer), V(NULL), V(buffer + 1)));

  CALL(mq_open, NUMBER, SET(STRING("absent-queue"), STRING(""), STRING("a/b"), V(NULL), V(WILD)), SET(V(O_RDWR)), ONE(0600), SET(V(NULL)));
  CALL(mq_open, NUMBER, SET(STRING("a/b"), STRING(""), V(WILD)), ONE(O_RDWR | O_CREAT), ONE(0600), SET(V(NULL), V(WILD), V(no_access)));
  CALL(mq_unlink, NUMBER, SET(STRING("absent-queue"), STRING(""), V(NULL), V(WILD)));
  struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 16};
  char name[40];
  snprintf(name, sizeof name, "/tsemu-checks-%d", getpid());
  posix = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
  mq_unlink(name);
  CALL(mq_getsetattr, NUMBER, SET(V(posix), V(file), V(-1)), SET(V(NULL), V(WILD), V(no_access)), SET(V(NULL), V(buffer), V(WILD), V(readonly_page)));
  CALL(mq_timedsend, NUMBER, SET(V(posix), V(file), V(-1)), SET(V(buffer), V(NULL)), SET(V(0), V(16), V(17), V(-1)), SET(V(0), V(32767), V(32768)), SET(V(NULL), V(WILD)));
  CALL(mq_timedreceive, NUMBER, SET(V(posix), V(file), V(-1)), SET(V(buffer), V(NULL)), SET(V(0), V(16), V(17)), SET(V(NULL), V(WILD)), SET(V(NULL), V(WILD)));
  CALL(mq_notify, NUMBER, SET(V(posix), V(file), V(-1)), SET(V(WILD), V(no_access)));
  msgctl(queue, IPC_RMID, NULL), semctl(semaphores, 0, IPC_RMID), shmctl(segment, IPC_RMID, NULL);
  return finish_checks();
}

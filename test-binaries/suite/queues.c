/* Message queues of System V and POSIX, semaphores with a time, what is told of them and of the kernel's clock. */
#include "suite.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/timex.h>
#include <time.h>

static void semaphores(void) {
  int set = semget(IPC_PRIVATE, 3, 0600);
  unsigned short values[3] = {1, 2, 3};
  struct semid_ds ds;
  CHECK(semctl(set, 0, SETALL, values) == 0);
  CHECK(semctl(set, 0, IPC_STAT, &ds) == 0 && ds.sem_nsems == 3 && ds.sem_perm.mode == 0600);
  CHECK(ds.sem_perm.uid == getuid() && labs((long)(time(NULL) - ds.sem_ctime)) < 60);
  ds.sem_perm.mode = 0640;
  CHECK(semctl(set, 0, IPC_SET, &ds) == 0 && semctl(set, 0, IPC_STAT, &ds) == 0 && ds.sem_perm.mode == 0640);
  struct sembuf wait = {1, -5, 0};
  struct timespec moment = {0, 1000000};
  CHECK(FAILS(semtimedop(set, &wait, 1, &moment), EAGAIN));
  CHECK(semctl(set, 2, GETVAL) == 3 && semctl(set, 0, IPC_RMID) == 0);
}

static void messages(void) {
  int queue = msgget(IPC_PRIVATE, 0600);
  struct {
    long type;
    char text[100];
  } message = {7, "hello"};
  CHECK(msgsnd(queue, &message, 6, 0) == 0);
  message.type = -3;
  CHECK(FAILS(msgsnd(queue, &message, 6, 0), EINVAL));
  message.type = 9;
  CHECK(msgsnd(queue, &message, 50, 0) == 0);
  struct msqid_ds ds;
  CHECK(msgctl(queue, IPC_STAT, &ds) == 0 && ds.msg_qnum == 2 && ds.msg_lspid == getpid() && ds.msg_lrpid == 0);
  memset(&message, 0, sizeof message);
  CHECK(msgrcv(queue, &message, 100, -8, 0) == 6 && message.type == 7 && !strcmp(message.text, "hello"));
  CHECK(FAILS(msgrcv(queue, &message, 10, 0, 0), E2BIG));
  CHECK(msgrcv(queue, &message, 10, 0, MSG_NOERROR) == 10 && message.type == 9);
  CHECK(FAILS(msgrcv(queue, &message, 10, 0, IPC_NOWAIT), ENOMSG));
  CHECK(msgctl(queue, IPC_RMID, NULL) == 0);
}

static void segments(void) {
  int segment = shmget(IPC_PRIVATE, 10000, 0600);
  char *memory = shmat(segment, NULL, 0);
  struct shmid_ds ds;
  CHECK(shmctl(segment, IPC_STAT, &ds) == 0 && ds.shm_segsz == 10000 && ds.shm_nattch == 1 && ds.shm_cpid == getpid());
  struct shminfo limits;
  CHECK(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) >= 0 && limits.shmmni > 0 && limits.shmmin == 1);
  CHECK(shmdt(memory) == 0 && shmctl(segment, IPC_RMID, NULL) == 0);
}

static void posix(void) {
  char name[40];
  snprintf(name, sizeof name, "/tsemu-queue-%d", getpid());
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
  CHECK(queue >= 0 && mq_unlink(name) == 0);
  CHECK(mq_send(queue, "abc", 4, 3) == 0 && mq_send(queue, "defg", 5, 9) == 0);
  CHECK(mq_getattr(queue, &attributes) == 0 && attributes.mq_maxmsg == 4 && attributes.mq_msgsize == 64);
  CHECK(attributes.mq_curmsgs == 2);
  char text[64];
  unsigned priority;
  CHECK(mq_receive(queue, text, sizeof text, &priority) == 5 && priority == 9 && !strcmp(text, "defg"));
  CHECK(mq_receive(queue, text, sizeof text, &priority) == 4 && priority == 3);
  struct timespec past = {1, 0};
  CHECK(FAILS(mq_timedreceive(queue, text, sizeof text, &priority, &past), ETIMEDOUT));
  attributes.mq_flags = O_NONBLOCK;
  struct mq_attr before;
  CHECK(mq_setattr(queue, &attributes, &before) == 0 && before.mq_flags == 0);
  CHECK(FAILS(mq_receive(queue, text, sizeof text, &priority), EAGAIN));
}

int main(void) {
  semaphores();
  messages();
  segments();
  posix();
  struct timex clock = {0};
  CHECK(adjtimex(&clock) >= 0 && clock.tick >= 9000 && clock.tick <= 11000 && clock.time.tv_sec > 1500000000);
  return finish();
}

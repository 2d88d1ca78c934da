/* Message queues of POSIX and System V, and what the ctl calls of System V say: mq_overview(7), sysvipc(7). */
#include "suite.h"
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

static char name[64], text[64];
static sem_t arrived;
static volatile int signal_value, signal_code;

static void on_message(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  signal_value = info->si_value.sival_int;
  signal_code = info->si_code;
}

static void on_thread(union sigval value) {
  signal_value = value.sival_int;
  sem_post(&arrived);
}

static void posix(void) {
  snprintf(name, sizeof name, "/tsemu-suite-%d", getpid());
  struct mq_attr wanted = {.mq_maxmsg = 3, .mq_msgsize = 16}, got;
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &wanted);
  CHECK(queue >= 0);
  CHECK(FAILS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &wanted), EEXIST));
  CHECK(FAILS(mq_open("/tsemu-suite-none", O_RDWR), ENOENT) && FAILS(mq_open("/", O_RDWR | O_CREAT, 0600, NULL), ENOENT));
  wanted.mq_maxmsg = -1;
  CHECK(FAILS(mq_open("/tsemu-suite-bad", O_RDWR | O_CREAT, 0600, &wanted), EINVAL));
  CHECK(mq_getattr(queue, &got) == 0 && got.mq_flags == O_NONBLOCK && got.mq_maxmsg == 3 && got.mq_msgsize == 16 && got.mq_curmsgs == 0);
  CHECK(mq_send(queue, "low", 4, 1) == 0 && mq_send(queue, "high", 5, 9) == 0 && mq_send(queue, "", 0, 1) == 0);
  CHECK(mq_getattr(queue, &got) == 0 && got.mq_curmsgs == 3);
  CHECK(FAILS(mq_send(queue, "full", 5, 1), EAGAIN) && FAILS(mq_send(queue, text, 17, 1), EMSGSIZE));
  CHECK(FAILS(mq_send(queue, "x", 1, 32768), EINVAL));
  unsigned priority = 0;
  CHECK(FAILS(mq_receive(queue, text, 15, &priority), EMSGSIZE));
  CHECK(mq_receive(queue, text, sizeof text, &priority) == 5 && !strcmp(text, "high") && priority == 9);
  CHECK(mq_receive(queue, text, sizeof text, &priority) == 4 && !strcmp(text, "low") && priority == 1);
  CHECK(mq_receive(queue, text, sizeof text, NULL) == 0 && FAILS(mq_receive(queue, text, sizeof text, NULL), EAGAIN));
  struct mq_attr blocking = {.mq_flags = 0}, before;
  CHECK(mq_setattr(queue, &blocking, &before) == 0 && before.mq_flags == O_NONBLOCK && mq_getattr(queue, &got) == 0 && got.mq_flags == 0);
  struct timespec past = {1, 0}, wrong = {1, 1000000000}, soon;
  CHECK(FAILS(mq_timedreceive(queue, text, sizeof text, NULL, &past), ETIMEDOUT));
  CHECK(FAILS(mq_timedreceive(queue, text, sizeof text, NULL, &wrong), EINVAL));
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec = (soon.tv_nsec + 20000000) % 1000000000, soon.tv_sec += soon.tv_nsec < 20000000;
  CHECK(FAILS(mq_timedreceive(queue, text, sizeof text, NULL, &soon), ETIMEDOUT));

  pid_t child = fork();
  if (!child) {
    mqd_t other = mq_open(name, O_WRONLY);
    _exit(other < 0 || mq_send(other, "from child", 11, 0) < 0);
  }
  int status;
  CHECK(mq_receive(queue, text, sizeof text, &priority) == 11 && !strcmp(text, "from child") && waitpid(child, &status, 0) == child && status == 0);

  struct sigaction action = {.sa_sigaction = on_message, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 7};
  CHECK(mq_notify(queue, &event) == 0 && FAILS(mq_notify(queue, &event), EBUSY));
  CHECK(mq_send(queue, "a", 1, 0) == 0 && signal_value == 7 && signal_code == SI_MESGQ);
  CHECK(mq_receive(queue, text, sizeof text, NULL) == 1);
  sem_init(&arrived, 0, 0);
  struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_thread, .sigev_value.sival_int = 8};
  CHECK(mq_notify(queue, &thread) == 0 && mq_send(queue, "b", 1, 0) == 0);
  CHECK(sem_wait(&arrived) == 0 && signal_value == 8);
  CHECK(mq_notify(queue, NULL) == 0 && mq_receive(queue, text, sizeof text, NULL) == 1);
  CHECK(mq_close(queue) == 0 && mq_unlink(name) == 0 && FAILS(mq_unlink(name), ENOENT) && FAILS(mq_send(-1, "", 0, 0), EBADF));
}

static void messages(void) {
  struct { long type; char text[32]; } message = {3, "three"};
  int queue = msgget(IPC_PRIVATE, 0600);
  CHECK(queue >= 0 && msgsnd(queue, &message, 6, 0) == 0);
  message.type = 5, strcpy(message.text, "five");
  CHECK(msgsnd(queue, &message, 5, 0) == 0);
  message.type = 0;
  CHECK(FAILS(msgsnd(queue, &message, 5, 0), EINVAL));
  message.type = -1;
  CHECK(FAILS(msgsnd(queue, &message, 5, 0), EINVAL) && FAILS(msgsnd(queue, &message, -1, 0), EINVAL));
  struct msqid_ds state;
  CHECK(msgctl(queue, IPC_STAT, &state) == 0 && state.msg_qnum == 2 && state.msg_perm.mode == 0600 && state.msg_lspid == getpid());
  CHECK(state.msg_stime != 0 && state.msg_rtime == 0 && state.msg_ctime != 0 && state.msg_qbytes > 0 && state.msg_perm.uid == getuid());
  CHECK(FAILS(msgrcv(queue, &message, 32, 4, IPC_NOWAIT), ENOMSG) && FAILS(msgrcv(queue, &message, 2, 5, 0), E2BIG));
  CHECK(msgrcv(queue, &message, 32, 5, 0) == 5 && message.type == 5 && !strcmp(message.text, "five"));
  CHECK(msgrcv(queue, &message, 2, -4, MSG_NOERROR) == 2 && message.type == 3 && !memcmp(message.text, "thve", 4));
  state.msg_perm.mode = 0640, state.msg_qbytes = 1024;
  CHECK(msgctl(queue, IPC_SET, &state) == 0 && msgctl(queue, IPC_STAT, &state) == 0 && state.msg_perm.mode == 0640 && state.msg_qbytes == 1024 && state.msg_qnum == 0);
  struct msginfo limits;
  CHECK(msgctl(queue, IPC_INFO, (void *)&limits) >= 0 && limits.msgmni > 0 && limits.msgmax >= 1024);
  /* Where time_t has 32 bits, glibc looks at what it gets. */
  CHECK(FAILS(msgctl(queue, 99, &state), EINVAL) && (sizeof(long) == 4 || FAILS(msgctl(queue, IPC_STAT, (void *)8), EFAULT)));
  CHECK(msgctl(queue, IPC_RMID, NULL) == 0 && FAILS(msgctl(queue, IPC_STAT, &state), EINVAL));
}

static void semaphores(void) {
  union { int value; struct semid_ds *state; unsigned short *values; } argument;
  int set = semget(IPC_PRIVATE, 3, 0600);
  unsigned short values[] = {1, 2, 3}, got[3] = {0};
  argument.values = values;
  CHECK(set >= 0 && semctl(set, 0, SETALL, argument) == 0);
  argument.values = got;
  CHECK(semctl(set, 0, GETALL, argument) == 0 && !memcmp(values, got, sizeof got));
  argument.value = 40000;
  CHECK(FAILS(semctl(set, 1, SETVAL, argument), ERANGE));
  argument.value = 9;
  CHECK(semctl(set, 1, SETVAL, argument) == 0 && semctl(set, 1, GETVAL) == 9 && semctl(set, 1, GETPID) == getpid());
  struct semid_ds state;
  argument.state = &state;
  CHECK(semctl(set, 0, IPC_STAT, argument) == 0 && state.sem_nsems == 3 && state.sem_perm.mode == 0600 && state.sem_otime == 0 && state.sem_ctime != 0);
  struct sembuf take = {2, -4, 0}, now = {2, -4, IPC_NOWAIT}, give = {2, 1, 0};
  struct timespec moment = {0, 10000000}, wrong = {0, -1};
  CHECK(FAILS(semop(set, &now, 1), EAGAIN) && FAILS(semtimedop(set, &take, 1, &moment), EAGAIN) && FAILS(semtimedop(set, &take, 1, &wrong), EINVAL));
  CHECK(semop(set, &give, 1) == 0 && semop(set, &take, 1) == 0 && semctl(set, 2, GETVAL) == 0);
  CHECK(semctl(set, 0, IPC_STAT, argument) == 0 && state.sem_otime != 0);
  state.sem_perm.mode = 0444;
  CHECK(semctl(set, 0, IPC_SET, argument) == 0 && semctl(set, 0, IPC_STAT, argument) == 0 && state.sem_perm.mode == 0444);
  CHECK(semctl(set, 0, IPC_RMID) == 0 && FAILS(semop(set, &give, 1), EINVAL));
}

static void segments(void) {
  int segment = shmget(IPC_PRIVATE, 10000, 0600);
  struct shmid_ds state;
  CHECK(segment >= 0 && shmctl(segment, IPC_STAT, &state) == 0 && state.shm_segsz == 10000 && state.shm_nattch == 0 && state.shm_cpid == getpid());
  char *at = shmat(segment, NULL, 0);
  CHECK(at != (void *)-1 && shmctl(segment, IPC_STAT, &state) == 0 && state.shm_nattch == 1 && state.shm_atime != 0 && state.shm_dtime == 0);
  state.shm_perm.mode = 0400;
  CHECK(shmctl(segment, IPC_SET, &state) == 0 && shmctl(segment, IPC_STAT, &state) == 0 && (state.shm_perm.mode & 0777) == 0400);
  struct shminfo limits;
  struct shm_info use;
  CHECK(shmctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.shmmin == 1 && limits.shmmni > 0);
  CHECK(shmctl(0, SHM_INFO, (void *)&use) >= 0 && use.used_ids >= 1 && use.shm_tot >= 3);
  CHECK(shmdt(at) == 0 && shmctl(segment, IPC_RMID, NULL) == 0 && FAILS(shmctl(segment, IPC_STAT, &state), EINVAL));
}

int main(void) {
  posix();
  messages();
  semaphores();
  segments();
  return finish();
}

/* Mutexes, condition variables, semaphores, barriers and read-write locks passed to and fro. Size: turns of each pair. */
#include "stress.h"
#include <semaphore.h>

enum { PAIRS = 4, CROWD = 16 };
static long size;

static struct pair {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  sem_t semaphores[2];
  long turn, sum;
} pairs[PAIRS];

static void *ping_pong(void *argument) {
  struct pair *pair = &pairs[(long)argument / 2];
  long me = (long)argument % 2;
  for (long i = 0; i < size; i++) {
    pthread_mutex_lock(&pair->mutex);
    while (pair->turn % 2 != me) pthread_cond_wait(&pair->condition, &pair->mutex);
    pair->turn++;
    pthread_cond_signal(&pair->condition);
    pthread_mutex_unlock(&pair->mutex);
  }
  for (long i = 0; i < size; i++) {
    while (sem_wait(&pair->semaphores[me])) EXPECT(errno == EINTR);
    pair->sum += i;
    sem_post(&pair->semaphores[!me]);
  }
  return argument;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, inherits;
static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static long locked, inherited, left, right;

static void *contend(void *argument) {
  for (long i = 0; i < size / 4 + 1; i++) {
    pthread_mutex_lock(&mutex);
    locked++;
    pthread_mutex_unlock(&mutex);
    if (i % 8 == 0) {
      pthread_mutex_lock(&inherits);
      inherited++;
      pthread_mutex_unlock(&inherits);
    }
    if (i % 16 == 0) {
      pthread_rwlock_wrlock(&readers);
      left++;
      right++;
      pthread_rwlock_unlock(&readers);
    } else {
      pthread_rwlock_rdlock(&readers);
      EXPECT(left == right);
      pthread_rwlock_unlock(&readers);
    }
    if (i % 256 == 0) pthread_barrier_wait(&barrier);
  }
  return argument;
}

int main(int argc, char **argv) {
  size = size_argument(argc, argv, 20000);
  begin();
  for (int i = 0; i < PAIRS; i++) {
    pthread_mutex_init(&pairs[i].mutex, 0);
    pthread_cond_init(&pairs[i].condition, 0);
    for (unsigned j = 0; j < 2; j++) sem_init(&pairs[i].semaphores[j], 0, j);
  }
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&inherits, &attributes);
  pthread_barrier_init(&barrier, 0, CROWD);
  in_threads(2 * PAIRS, ping_pong);
  for (int i = 0; i < PAIRS; i++) EXPECT(pairs[i].turn == 2 * size && pairs[i].sum == size * (size - 1));
  in_threads(CROWD, contend);
  long turns = size / 4 + 1;
  EXPECT(locked == CROWD * turns && inherited == CROWD * ((turns + 7) / 8) && left == CROWD * ((turns + 15) / 16));
  return finish();
}

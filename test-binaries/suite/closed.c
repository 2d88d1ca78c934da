/* Which standard descriptors are open, before and behind threads; and how many threads can be made. */
#include "suite.h"
#include <pthread.h>

static void *nothing(void *argument) { return argument; }

static void descriptors(void) {
  for (int fd = 0; fd < 3; fd++) printf("%d %s\n", fd, fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
}

int main(void) {
  pthread_t threads[8];
  int made = 0;
  descriptors();
  for (; made < 8; made++)
    if (pthread_create(&threads[made], NULL, nothing, NULL)) break;
  for (int i = 0; i < made; i++) pthread_join(threads[i], NULL);
  descriptors();
  printf("%d threads\n", made);
  return 0;
}

/*
 * Asks for everything that an emulator may have put off, once a line can be read: a hot loop, a thread, a crash.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *loop(void *argument) {
  volatile double sum = 0;
  for (long i = 0; i < 20000000; i++) sum += i;
  printf("%s %.0f\n", (char *)argument, sum);
  fflush(stdout);
  return NULL;
}

int main(void) {
  char byte;
  pthread_t thread;
  puts("up");
  fflush(stdout);
  if (read(0, &byte, 1) != 1) return 1;
  loop("first");
  if (pthread_create(&thread, NULL, loop, "second") != 0) return 2;
  pthread_join(thread, NULL);
  *(volatile char *)8 = 0;
}

/* Whose rights the program has: IDs, and whether the C library is in secure-execution mode. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void) {
  printf("uid %d %d, gid %d %d\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
  printf("secure %lu %s\n", getauxval(AT_SECURE), secure_getenv("PATH") == NULL ? "yes" : "no");
  return 0;
}

/* The C library's string functions over a text of words. */
#include "bench.h"

int main(int argc, char **argv) {
  long rounds = size_argument(argc, argv, 390);
  enum { SIZE = 400000 };
  char *text = malloc(SIZE + 1), *copy = malloc(SIZE + 1);
  for (long i = 0; i < SIZE; i++) text[i] = random64() % 6 ? (char)('a' + random64() % 20) : ' ';
  text[SIZE] = 0;
  unsigned long sum = 0;
  for (long r = 0; r < rounds; r++) {
    memcpy(copy, text, SIZE + 1);
    sum += strlen(copy);
    for (char *p = copy; (p = strchr(p, 'q')); p++) sum++;
    for (char *p = copy; (p = strstr(p, "abc")); p++) sum += 3;
    sum += (unsigned long)(memcmp(copy, text, SIZE) == 0);
    char *save, *previous = copy;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
      sum += strlen(word) * (strcmp(previous, word) < 0 ? 2 : 1);
      previous = word;
    }
    memmove(copy + 13, copy, SIZE - 13);
    memset(copy, 'x', 1000);
    sum += (unsigned char)copy[r * 37 % SIZE];
  }
  printf("%lu\n", sum);
  return 0;
}

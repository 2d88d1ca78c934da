/* Counts the words that it reads. */
#include <ctype.h>
#include <stdio.h>

int main(void) {
  long words = 0;
  int inside = 0;
  for (int c = getchar(); c != EOF; c = getchar()) {
    if (!isspace(c) && !inside) words++;
    inside = !isspace(c);
  }
  printf("%ld\n", words);
  return 0;
}

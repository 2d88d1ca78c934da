/* Prints the sum of the numbers that it reads. */
#include <stdio.h>

int main(void) {
  double number, sum = 0;
  while (scanf("%lf", &number) == 1) sum += number;
  if (!feof(stdin)) {
    fputs("not a number\n", stderr);
    return 1;
  }
  printf("%g\n", sum);
  return 0;
}

/* Succeeds if its three arguments are the sides of a triangle. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  double a = atof(argv[1]), b = atof(argv[2]), c = atof(argv[3]);
  int holds = a + b > c && b + c > a && c + a > b;
  puts(holds ? "a triangle" : "no triangle");
  return !holds;
}

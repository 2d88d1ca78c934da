/* Exits with the number that is its first argument (0 without). */
#include "nolibc.h"

int run(int argc, char **argv) {
  int code = 0;
  for (const char *p = argc > 1 ? argv[1] : ""; *p >= '0' && *p <= '9'; p++) code = code * 10 + (*p - '0');
  return code;
}

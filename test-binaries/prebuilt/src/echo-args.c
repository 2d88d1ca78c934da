/* Prints its arguments, argv[0] first, one a line. */
#include "nolibc.h"

int run(int argc, char **argv) {
  for (int i = 0; i < argc; i++) {
    syscall3(SYS_write, 1, (long)argv[i], (long)length(argv[i]));
    syscall3(SYS_write, 1, (long)"\n", 1);
  }
  return 0;
}

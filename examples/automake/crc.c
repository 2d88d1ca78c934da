/* Prints the CRC-32 of what it reads. */
#include "crc.h"
#include <stdio.h>

int main(void) {
  unsigned char data[4096];
  uint32_t crc = 0;
  for (size_t size; (size = fread(data, 1, sizeof data, stdin)) > 0;) crc = crc32(crc, data, size);
  printf("%08x\n", (unsigned)crc);
  return ferror(stdin) != 0;
}

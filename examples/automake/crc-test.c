/* Data in two parts has the CRC that it has in one, wherever it is divided. */
#include "crc.h"

int main(void) {
  unsigned char data[100];
  for (int i = 0; i < 100; i++) data[i] = i * i;
  uint32_t whole = crc32(0, data, 100);
  for (int part = 0; part <= 100; part++) {
    if (crc32(crc32(0, data, part), data + part, 100 - part) != whole) return 1;
  }
  return 0;
}

/* CRC-32, by a table of 256 entries and bit by bit. */
#include "bench.h"

int main(int argc, char **argv) {
  long rounds = size_argument(argc, argv, 1000);
  static uint32_t table[256];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
    table[i] = c;
  }
  enum { SIZE = 1 << 20 };
  unsigned char *data = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) data[i] = (unsigned char)random64();
  uint32_t crc = ~0u;
  for (long r = 0; r < rounds; r++) {
    for (int i = 0; i < SIZE; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    for (int i = 0; i < SIZE / 16; i++) {
      crc ^= data[i];
      for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
  }
  printf("%08x\n", ~crc);
  return 0;
}

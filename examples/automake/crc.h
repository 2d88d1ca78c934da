#include <stddef.h>
#include <stdint.h>

/* The CRC-32 of zip and PNG, of data that follows on what had the given one; 0 to begin with. */
static inline uint32_t crc32(uint32_t crc, const unsigned char *data, size_t size) {
  crc = ~crc;
  while (size--) {
    crc ^= *data++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

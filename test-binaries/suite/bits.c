/* Bit counting, rotation, byte order, checksums. */
#include "suite.h"
#include <byteswap.h>
#include <endian.h>
#include <strings.h>

static uint64_t rotate(uint64_t x, unsigned n) { return n ? x << n | x >> (64 - n) : x; }
static uint32_t rotate32(uint32_t x, unsigned n) { return n ? x >> n | x << (32 - n) : x; }

static uint32_t crc32(const unsigned char *data, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

int main(void) {
  uint64_t hash = 0;
  for (int i = 0; i < 4000; i++) {
    volatile uint64_t x = i < 64 ? 1ull << i : i < 128 ? ~0ull >> (i - 64) : random64() >> (random64() & 63);
    if (!x) continue;
    uint64_t results[] = {(uint64_t)__builtin_popcountll(x), (uint64_t)__builtin_clzll(x), (uint64_t)__builtin_ctzll(x),
                          (uint64_t)__builtin_parityll(x), (uint64_t)__builtin_ffsll((long long)x), bswap_64(x),
                          bswap_32((uint32_t)x), bswap_16((uint16_t)x), rotate(x, i & 63), rotate32((uint32_t)x, i & 31),
                          htobe64(x), htole64(x), x & -x, x & (x - 1), (uint64_t)ffs((int)x)};
    hash = hash_bytes(hash, results, sizeof results);
    if (i % 400 == 0) printf("%lx: %lu %lu %lu %lx\n", x, results[0], results[1], results[2], results[5]);
  }
  printf("hash %016lx\n", hash);
  printf("crc32 %08x\n", crc32((const unsigned char *)"123456789", 9));
  unsigned char data[10000];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)random64();
  printf("crc32 %08x\n", crc32(data, sizeof data));
  /* Misaligned loads and stores of every width, across cache lines and pages. */
  static unsigned char buffer[3 * 4096];
  for (size_t offset = 4096 - 16; offset < 4096 + 16; offset++) {
    uint64_t value = random64(), back = 0;
    memset(buffer, 0, sizeof buffer);
    *(volatile uint64_t __attribute__((aligned(1))) *)(buffer + offset) = value;
    back = *(volatile uint64_t __attribute__((aligned(1))) *)(buffer + offset);
    EXPECT(back == value);
    typedef volatile uint64_t loose64 __attribute__((aligned(1)));
    typedef volatile uint32_t loose32 __attribute__((aligned(1)));
    typedef volatile uint16_t loose16 __attribute__((aligned(1)));
    EXPECT(*(loose32 *)(buffer + offset + 1) == (uint32_t)(value >> 8));
    EXPECT(*(loose16 *)(buffer + offset + 3) == (uint16_t)(value >> 24));
    *(loose16 *)(buffer + offset + 1) = 0xbeef;
    *(loose32 *)(buffer + offset + 3) = 0xdeadf00d;
    EXPECT(*(loose64 *)(buffer + offset) == ((value & 0xff000000000000ff) | 0x00deadf00dbeef00ull));
  }
  return finish();
}

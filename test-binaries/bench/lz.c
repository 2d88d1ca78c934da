/* An LZ77 compressor with hash chains, and its decompressor. */
#include "bench.h"

enum { WINDOW = 1 << 15, HASH = 1 << 14, MIN = 4, MAX = 255 + MIN };
static int32_t head[HASH], chain[WINDOW];

static uint32_t hash(const unsigned char *p) {
  uint32_t x;
  memcpy(&x, p, 4);
  return (x * 2654435761u) >> 18;
}

static long compress(const unsigned char *in, long size, unsigned char *out) {
  long o = 0, flag_at = 0;
  int bit = 8;
  memset(head, -1, sizeof head);
  for (long i = 0; i < size;) {
    if (bit == 8) {
      flag_at = o++;
      out[flag_at] = 0;
      bit = 0;
    }
    long best = 0, at = 0;
    if (i + MIN <= size) {
      int tries = 16;
      for (int32_t p = head[hash(in + i)]; p >= 0 && p > i - WINDOW && tries--; p = chain[p & (WINDOW - 1)]) {
        long length = 0, limit = size - i < MAX ? size - i : MAX;
        while (length < limit && in[p + length] == in[i + length]) length++;
        if (length > best) best = length, at = p;
      }
    }
    long advance = 1;
    if (best >= MIN) {
      out[flag_at] |= (unsigned char)(1 << bit);
      out[o++] = (unsigned char)((i - at) & 255);
      out[o++] = (unsigned char)((i - at) >> 8);
      out[o++] = (unsigned char)(best - MIN);
      advance = best;
    } else {
      out[o++] = in[i];
    }
    bit++;
    for (; advance--; i++) {
      if (i + MIN > size) continue;
      uint32_t h = hash(in + i);
      chain[i & (WINDOW - 1)] = head[h];
      head[h] = (int32_t)i;
    }
  }
  return o;
}

static long expand(const unsigned char *in, long size, unsigned char *out) {
  long o = 0;
  for (long i = 0; i < size;) {
    unsigned flags = in[i++];
    for (int bit = 0; bit < 8 && i < size; bit++) {
      if (flags >> bit & 1) {
        long distance = in[i] | in[i + 1] << 8, length = in[i + 2] + MIN;
        i += 3;
        for (; length--; o++) out[o] = out[o - distance];
      } else {
        out[o++] = in[i++];
      }
    }
  }
  return o;
}

int main(int argc, char **argv) {
  long size = size_argument(argc, argv, 64) * 1000000;
  unsigned char *data = malloc((size_t)size), *packed = malloc((size_t)size * 9 / 8 + 16), *back = malloc((size_t)size + MAX);
  /* Text of words from a skewed vocabulary. */
  char words[500][12];
  for (int w = 0; w < 500; w++) {
    int length = 2 + (int)(random64() % 8);
    for (int i = 0; i < length; i++) words[w][i] = (char)('a' + random64() % 26);
    words[w][length] = 0;
  }
  for (long i = 0; i < size;) {
    uint64_t r = random64();
    const char *w = words[(r % 500) * (r >> 32) % 500 / ((r >> 48) % 4 + 1)];
    while (*w && i < size) data[i++] = (unsigned char)*w++;
    if (i < size) data[i++] = ' ';
  }
  long packed_size = compress(data, size, packed), back_size = expand(packed, packed_size, back);
  printf("%ld %s\n", packed_size, back_size == size && !memcmp(data, back, (size_t)size) ? "restored" : "DIFFERENT");
  return 0;
}

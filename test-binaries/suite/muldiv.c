/* 64- and 128-bit multiplication and division on edge and random values, checked against each other. */
#include "suite.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

static uint64_t hash;
static void note(u128 value) { hash = hash_bytes(hash, &value, 16); }

int main(void) {
  static const uint64_t edges[] = {0, 1, 2, 3, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
                                   0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff};
  enum { EDGES = sizeof edges / sizeof *edges };
  for (int i = 0; i < 5000; i++) {
    volatile uint64_t x = i < EDGES * EDGES ? edges[i / EDGES] : random64() >> (random64() & 63);
    volatile uint64_t y = i < EDGES * EDGES ? edges[i % EDGES] : random64() >> (random64() & 63);
    u128 product = (u128)x * y;
    s128 signed_product = (s128)(int64_t)x * (int64_t)y;
    s128 mixed = (s128)(int64_t)x * (s128)(u128)y;
    note(product);
    note((u128)signed_product);
    note((u128)mixed);
    /* Schoolbook multiplication by halves. */
    uint64_t xl = (uint32_t)x, xh = x >> 32, yl = (uint32_t)y, yh = y >> 32;
    u128 check = (u128)(xl * yl) + ((u128)(xl * yh) << 32) + ((u128)(xh * yl) << 32) + ((u128)(xh * yh) << 64);
    EXPECT(product == check);
    if (i < EDGES * EDGES) printf("%lx * %lx = %lx:%lx\n", x, y, (uint64_t)(product >> 64), (uint64_t)product);
    if (y) {
      EXPECT(x / y * y + x % y == x && x % y < y);
      EXPECT(product / y == x);
      u128 wide = ((u128)random64() << 64) | random64();
      note(wide / y);
      note(wide % y);
      EXPECT(wide / y * y + wide % y == wide);
      s128 signed_wide = (s128)wide >> (random64() & 127);
      if ((int64_t)y != -1) {
        note((u128)(signed_wide / (int64_t)y));
        note((u128)(signed_wide % (int64_t)y));
      }
      if (!((int64_t)y == -1 && x == 0x8000000000000000)) {
        EXPECT((int64_t)x / (int64_t)y * (int64_t)y + (int64_t)x % (int64_t)y == (int64_t)x);
        note((u128)((int64_t)x / (int64_t)y));
      }
      if ((uint32_t)y) note((uint32_t)x / (uint32_t)y + ((uint64_t)((uint32_t)x % (uint32_t)y) << 32));
      if ((int32_t)y && !((int32_t)y == -1 && (int32_t)x == INT_MIN)) {
        note((u128)((int32_t)x / (int32_t)y));
        note((u128)((int32_t)x % (int32_t)y));
      }
    }
    /* Division by constants becomes multiplication. */
    note(x / 3 + x / 7 + x / 10 + x / 1000000007 + (uint64_t)((int64_t)x / 10) + (uint64_t)((int64_t)x % 7));
  }
  printf("hash %016lx\n", hash);
  div_t d = div(-17, 5);
  ldiv_t l = ldiv(-17000000000, 7);
  printf("%d %d %ld %ld\n", d.quot, d.rem, l.quot, l.rem);
  return finish();
}

/* Integer operations of every width and signedness on edge values. */
#include "suite.h"

#define BINARY(type, format) \
  static void try_##type(void) { \
    volatile uint64_t values[] = {0, 1, 2, 3, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, \
                                  0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, \
                                  0xffffffffffffffff, 0x123456789abcdef0, 0xaaaaaaaaaaaaaaaa, 0x5555555555555555}; \
    enum { COUNT = sizeof values / sizeof *values }; \
    uint64_t hash = 0; \
    for (int i = 0; i < COUNT; i++) { \
      for (int j = 0; j < COUNT; j++) { \
        type a = (type)values[i], b = (type)values[j]; \
        uint64_t x = values[i], y = values[j]; \
        unsigned shift = y & (sizeof(type) * 8 - 1); \
        /* Sums and products are formed unsigned: overflow is defined there. */ \
        type results[] = {(type)(x + y), (type)(x - y), (type)(x * y), (type)(a & b), (type)(a | b), (type)(a ^ b), \
                          (type)~a, (type)(0 - x), (type)(x << shift), (type)(a >> shift), (type)(a < b), \
                          (type)(a <= b), (type)(a == b), (type)(a ? b : !b)}; \
        for (size_t k = 0; k < sizeof results / sizeof *results; k++) { \
          uint64_t wide = (uint64_t)results[k]; \
          hash = hash_bytes(hash, &wide, 8); \
        } \
        bool overflows = (type)-1 < 0 && b == (type)-1 && a == (type)((uint64_t)1 << (sizeof(type) * 8 - 1)); \
        if (b != 0 && !overflows) { \
          uint64_t quotient = (uint64_t)(type)(a / b), rest = (uint64_t)(type)(a % b); \
          hash = hash_bytes(hash_bytes(hash, &quotient, 8), &rest, 8); \
          if (i % 5 == 0 && j % 5 == 1) printf(#type " %" format " / %" format " = %" format " rest %" format "\n", a, b, \
                                               (type)(a / b), (type)(a % b)); \
        } \
      } \
    } \
    printf(#type " %016llx\n", (unsigned long long)hash); \
  }

BINARY(int8_t, "d")
BINARY(uint8_t, "u")
BINARY(int16_t, "d")
BINARY(uint16_t, "u")
BINARY(int32_t, "d")
BINARY(uint32_t, "u")
BINARY(int64_t, "ld")
BINARY(uint64_t, "lu")

int main(void) {
  try_int8_t();
  try_uint8_t();
  try_int16_t();
  try_uint16_t();
  try_int32_t();
  try_uint32_t();
  try_int64_t();
  try_uint64_t();
  volatile int64_t wide = -0x123456789abcdefll;
  printf("%d %d %d %u %u\n", (int)wide, (int16_t)wide, (int8_t)wide, (uint16_t)wide, (uint8_t)wide);
  volatile int32_t word = -5;
  printf("%ld %lu %d %d\n", (long)word, (unsigned long)word, word >> 1, word / 2);
  volatile uint32_t unsigned_word = 0xfffffff0;
  printf("%lu %ld %x\n", (unsigned long)unsigned_word, (long)(int)unsigned_word, unsigned_word + 32);
  int sum;
  long product;
  volatile int large = INT_MAX;
  volatile long larger = LONG_MIN;
  bool added = __builtin_add_overflow(large, 1, &sum), subtracted = __builtin_sub_overflow(large, 1, &sum);
  printf("%d %d %d\n", added, subtracted, __builtin_mul_overflow(larger, -1L, &product));
  struct fields {
    unsigned a : 3;
    signed b : 5;
    unsigned long c : 33;
    signed long d : 20;
    bool e : 1;
  } __attribute__((packed)) fields = {5, -3, 0x1ffffffffull, -400000, true};
  fields.a += 4;
  fields.c++;
  fields.d -= 200000;
  printf("%u %d %lu %ld %d\n", fields.a, fields.b, (unsigned long)fields.c, (long)fields.d, fields.e);
  return finish();
}

/* Atomic operations of every width and memory order, one thread. */
#include "suite.h"

#define TRY(type) \
  do { \
    type cell = (type)0x0123456789abcdefull, expected; \
    uint64_t seen[24] = {0}; \
    int n = 0; \
    seen[n++] = (uint64_t)__atomic_load_n(&cell, __ATOMIC_ACQUIRE); \
    __atomic_store_n(&cell, (type)0x80, __ATOMIC_RELEASE); \
    seen[n++] = (uint64_t)__atomic_exchange_n(&cell, (type)0xfedcba9876543210ull, __ATOMIC_ACQ_REL); \
    seen[n++] = (uint64_t)__atomic_fetch_add(&cell, (type)0x11, __ATOMIC_SEQ_CST); \
    seen[n++] = (uint64_t)__atomic_fetch_sub(&cell, (type)0x7fff, __ATOMIC_RELAXED); \
    seen[n++] = (uint64_t)__atomic_fetch_and(&cell, (type)0xf0f0f0f0f0f0f0f0ull, __ATOMIC_ACQUIRE); \
    seen[n++] = (uint64_t)__atomic_fetch_or(&cell, (type)0x0101, __ATOMIC_RELEASE); \
    seen[n++] = (uint64_t)__atomic_fetch_xor(&cell, (type)~0ull, __ATOMIC_SEQ_CST); \
    seen[n++] = (uint64_t)__atomic_fetch_nand(&cell, (type)0x3333, __ATOMIC_SEQ_CST); \
    seen[n++] = (uint64_t)__atomic_add_fetch(&cell, (type)-1, __ATOMIC_SEQ_CST); \
    expected = cell; \
    seen[n++] = __atomic_compare_exchange_n(&cell, &expected, (type)55, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
    expected = (type)54; \
    seen[n++] = __atomic_compare_exchange_n(&cell, &expected, (type)56, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
    seen[n++] = (uint64_t)expected; \
    seen[n++] = (uint64_t)cell; \
    printf(#type); \
    for (int i = 0; i < n; i++) printf(" %lx", (unsigned long)seen[i]); \
    putchar('\n'); \
  } while (0)

int main(void) {
  TRY(uint8_t);
  TRY(int8_t);
  TRY(uint16_t);
  TRY(int16_t);
  TRY(uint32_t);
  TRY(int32_t);
  TRY(uint64_t);
  TRY(int64_t);
  volatile bool flag = false;
  CHECK(!__atomic_test_and_set(&flag, __ATOMIC_ACQUIRE));
  CHECK(__atomic_test_and_set(&flag, __ATOMIC_ACQUIRE));
  __atomic_clear(&flag, __ATOMIC_RELEASE);
  CHECK(!flag);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  /* Neighbours of a narrow atomic are left alone. */
  uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 8; i++) __atomic_fetch_add(&bytes[i], 0xff, __ATOMIC_SEQ_CST);
  for (int i = 0; i < 8; i++) printf("%d ", bytes[i]);
  putchar('\n');
  long counter = 0;
  for (int i = 0; i < 100000; i++) __atomic_fetch_add(&counter, i, __ATOMIC_RELAXED);
  printf("%ld\n", counter);
  return finish();
}

/* 64 threads of atomic increments, in every width, with every kind of atomic operation. Size: rounds of each thread. */
#include "stress.h"

enum { THREADS = 64 };
static long size;
static _Atomic uint64_t wide, exchanged, maximum;
static _Atomic uint32_t narrow, flags, parity;
static _Atomic uint16_t half;
static _Atomic uint8_t byte;
static atomic_flag spin = ATOMIC_FLAG_INIT;
static uint64_t guarded;

static void *count(void *argument) {
  long me = (long)argument;
  uint64_t taken = 0;
  for (long i = 0; i < size; i++) {
    atomic_fetch_add(&wide, 1);
    atomic_fetch_add_explicit(&narrow, 3, memory_order_relaxed);
    atomic_fetch_xor(&parity, 1u << (me % 32));
    half++;
    byte++;
    /* What one puts in another takes out, so that the sum stays. */
    taken += atomic_exchange(&exchanged, (uint64_t)i);
    taken -= (uint64_t)i;
    uint64_t old = atomic_load(&maximum), mine = (uint64_t)(me * size + i);
    while (old < mine && !atomic_compare_exchange_weak(&maximum, &old, mine)) {
    }
    if (i % 16 == 0) {
      while (atomic_flag_test_and_set_explicit(&spin, memory_order_acquire)) sched_yield();
      guarded++;
      atomic_flag_clear_explicit(&spin, memory_order_release);
    }
  }
  atomic_fetch_or(&flags, 1u << (me % 32));
  atomic_fetch_add(&exchanged, taken);
  return argument;
}

int main(int argc, char **argv) {
  size = size_argument(argc, argv, 100000);
  begin();
  in_threads(THREADS, count);
  uint64_t all = (uint64_t)(THREADS * size);
  EXPECT(wide == all);
  EXPECT(narrow == (uint32_t)(3 * all));
  EXPECT(half == (uint16_t)all && byte == (uint8_t)all);
  EXPECT(parity == 0 && flags == ~0u);
  EXPECT(maximum == all - 1);
  EXPECT(guarded == (uint64_t)(THREADS * ((size + 15) / 16)));
  return finish();
}

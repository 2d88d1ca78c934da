/*
 * Lock-free stacks with a tag against ABA, by compare-and-exchange, and on RISC-V by LR and SC written out. (Without a
 * tag it would have to be SC that notices a change back to the same value, which neither tsemu nor qemu-user does.)
 * Size: pops and pushes of each thread.
 */
#include "stress.h"

enum { THREADS = 8, NODES = 256 };
static long size;

static uint32_t next[NODES];
static _Atomic uint64_t top;
static atomic_int owner[NODES];

/* Sets top if it still is what it was. */
static int compare_and_exchange(uint64_t old, uint64_t new) { return atomic_compare_exchange_weak(&top, &old, new); }
static int (*exchange)(uint64_t old, uint64_t new) = compare_and_exchange;

static void push(uint32_t node) {
  uint64_t old, new;
  do {
    old = atomic_load(&top);
    next[node] = (uint32_t)old;
    new = ((old >> 32) + 1) << 32 | node;
  } while (!exchange(old, new));
}

static uint32_t pop(void) {
  uint64_t old, new;
  do {
    old = atomic_load(&top);
    if (!(uint32_t)old) return 0;
    new = ((old >> 32) + 1) << 32 | next[(uint32_t)old];
  } while (!exchange(old, new));
  return (uint32_t)old;
}

static void *juggle(void *argument) {
  uint32_t held[4] = {0};
  for (long i = 0; i < size; i++) {
    uint32_t *hand = &held[i % 4];
    if (*hand) {
      EXPECT(atomic_exchange(&owner[*hand], 0) == (int)(long)argument + 1);
      push(*hand);
      *hand = 0;
    } else if ((*hand = pop())) {
      EXPECT(atomic_exchange(&owner[*hand], (int)(long)argument + 1) == 0);
    }
  }
  for (int i = 0; i < 4; i++) {
    if (!held[i]) continue;
    owner[held[i]] = 0;
    push(held[i]);
  }
  return argument;
}

static void fill_and_juggle(void) {
  for (uint32_t i = 1; i < NODES; i++) push(i);
  in_threads(THREADS, juggle);
  int left = 0;
  while (pop()) left++;
  EXPECT(left == NODES - 1);
}

#ifdef __riscv
/* The same with LR and SC written out, and nothing between them but computing. */
static int replace(uint64_t old, uint64_t new) {
  uint64_t seen;
  long failed;
  __asm__ volatile(
      "   lr.d.aqrl %0, %2\n"
      "   li %1, 1\n"
      "   bne %0, %3, 0f\n"
      "   sc.d.rl %1, %4, %2\n"
      "0:"
      : "=&r"(seen), "=&r"(failed), "+A"(top)
      : "r"(old), "r"(new)
      : "memory");
  return !failed;
}

/* LR and SC of words, as counters. */
static volatile uint32_t word;
static void *count(void *argument) {
  for (long i = 0; i < size; i++) {
    uint32_t old;
    int failed;
    do {
      __asm__ volatile(
          "lr.w.aqrl %0, %2\n"
          "addiw %0, %0, 1\n"
          "sc.w.rl %1, %0, %2\n"
          : "=&r"(old), "=&r"(failed), "+A"(word)
          :
          : "memory");
    } while (failed);
  }
  return argument;
}

static void reservations(void) {
  exchange = replace;
  fill_and_juggle();
  in_threads(THREADS, count);
  EXPECT(word == (uint32_t)(THREADS * size));
}
#else
static void reservations(void) {}
#endif

int main(int argc, char **argv) {
  size = size_argument(argc, argv, 200000);
  begin();
  fill_and_juggle();
  reservations();
  return finish();
}

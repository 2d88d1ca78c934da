/*
 * Lock-free stacks with a tag against ABA, by compare-and-exchange, and on RISC-V by LR and SC written out; there also
 * one without a tag, for SC notices a change back to the same value (qemu-user's does not).
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

/* A stack of addresses alone, where only SC tells that what was popped has been pushed again meanwhile. */
struct element {
  struct element *volatile below;
  atomic_int owner;
};
static struct element elements[NODES];
static struct element *volatile uppermost;

static void put(struct element *new) {
  struct element *old;
  long failed;
  do {
    __asm__ volatile("lr.d.aqrl %0, %1" : "=r"(old), "+A"(uppermost)::"memory");
    new->below = old;
    __asm__ volatile("sc.d.rl %0, %2, %1" : "=r"(failed), "+A"(uppermost) : "r"(new) : "memory");
  } while (failed);
}

static struct element *take(void) {
  struct element *old;
  long failed;
  do {
    __asm__ volatile("lr.d.aqrl %0, %1" : "=r"(old), "+A"(uppermost)::"memory");
    if (!old) return 0;
    struct element *below = old->below;
    __asm__ volatile("sc.d.rl %0, %2, %1" : "=r"(failed), "+A"(uppermost) : "r"(below) : "memory");
  } while (failed);
  return old;
}

/* Two are taken and put back in the order in which they were taken, so that the uppermost one is so again. */
static void *swap_pairs(void *argument) {
  for (long i = 0; i < size; i++) {
    struct element *pair[2] = {take(), take()};
    for (int k = 0; k < 2; k++) EXPECT(!pair[k] || atomic_exchange(&pair[k]->owner, 1) == 0);
    for (int k = 1; k >= 0; k--) {
      if (!pair[k ^ (i & 1)]) continue;
      atomic_store(&pair[k ^ (i & 1)]->owner, 0);
      put(pair[k ^ (i & 1)]);
    }
  }
  return argument;
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
  for (int i = 0; i < NODES; i++) put(&elements[i]);
  in_threads(THREADS, swap_pairs);
  int left = 0;
  while (take()) left++;
  EXPECT(left == NODES);
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

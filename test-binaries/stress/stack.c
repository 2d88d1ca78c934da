/*
 * Lock-free stacks: with compare-and-exchange and a tag against ABA; on RISC-V also with LR and SC alone, which must
 * fail if anybody wrote the word in between, to the same value as well. Size: pops and pushes of each thread.
 */
#include "stress.h"

enum { THREADS = 8, NODES = 256 };
static long size;

static uint32_t next[NODES];
static _Atomic uint64_t top;
static atomic_int owner[NODES];

static void push(uint32_t node) {
  uint64_t old = atomic_load(&top), new;
  do {
    next[node] = (uint32_t)old;
    new = ((old >> 32) + 1) << 32 | node;
  } while (!atomic_compare_exchange_weak(&top, &old, new));
}

static uint32_t pop(void) {
  uint64_t old = atomic_load(&top), new;
  do {
    if (!(uint32_t)old) return 0;
    new = ((old >> 32) + 1) << 32 | next[(uint32_t)old];
  } while (!atomic_compare_exchange_weak(&top, &old, new));
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

#ifdef __riscv
/*
 * Linked by addresses without tags. Between LR and SC only base instructions are allowed if SC is to succeed at all some
 * time; a load among them voids the promise, not the correctness, so the loop may have to be entered more often.
 */
struct node {
  struct node *next;
  int owner;
};
static struct node bare[NODES];
static struct node *volatile bare_top;

static void bare_push(struct node *node) {
  struct node *old;
  int failed;
  do {
    __asm__ volatile("lr.d.aq %0, %1" : "=r"(old), "+A"(bare_top) : : "memory");
    node->next = old;
    __asm__ volatile("sc.d.rl %0, %2, %1" : "=&r"(failed), "+A"(bare_top) : "r"(node) : "memory");
  } while (failed);
}

static struct node *bare_pop(void) {
  struct node *old, *second;
  long failed;
  __asm__ volatile(
      "0: lr.d.aq %0, %3\n"
      "   li %2, 0\n"
      "   beqz %0, 1f\n"
      "   ld %1, 0(%0)\n"
      "   sc.d.rl %2, %1, %3\n"
      "   bnez %2, 0b\n"
      "1:"
      : "=&r"(old), "=&r"(second), "=&r"(failed), "+A"(bare_top)
      :
      : "memory");
  return old;
}

static void *bare_juggle(void *argument) {
  int me = (int)(long)argument + 1;
  for (long i = 0; i < size; i++) {
    struct node *one = bare_pop(), *other = bare_pop();
    if (one) EXPECT(__atomic_exchange_n(&one->owner, me, __ATOMIC_SEQ_CST) == 0);
    if (other) EXPECT(__atomic_exchange_n(&other->owner, me, __ATOMIC_SEQ_CST) == 0);
    /* In the order in which they lay: what ABA needs. */
    if (one) {
      EXPECT(__atomic_exchange_n(&one->owner, 0, __ATOMIC_SEQ_CST) == me);
      bare_push(one);
    }
    if (other) {
      EXPECT(__atomic_exchange_n(&other->owner, 0, __ATOMIC_SEQ_CST) == me);
      bare_push(other);
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
  for (int i = 0; i < NODES; i++) bare_push(&bare[i]);
  in_threads(THREADS, bare_juggle);
  int left = 0;
  while (bare_pop()) left++;
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
  for (uint32_t i = 1; i < NODES; i++) push(i);
  in_threads(THREADS, juggle);
  settle();
  int left = 0;
  while (pop()) left++;
  EXPECT(left == NODES - 1);
  reservations();
  return finish();
}

/* Addresses with something in the top byte, which is ignored: accesses of every kind, in loops that are hot before they meet one. */
#include "../suite.h"
#include <arm_neon.h>
#include <setjmp.h>
#include <signal.h>

#define TAGGED(pointer, tag) ((__typeof__(pointer))((uintptr_t)(pointer) | (uintptr_t)(tag) << 56))

static sigjmp_buf back;
static void *at;
static void fault(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)context;
  at = info->si_addr;
  siglongjmp(back, 1);
}

enum { COUNT = 1024 };
static uint64_t words[COUNT];

/* The tag of each access comes with it: none for the first forty thousand of them. */
static unsigned tag_of(long i) { return i < 40000 ? 0 : (unsigned)(i * 37) & 255; }

#define SUM(name, type) \
  static uint64_t name(long count) { \
    uint64_t sum = 0; \
    for (long i = 0; i < count; i++) { \
      volatile type *p = TAGGED((volatile type *)words + i % COUNT, tag_of(i)); \
      sum = sum * 31 + (uint64_t)*p; \
      *p = (type)(*p + (type)i); \
    } \
    return sum; \
  }
SUM(bytes, uint8_t)
SUM(halves, int16_t)
SUM(singles, float)
SUM(integers, int32_t)
SUM(doubles, double)
SUM(longs, uint64_t)

static uint64_t vectors(long count) {
  uint64x2_t sum = vdupq_n_u64(0);
  for (long i = 0; i < count; i++) {
    uint64_t *p = TAGGED(words + i % (COUNT - 8), tag_of(i));
    sum = vaddq_u64(vaddq_u64(sum, vld1q_u64(p)), vld2q_u64(p).val[1]);
    vst1q_u64(p + 4, sum);
  }
  return vaddvq_u64(sum);
}
static uint64_t pairs(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    uint64_t *p = TAGGED(words + i % (COUNT - 8), tag_of(i)), a, b;
    __asm__ volatile("ldp %0, %1, [%2, #16]\n\tstp %1, %0, [%2, #32]" : "=&r"(a), "=&r"(b) : "r"(p) : "memory");
    sum = sum * 3 + a - b;
  }
  return sum;
}
static uint64_t atomics(long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++)
    sum += __atomic_fetch_add(TAGGED(words + i % COUNT, tag_of(i)), (uint64_t)i, __ATOMIC_SEQ_CST);
  return sum;
}
/* Each node's address has another tag. */
struct node {
  struct node *next;
  long value;
};
static uint64_t list(long count) {
  static struct node nodes[COUNT];
  for (int i = 0; i < COUNT; i++) nodes[i] = (struct node){TAGGED(&nodes[(i + 7) % COUNT], i >= 1000 ? i & 255 : 0), i};
  uint64_t sum = 0;
  struct node *node = nodes;
  for (long i = 0; i < count; i++, node = node->next) sum = sum * 5 + (uint64_t)node->value;
  return sum;
}
static uint64_t load(volatile uint64_t *p, long count) {
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) sum += *p;
  return sum;
}

#define SHOW(name) \
  for (int i = 0; i < COUNT; i++) words[i] = (uint64_t)i * 0x9e3779b1u; \
  printf(#name " %016lx\n", (unsigned long)name(60000))

int main(void) {
  SHOW(bytes);
  SHOW(halves);
  SHOW(integers);
  SHOW(longs);
  for (int i = 0; i < COUNT; i++) ((float *)words)[i] = (float)i;
  printf("singles %016lx\n", (unsigned long)singles(60000));
  for (int i = 0; i < COUNT; i++) ((double *)words)[i] = i;
  printf("doubles %016lx\n", (unsigned long)doubles(60000));
  SHOW(vectors);
  SHOW(pairs);
  SHOW(atomics);
  SHOW(list);

  /* What is no address without its tag either. */
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  CHECK(load(words, 40000) == 40000 * words[0]);
  uint64_t *const wrong[] = {
      (uint64_t *)8, TAGGED((uint64_t *)8, 0x5a), (uint64_t *)(1ul << 46), TAGGED((uint64_t *)(1ul << 46), 0xff),
      (uint64_t *)-8ul,
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    at = NULL;
    bool returned = false;
    if (sigsetjmp(back, 1) == 0) {
      load(wrong[i], 1);
      returned = true;
    }
    printf("wrong %zu: %s, %s\n", i, returned ? "read" : "fault",
           ((uintptr_t)at << 8) == ((uintptr_t)wrong[i] << 8) ? "its address" : "another address");
  }
  return finish();
}

#include "../reservations.h"

static long load_reserved(volatile long *p) {
  long value;
  __asm__ volatile("lr.d.aqrl %0, (%1)" : "=r"(value) : "r"(p) : "memory");
  return value;
}

static long store_conditional(volatile long *p, long value) {
  long failed;
  __asm__ volatile("sc.d.rl %0, %2, (%1)" : "=&r"(failed) : "r"(p), "r"(value) : "memory");
  return failed;
}

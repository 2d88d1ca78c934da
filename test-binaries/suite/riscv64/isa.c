/* What RISC-V defines and C leaves open: division by zero, saturating conversions, NaN boxes, classes, CSRs, reservations. */
#include "../suite.h"

#define R2(name, a, b) ({ uint64_t r_; __asm__ volatile(name " %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

static uint64_t flags(void) {
  uint64_t f;
  __asm__ volatile("csrrwi %0, fflags, 0" : "=r"(f));
  return f;
}

int main(void) {
  static const uint64_t edges[] = {0, 1, 2, 7, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
                                   0x8000000000000000, 0xffffffffffffffff, 0x123456789abcdef0};
  enum { COUNT = sizeof edges / sizeof *edges };
  for (int i = 0; i < COUNT; i++) {
    for (int j = 0; j < COUNT; j++) {
      uint64_t a = edges[i], b = edges[j];
      printf("%lx %lx: %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx %lx\n", a, b, R2("div", a, b), R2("divu", a, b),
             R2("rem", a, b), R2("remu", a, b), R2("divw", a, b), R2("divuw", a, b), R2("remw", a, b), R2("remuw", a, b),
             R2("mulh", a, b), R2("mulhu", a, b), R2("mulhsu", a, b), R2("sllw", a, b), R2("sraw", a, b));
    }
  }
  static const uint64_t doubles[] = {0, 0x8000000000000000, 0x3ff0000000000000, 0xbff8000000000000, 0x7ff0000000000000,
                                     0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000001,
                                     0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000200000, 0x43e0000000000000,
                                     0xc3e0000000000000, 0x43f0000000000000, 0xbfefffffffffffff, 1, 0x000fffffffffffff};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
    uint64_t w, wu, l, lu, class, min, max, narrow, sign;
    double d;
    memcpy(&d, &doubles[i], 8);
    flags();
    __asm__ volatile("fcvt.w.d %0, %1, rtz" : "=r"(w) : "f"(d));
    uint64_t fw = flags();
    __asm__ volatile("fcvt.wu.d %0, %1, rtz" : "=r"(wu) : "f"(d));
    uint64_t fwu = flags();
    __asm__ volatile("fcvt.l.d %0, %1, rup" : "=r"(l) : "f"(d));
    uint64_t fl = flags();
    __asm__ volatile("fcvt.lu.d %0, %1, rmm" : "=r"(lu) : "f"(d));
    uint64_t flu = flags();
    __asm__ volatile("fclass.d %0, %1" : "=r"(class) : "f"(d));
    __asm__ volatile("fmin.d ft0, %1, %2\n\tfmv.x.d %0, ft0" : "=r"(min) : "f"(d), "f"(0.0) : "ft0");
    __asm__ volatile("fmax.d ft0, %1, %2\n\tfmv.x.d %0, ft0" : "=r"(max) : "f"(d), "f"(-0.0) : "ft0");
    uint64_t fm = flags();
    __asm__ volatile("fcvt.s.d ft0, %1\n\tfmv.x.d %0, ft0" : "=r"(narrow) : "f"(d) : "ft0");
    uint64_t fn = flags();
    __asm__ volatile("fsgnjx.d ft0, %1, %2\n\tfmv.x.d %0, ft0" : "=r"(sign) : "f"(d), "f"(-1.0) : "ft0");
    printf("%016lx: w %lx %lx wu %lx %lx l %lx %lx lu %lx %lx class %lx min %lx max %lx %lx single %lx %lx sign %lx\n",
           doubles[i], w, fw, wu, fwu, l, fl, lu, flu, class, min, max, fm, narrow, fn, sign);
  }
  /* A single that is not NaN-boxed counts as the canonical NaN. */
  uint64_t result;
  __asm__ volatile("fmv.d.x ft0, %1\n\tfadd.s ft1, ft0, ft0\n\tfmv.x.d %0, ft1" : "=r"(result) : "r"(0x3f800000ul) : "ft0", "ft1");
  printf("unboxed %lx\n", result);
  __asm__ volatile("fmv.w.x ft0, %1\n\tfmv.x.d %0, ft0" : "=r"(result) : "r"(0x3f800000ul) : "ft0");
  printf("boxed %lx\n", result);
  __asm__ volatile("fmv.d.x ft0, %1\n\tfmv.x.w %0, ft0" : "=r"(result) : "r"(0x80000001ul) : "ft0");
  printf("fmv.x.w %lx\n", result);

  /* Control and status registers. */
  uint64_t old, fcsr;
  __asm__ volatile("fscsr zero, %0" : : "r"(0xfful));
  __asm__ volatile("frcsr %0" : "=r"(fcsr));
  printf("fcsr %lx\n", fcsr);
  __asm__ volatile("csrrci %0, fflags, 5\n\tfrcsr %1" : "=&r"(old), "=r"(fcsr));
  printf("fflags %lx fcsr %lx\n", old, fcsr);
  __asm__ volatile("fsrmi %0, 3\n\tfrcsr %1" : "=&r"(old), "=r"(fcsr));
  printf("frm %lx fcsr %lx\n", old, fcsr);
  __asm__ volatile("fscsr zero");
  uint64_t t1, t2, c1, c2, i1, i2;
  __asm__ volatile("rdtime %0\n\trdcycle %1\n\trdinstret %2" : "=r"(t1), "=r"(c1), "=r"(i1));
  for (volatile int i = 0; i < 100000; i++) {
  }
  __asm__ volatile("rdtime %0\n\trdcycle %1\n\trdinstret %2" : "=r"(t2), "=r"(c2), "=r"(i2));
  CHECK(t2 > t1 && c2 > c1 && i2 > i1);

  /* Reservations. */
  uint64_t cell = 10, loaded, failed;
  __asm__ volatile("lr.d %0, (%2)\n\tsc.d %1, %3, (%2)" : "=&r"(loaded), "=&r"(failed) : "r"(&cell), "r"(11ul) : "memory");
  printf("lr %lu sc %lu cell %lu\n", loaded, failed, cell);
  __asm__ volatile("sc.d %0, %2, (%1)" : "=&r"(failed) : "r"(&cell), "r"(12ul) : "memory");
  printf("sc without lr %d cell %lu\n", failed != 0, cell);
  int32_t word = -5;
  static const char *const names[] = {"amoswap", "amoadd", "amoxor", "amoand", "amoor", "amomin", "amomax", "amominu", "amomaxu"};
  uint64_t seen[9];
#define AMO(n, op) __asm__ volatile(op ".w.aqrl %0, %2, (%1)" : "=&r"(seen[n]) : "r"(&word), "r"(0x700000000000003ul * (n + 1)) : "memory")
  AMO(0, "amoswap"); AMO(1, "amoadd"); AMO(2, "amoxor"); AMO(3, "amoand"); AMO(4, "amoor");
  AMO(5, "amomin"); AMO(6, "amomax"); AMO(7, "amominu"); AMO(8, "amomaxu");
  for (int i = 0; i < 9; i++) printf("%s %lx\n", names[i], seen[i]);
  printf("word %x\n", word);
  return finish();
}

/* What the riscv64 kernel gives a program: riscv_hwprobe, the vDSO and its symbols, icache flushes, reserved encodings. */
#include "../suite.h"
#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

struct pair {
  int64_t key;
  uint64_t value;
};

static void hwprobe(void) {
  struct pair pairs[] = {{0, 1}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {12345, 7}};
  CHECK(syscall(258, pairs, 6, 0, NULL, 0) == 0);
  CHECK(pairs[1].value == 1 && pairs[4].value == 64 && pairs[5].key == -1 && pairs[5].value == 0);
  /* F and D, C; Zba, Zbb, Zbs. */
  CHECK((pairs[2].value & 0x3b) == 0x3b);
  CHECK(FAILS(syscall(258, pairs, 6, 0, NULL, 2), EINVAL) && FAILS(syscall(258, 8, 1, 0, NULL, 0), EFAULT));
  CHECK(FAILS(syscall(258, pairs, 1, 1, NULL, 0), EFAULT) && syscall(258, NULL, 0, 0, NULL, 0) == 0);
  unsigned long cpus[16] = {0};
  CHECK(FAILS(syscall(258, pairs, 1, sizeof cpus, cpus, 0), EINVAL));
  cpus[0] = ~0ul;
  CHECK(syscall(258, pairs, 1, sizeof cpus, cpus, 0) == 0);
}

/* The vDSO's symbol, with its version checked as libc does. */
static void *vdso_symbol(const char *name) {
  const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
  const Elf64_Ehdr *header = (const void *)base;
  const Elf64_Phdr *program = (const void *)(base + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  for (int i = 0; i < header->e_phnum; i++)
    if (program[i].p_type == PT_DYNAMIC) dynamic = (const void *)(base + program[i].p_vaddr);
  const Elf64_Sym *symbols = NULL;
  const char *strings = NULL;
  const uint32_t *hash = NULL;
  const uint16_t *versions = NULL;
  const Elf64_Verdef *definitions = NULL;
  for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
    const char *at = base + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) symbols = (const void *)at;
    if (dynamic->d_tag == DT_STRTAB) strings = at;
    if (dynamic->d_tag == DT_HASH) hash = (const void *)at;
    if (dynamic->d_tag == DT_VERSYM) versions = (const void *)at;
    if (dynamic->d_tag == DT_VERDEF) definitions = (const void *)at;
  }
  if (!symbols || !strings || !hash || !versions || !definitions) return NULL;
  for (uint32_t i = 0; i < hash[1]; i++) {
    if (strcmp(strings + symbols[i].st_name, name) || symbols[i].st_shndx == SHN_UNDEF) continue;
    for (const Elf64_Verdef *d = definitions;; d = (const void *)((const char *)d + d->vd_next)) {
      const Elf64_Verdaux *aux = (const void *)((const char *)d + d->vd_aux);
      if (d->vd_ndx == (versions[i] & 0x7fff)) return strcmp(strings + aux->vda_name, "LINUX_4.15") ? NULL : (void *)(base + symbols[i].st_value);
      if (d->vd_next == 0) return NULL;
    }
  }
  return NULL;
}

static void vdso(void) {
  CHECK(getauxval(AT_SYSINFO_EHDR) % 4096 == 0 && !memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG));
  long (*gettime)(clockid_t, struct timespec *) = vdso_symbol("__vdso_clock_gettime");
  long (*getres)(clockid_t, struct timespec *) = vdso_symbol("__vdso_clock_getres");
  long (*gettimeofday)(struct timeval *, void *) = vdso_symbol("__vdso_gettimeofday");
  long (*getcpu)(unsigned *, unsigned *, void *) = vdso_symbol("__vdso_getcpu");
  long (*flush)(void *, void *, unsigned long) = vdso_symbol("__vdso_flush_icache");
  long (*probe)(struct pair *, size_t, size_t, void *, unsigned) = vdso_symbol("__vdso_riscv_hwprobe");
  CHECK(gettime && getres && gettimeofday && getcpu && flush && probe && vdso_symbol("__vdso_rt_sigreturn"));
  struct timespec before, now, resolution;
  struct timeval day;
  unsigned cpu = ~0u, node = ~0u;
  struct pair pair = {3, 0};
  CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0 && gettime(CLOCK_MONOTONIC, &now) == 0);
  CHECK(now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec));
  CHECK(getres(CLOCK_REALTIME, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec >= 1);
  CHECK(gettime(12345, &now) == -EINVAL && getres(12345, &now) == -EINVAL && getres(CLOCK_REALTIME, NULL) == 0);
  CHECK(gettimeofday(&day, NULL) == 0 && labs(day.tv_sec - time(NULL)) <= 1);
  CHECK(getcpu(&cpu, &node, NULL) == 0 && cpu < 4096 && node < 4096 && getcpu(NULL, NULL, NULL) == 0);
  CHECK(flush(NULL, NULL, 0) == 0 && flush(&cpu, &cpu + 1, 1) == 0 && flush(NULL, NULL, 2) == -EINVAL);
  CHECK(probe(&pair, 1, 0, NULL, 0) == 0 && pair.value == 1);
}

static sigjmp_buf recover;
static int code;
static void *fault_address;
static void on_illegal(int signo, siginfo_t *info, void *context) {
  (void)context;
  code = info->si_code;
  fault_address = info->si_addr;
  siglongjmp(recover, signo);
}

/* The signal that executing the instruction gives; 0 if it falls through to the return behind it. */
static int execute(uint32_t *page, uint32_t word) {
  bool compressed = (word & 3) != 3;
  memcpy(page, &word, compressed ? 2 : 4);
  memcpy((char *)page + (compressed ? 2 : 4), &(uint16_t){0x8082}, 2); /* ret */
  __builtin___clear_cache((char *)page, (char *)page + 8);
  int signo = sigsetjmp(recover, 1);
  if (signo) return signo;
  /* Everything an instruction may change but sp, gp, tp. */
  register void *target __asm__("t0") = page;
  __asm__ volatile("mv s1, sp\n\tjalr ra, t0\n\tmv sp, s1" : "+r"(target) : : "ra", "t1", "t2", "a0", "a1", "a2", "a3", "a4", "a5",
                   "a6", "a7", "t3", "t4", "t5", "t6", "s1", "ft0", "memory");
  return 0;
}

static void encodings(void) {
  uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  static const struct {
    const char *name;
    uint32_t word;
    bool legal;
  } list[] = {
      {"all zeros", 0x0000, false},
      {"all ones", 0xffffffff, false},
      {"c.addi4spn with 0", 0x0004, false},
      {"c.addiw x0", 0x2001, false},
      {"c.addi16sp 0", 0x6101, false},
      {"c.lui with 0", 0x6501, false},
      {"c.lwsp x0", 0x4002, false},
      {"c.ldsp x0", 0x6002, false},
      {"c.jr x0", 0x8002, false},
      {"quadrant 0, 100 011 with bit 6", 0x8c40, false},
      {"quadrant 0, 100 100", 0x9000, false},
      {"quadrant 1, 1 11 11 110", 0x9c79, false},
      {"c.nop with a hint", 0x0005, true},
      {"c.li x0", 0x4005, true},
      {"c.lui x0", 0x6005, true},
      {"c.slli x0", 0x0006, true},
      {"c.mv x0", 0x802a, true},
      {"c.add x0", 0x902a, true},
      {"c.mop.1", 0x6081, true},
      {"c.mop.15", 0x6781, true},
      {"c.mop.2, which is none", 0x6101, false},
      {"slli with shamt 64 and more", 0x02001013 | 1 << 26, false},
      {"slliw with shamt 32", 0x0200101b, false},
      {"sllw with another funct7", 0x0400103b, false},
      {"branch, funct3 010", 0x00002063, false},
      {"load, funct3 111", 0x00007003, false},
      {"store, funct3 100", 0x00004023, false},
      {"jalr, funct3 1", 0x00001067, false},
      {"48-bit prefix", 0x0000001f, false},
      {"custom-0", 0x0000000b, false},
      {"csr read of mstatus", 0x30002573, false},
      {"csr write of cycle", 0xc0051073, false},
      {"csr read of vl", 0xc2002573, false},
      {"csr read of seed", 0x01502573, false},
      {"csr read of hpmcounter3", 0xc0302573, false},
      {"csr read of cycle", 0xc0002573, true},
      {"mret", 0x30200073, false},
      {"sret", 0x10200073, false},
      {"wfi", 0x10500073, false},
      {"sfence.vma", 0x12000073, false},
      {"lr.w with rs2", 0x1015252f, false},
      {"amoadd, width 7", 0x0005752f, false},
      {"amocas.q with odd rd", 0x2805c5af | 1 << 7, false},
      {"fadd with fmt quad", 0x06000053, false},
      {"fadd.s with rm 5", 0x00005053, false},
      {"fcvt.w.s with rs2 4", 0xc0400053, false},
      {"fsqrt.s with rs2 1", 0x58100053, false},
      {"fmv.x.w with funct3 2", 0xe0002053, false},
      {"fcvtmod.w.d with rm rne", 0xc2800053, false},
      {"fence with fields reserved", 0xf0f5050f, true},
      {"fence.i with fields reserved", 0x1235150f, true},
      {"pause", 0x0100000f, true},
      {"ntl.all", 0x00500033, true},
      {"mop.r.0", 0x81c04573, true},
      {"mop.rr.7", 0xcef04573, true},
      {"wrs.nto", 0x00d00073, true},
      {"wrs.sto", 0x01d00073, true},
      {"brev8", 0x68755513, true},
      {"zip, of RV32", 0x08f51513, false},
      {"orc.b", 0x28755513, true},
      {"rev8 of RV32", 0x69855513, false},
      {"rev8", 0x6b855513, true},
      {"zext.h", 0x0805453b, true},
      {"packw", 0x08b5453b, true},
      {"czero.eqz", 0x0eb55533, true},
      {"aes64ks1i, of Zkn", 0x31051513, false},
      {"sha256sum0, of Zkn", 0x10051513, false},
      {"vadd.vv", 0x02008057, false},
      {"vsetvli", 0x0c0572d7, false},
      {"prefetch.w", 0x00356013, true},
      {"cbo of no kind", 0x0035200f, false},
  };
  struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO};
  CHECK(sigaction(SIGILL, &action, NULL) == 0);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    int signo = execute(page, list[i].word);
    printf("%s: %s\n", list[i].name, signo ? strsignal(signo) : "executed");
    EXPECT(signo == (list[i].legal ? 0 : SIGILL) && (list[i].legal || (code == ILL_ILLOPC && fault_address == page)));
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  hwprobe();
  vdso();
  encodings();
  return finish();
}

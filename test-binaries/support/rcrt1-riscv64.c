/*
 * The start file of static-pie programs, for cross C libraries that have none: glibc for riscv64 does not support
 * static-pie before 2.37, though its libc.a is position-independent. The program relocates itself, tells the library
 * where it was loaded (it needs that for the image of thread-local storage), and starts as crt1.o would.
 *
 * Nothing here may use the global offset table before relocate() has run, hence the hidden visibility.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

extern const Elf64_Ehdr __ehdr_start HIDDEN;
extern Elf64_Dyn _DYNAMIC[] HIDDEN;

/* The C library's list of loaded objects: the first member of its first element points to the program's link map,
   whose first member is the load address. */
struct link_map_head {
  uintptr_t l_addr;
};
struct link_namespace_head {
  struct link_map_head *loaded;
};
extern struct link_namespace_head _dl_ns[] HIDDEN;

__asm__(
    ".text\n"
    ".globl _start\n"
    ".type _start, @function\n"
    "_start:\n"
    ".option push\n"
    ".option norelax\n"
    "  lla gp, __global_pointer$\n"
    ".option pop\n"
    "  mv s0, a0\n"          /* what the dynamic linker would want run at exit */
    "  mv s1, sp\n"
    "  andi sp, sp, -16\n"
    "  call relocate\n"
    "  la a0, main\n"
    "  ld a1, 0(s1)\n"       /* argc */
    "  addi a2, s1, 8\n"     /* argv */
    "  li a3, 0\n"
    "  li a4, 0\n"
    "  mv a5, s0\n"
    "  mv a6, s1\n"
    "  call __libc_start_main\n"
    "  unimp\n"
    ".size _start, .-_start\n");

HIDDEN void relocate(void) {
  /* The image is linked at 0, so the ELF header's address is the load bias. */
  uintptr_t bias = (uintptr_t)&__ehdr_start, size = 0;
  const Elf64_Rela *rela = NULL;
  const Elf64_Sym *symbols = NULL;
  for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
    if (d->d_tag == DT_RELA) rela = (const Elf64_Rela *)(bias + d->d_un.d_ptr);
    if (d->d_tag == DT_RELASZ) size = d->d_un.d_val;
    if (d->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym *)(bias + d->d_un.d_ptr);
  }
  for (const Elf64_Rela *end = rela + size / sizeof *rela; rela < end; rela++) {
    uintptr_t *place = (uintptr_t *)(bias + rela->r_offset);
    const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(rela->r_info)];
    uintptr_t value = symbol->st_value + (uintptr_t)rela->r_addend;
    unsigned type = ELF64_R_TYPE(rela->r_info);
    if (type == R_RISCV_RELATIVE) *place = bias + (uintptr_t)rela->r_addend;
    else if (type == R_RISCV_TLS_TPREL64) *place = value;
    else if (type == R_RISCV_64) *place = value + (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ? 0 : bias);
    else if (type != R_RISCV_NONE) __builtin_trap();
  }
  _dl_ns[0].loaded->l_addr = bias;
}

/* What the kernel puts on the stack: arguments, environment, auxiliary vector. */
#include "suite.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char **environ;

int main(int argc, char **argv) {
  printf("argc %d\n", argc);
  for (int i = 1; i < argc; i++) printf("argv[%d] %zu \"%s\"\n", i, strlen(argv[i]), argv[i]);
  CHECK(argv[argc] == NULL);
  CHECK(strstr(argv[0], "args") != NULL);
  int suite = 0, all = 0;
  for (char **e = environ; *e; e++, all++) suite += !strncmp(*e, "SUITE_", 6);
  printf("%d of the suite's variables, %s\n", suite, getenv("SUITE_A") ? getenv("SUITE_A") : "none");
  CHECK(all >= suite);
  printf("SUITE_EMPTY %s\n", getenv("SUITE_EMPTY") ? "is set" : "is not set");

  CHECK(environ == argv + argc + 1);
  ElfW(auxv_t) *vector = (void *)environ;
  while (*(char **)vector) vector = (void *)((char **)vector + 1);
  vector = (void *)((char **)vector + 1);
  bool seen[64] = {false};
  int count = 0;
  for (; vector->a_type != AT_NULL; vector++, count++) {
    if (vector->a_type < 64) seen[vector->a_type] = true;
  }
  CHECK(count >= 14 && count < 40);
  static const struct {
    int type;
    const char *name;
  } required[] = {
      {AT_PHDR, "AT_PHDR"},     {AT_PHENT, "AT_PHENT"},   {AT_PHNUM, "AT_PHNUM"},   {AT_PAGESZ, "AT_PAGESZ"},
      {AT_BASE, "AT_BASE"},     {AT_FLAGS, "AT_FLAGS"},   {AT_ENTRY, "AT_ENTRY"},   {AT_UID, "AT_UID"},
      {AT_EUID, "AT_EUID"},     {AT_GID, "AT_GID"},       {AT_EGID, "AT_EGID"},     {AT_HWCAP, "AT_HWCAP"},
      {AT_CLKTCK, "AT_CLKTCK"}, {AT_SECURE, "AT_SECURE"}, {AT_RANDOM, "AT_RANDOM"}, {AT_EXECFN, "AT_EXECFN"},
  };
  for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
    printf("%s %s\n", required[i].name, seen[required[i].type] ? "present" : "MISSING");
  }
  CHECK(getauxval(AT_PAGESZ) == 4096);
  CHECK(getauxval(AT_PAGESZ) == (unsigned long)sysconf(_SC_PAGESIZE));
  CHECK(getauxval(AT_CLKTCK) == 100);
  CHECK(getauxval(AT_SECURE) == 0);
  CHECK(getauxval(AT_FLAGS) == 0);
  CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
  CHECK(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
  CHECK(getauxval(AT_PHENT) == sizeof(ElfW(Phdr)));
  CHECK(!strcmp((char *)getauxval(AT_EXECFN), argv[0]));

  const ElfW(Phdr) *headers = (void *)getauxval(AT_PHDR);
  unsigned long entry = getauxval(AT_ENTRY), bias = 0;
  int loads = 0, entry_inside = 0, interpreters = 0;
  for (unsigned i = 0; i < getauxval(AT_PHNUM); i++) {
    if (headers[i].p_type == PT_PHDR) bias = (unsigned long)headers - headers[i].p_vaddr;
    if (headers[i].p_type == PT_INTERP) interpreters++;
  }
  if (!bias && !interpreters) {
    /* Neither PT_PHDR nor an interpreter: static-pie, or static at its own address. The first segment has the headers. */
    const ElfW(Ehdr) *header = (void *)((unsigned long)headers - sizeof(ElfW(Ehdr)));
    if (header->e_type == ET_DYN) bias = (unsigned long)header;
  }
  for (unsigned i = 0; i < getauxval(AT_PHNUM); i++) {
    if (headers[i].p_type != PT_LOAD) continue;
    loads++;
    unsigned long start = bias + headers[i].p_vaddr;
    if ((headers[i].p_flags & PF_X) && entry >= start && entry < start + headers[i].p_memsz) entry_inside++;
  }
  CHECK(loads >= 2);
  CHECK(entry_inside == 1);
  CHECK((getauxval(AT_BASE) != 0) == (interpreters == 1));
  unsigned char zero[16] = {0};
  CHECK(memcmp((void *)getauxval(AT_RANDOM), zero, 16) != 0);
  int local;
  CHECK((uintptr_t)&local < (uintptr_t)argv && (uintptr_t)argv < (uintptr_t)argv[0]);
  CHECK(((uintptr_t)(argv - 1) & 15) == 0);
  return finish();
}

/*
 * The launcher of the self-contained executable: Node, the shared libraries
 * that it needs with their loader, and the emulator's files lie behind the
 * launcher in its own file, as scripts/build-sea.ts puts them there. Nothing
 * is unpacked to a disk and no other program is executed: what the kernel does
 * for a dynamically linked program, it does here for Node, from this file.
 *
 *  - Node and the loader (ld.so) are mapped, and the loader is entered with a
 *    stack and an auxiliary vector as the kernel would make them.
 *  - The loader opens libraries by their paths, so they become memory files,
 *    and LD_PRELOAD names those. What needs a library finds it loaded already,
 *    by its DT_SONAME; so does dlopen, by which our own two are found.
 *  - Our other files are mapped where JavaScript looks into them
 *    (scripts/bundle-loader.cjs).
 *
 * The file is reached as /proc/self/exe, however this program was started and
 * whatever directory is the root.
 */

enum {
  AT_NULL_NR = 0,
  AT_PHDR_NR = 3,
  AT_PHENT_NR = 4,
  AT_PHNUM_NR = 5,
  AT_BASE_NR = 7,
  AT_ENTRY_NR = 9,
  PROT_READ_ = 1,
  PROT_WRITE_ = 2,
  PROT_EXEC_ = 4,
  MAP_PRIVATE_ = 2,
  MAP_FIXED_ = 0x10,
  MAP_ANONYMOUS_ = 0x20,
  MAP_FIXED_NOREPLACE_ = 0x100000,
  ET_DYN_ = 3,
  PT_LOAD_ = 1,
  PAGE = 4096,
};

/* What lies at SEA_OFFSET of the file; offsets in it count from there and are those of pages. */
struct entry {
  char name[48];
  u64 offset, size;
};
struct index {
  u64 count;
  /* Size of the index and the files that JavaScript reads, which come first. */
  u64 mapped;
  u64 padding[6];
  struct entry entries[SEA_ENTRIES];
};

/* ELF-64 Object File Format, figures 2 and 6. */
struct elf_header {
  u8 ident[16];
  unsigned short type, machine;
  u32 version;
  u64 entry, phoff, shoff;
  u32 flags;
  unsigned short ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct program_header {
  u32 type, flags;
  u64 offset, vaddr, paddr, filesz, memsz, align;
};

/* A program in memory. */
struct program {
  u64 base, entry, headers, header_count;
};

static int own_file;
static const struct index *files;
static const char *script_text;
/* Memory files that are open until the libraries are loaded. */
static int libraries[SEA_ENTRIES];
static int library_count;
/* What takes the place of these descriptors then, if they are below `places`. */
static u64 places;
static int place_filler;
static char preload[SEA_ENTRIES * 24] = "LD_PRELOAD=";
static char **preload_place;
static u64 node_entry;

static u64 page_up(u64 size) { return (size + PAGE - 1) & -(u64)PAGE; }

/* mmap; ends the process if that fails. */
static u64 map(u64 address, u64 size, int protection, int flags, int fd, u64 offset) {
  register i64 r10 __asm__("r10") = flags;
  register i64 r8 __asm__("r8") = fd;
  register i64 r9 __asm__("r9") = (i64)offset;
  i64 result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(NR_MMAP), "D"(address), "S"(size), "d"((i64)protection), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  if (result < 0 && result >= -4095) fail("mmap", result);
  return (u64)result;
}

/* What this program was called as: `tsemu-riscv64`, with a path or without, is the command for that architecture. */
static const char *architecture_for(const char *argv0) {
  static const char *const known[] = {SEA_ARCHITECTURES};
  const char *name = argv0;
  for (; *argv0; argv0++)
    if (*argv0 == '/') name = argv0 + 1;
  for (u64 i = 0; starts_with(name, "tsemu-") && i < sizeof known / sizeof *known; i++)
    if (!compare(name + sizeof "tsemu-" - 1, known[i])) return known[i];
  return "any";
}

static const struct entry *find_entry(const char *name) {
  for (u64 i = 0; i < files->count; i++)
    if (!compare(files->entries[i].name, name)) return files->entries + i;
  fail(name, -ENOENT_NR);
  return 0;
}

/* Copies a library into a memory file and adds that to LD_PRELOAD. */
static void open_library(const struct entry *entry) {
  static char digits[24];
  i64 fd = sys4(NR_MEMFD_CREATE, (i64)entry->name, 1 /* MFD_CLOEXEC */, 0, 0);
  if (fd < 0) fail("memfd_create", fd);
  i64 offset = (i64)(SEA_OFFSET + entry->offset);
  for (u64 left = entry->size; left;) {
    i64 count = sys4(NR_SENDFILE, fd, own_file, (i64)&offset, (i64)left);
    if (count == -EFBIG_NR) {
      say(NAME ": the limit on the size of files is too low; 4 MiB are needed (ulimit -f)\n");
      sys4(NR_EXIT_GROUP, 126, 0, 0, 0);
    }
    if (count <= 0) fail("copying a library into memory", count);
    left -= (u64)count;
  }
  libraries[library_count++] = (int)fd;
  u64 end = length(preload);
  append(preload, end, "/proc/self/fd/");
  end += length(preload + end);
  append(preload, end, decimal((u64)fd, digits + sizeof digits - 1));
  append(preload, end + length(preload + end), ":");
}

/* Opens this program's file, with the script called `name` in it. */
static void prepare_node(const char *name, char **env, int search) {
  (void)env, (void)search;
  own_file = (int)sys4(NR_OPENAT, -100, (i64) "/proc/self/exe", 02000000 /* O_RDONLY | O_CLOEXEC */, 0);
  if (own_file < 0) fail("/proc/self/exe", own_file);
  u64 mapped;
  if (sys4(NR_PREAD64, own_file, (i64)&mapped, sizeof mapped, SEA_OFFSET + 8) != sizeof mapped) fail("/proc/self/exe", -EIO_NR);
  files = (const struct index *)map(0, mapped, PROT_READ_, MAP_PRIVATE_, own_file, SEA_OFFSET);
  script_text = (const char *)files + find_entry(name)->offset;
  for (u64 i = 0; i < files->count; i++)
    if (starts_with(files->entries[i].name, "lib/")) open_library(files->entries + i);
}

/* The script as text, and what stands for its path. */
static i64 add_script(char **words) {
  words[0] = "--input-type=commonjs";
  words[1] = "--eval";
  words[2] = (char *)script_text;
  words[3] = "/proc/self/exe";
  return 4;
}

/* Where the files are in memory. */
static i64 add_files(char **words) {
  static char address[24], size[24];
  words[0] = decimal((u64)files, address + sizeof address - 1);
  words[1] = decimal(files->mapped, size + sizeof size - 1);
  return 2;
}

/* Descriptors of ours below `limit` stay occupied until the emulator frees them, by copies of `filler`. */
static void keep_places(u64 limit, int filler) {
  places = limit;
  place_filler = filler;
  u8 *bitmap = (u8 *)&state[STATE_FILLERS];
  for (int i = 0; i <= library_count; i++) {
    u64 fd = (u64)(i < library_count ? libraries[i] : own_file);
    if (fd >= 3 && fd < limit) bitmap[fd >> 3] |= (u8)(1 << (fd & 7));
  }
}

static void give_up(int fd) {
  if (fd >= 3 && (u64)fd < places) sys4(NR_DUP2, place_filler, fd, 0, 0);
  else sys4(NR_CLOSE, fd, 0, 0, 0);
}

/* Maps the program called `name` as execve(2) does. */
static struct program map_program(const char *name) {
  const struct entry *entry = find_entry(name);
  const u64 start = SEA_OFFSET + entry->offset;
  /* The page with the program's header, which the first segment maps once more. */
  const struct elf_header *header = (const struct elf_header *)map(0, PAGE, PROT_READ_, MAP_PRIVATE_, own_file, start);
  const struct program_header *headers = (const struct program_header *)((const u8 *)header + header->phoff);
  struct program program = {0, 0, 0, header->phnum};
  int flags = MAP_PRIVATE_ | MAP_FIXED_NOREPLACE_;
  if (header->type == ET_DYN_) {
    u64 end = 0;
    for (int i = 0; i < header->phnum; i++)
      if (headers[i].type == PT_LOAD_) end = headers[i].vaddr + headers[i].memsz;
    program.base = map(0, end, 0, MAP_PRIVATE_ | MAP_ANONYMOUS_, -1, 0);
    flags = MAP_PRIVATE_ | MAP_FIXED_;
  }
  program.entry = program.base + header->entry;
  for (int i = 0; i < header->phnum; i++) {
    const struct program_header *segment = headers + i;
    if (segment->type != PT_LOAD_) continue;
    int protection = (segment->flags & 4 ? PROT_READ_ : 0) | (segment->flags & 2 ? PROT_WRITE_ : 0) |
                     (segment->flags & 1 ? PROT_EXEC_ : 0);
    u64 within = segment->vaddr & (PAGE - 1);
    u64 address = program.base + segment->vaddr;
    u64 file_end = address + segment->filesz, end = page_up(address + segment->memsz);
    u64 got = map(address - within, segment->filesz + within, protection, flags, own_file, start + segment->offset - within);
    if (got != address - within) fail("mmap: the place for Node is taken", -EEXIST_NR);
    if (segment->offset == 0) program.headers = address + header->phoff;
    /* Behind what the file has there are zeroes. */
    if (segment->memsz > segment->filesz) {
      for (u8 *byte = (u8 *)file_end; (u64)byte < page_up(file_end); byte++) *byte = 0;
      if (end > page_up(file_end))
        map(page_up(file_end), end - page_up(file_end), protection, flags | MAP_ANONYMOUS_, -1, 0);
    }
  }
  return program;
}

/* Comes between the loader and Node: the libraries are loaded. Gives Node's entry. */
__attribute__((used)) static u64 loaded(void) {
  for (int i = 0; i < library_count; i++) give_up(libraries[i]);
  *preload_place = 0;
  return node_entry;
}
/* rdx is what a program has to call when it ends (psABI, "Process Initialization"). */
void enter_node(void);
__asm__(
    "enter_node:\n"
    "  sub $8, %rsp\n"
    "  push %rdx\n"
    "  call loaded\n"
    "  pop %rdx\n"
    "  add $8, %rsp\n"
    "  jmp *%rax\n");

/*
 * Starts Node with this command line. From the environment goes what is meant for other Nodes and other libraries. `env`
 * has the auxiliary vector behind it.
 */
static void run_node(char **arguments, char **environment, char **env) {
  struct program node = map_program("node"), loader = map_program("ld.so");
  node_entry = node.entry;
  give_up(own_file);
  u64 words = 64;
  for (char **word = arguments; *word; word++) words++;
  for (char **word = environment; *word; word++) words++;
  while (*env) env++;
  const u64 *auxiliary_vector = (const u64 *)(env + 1);
  for (const u64 *entry = auxiliary_vector; entry[0]; entry += 2) words += 2;

  u64 stack[words] __attribute__((aligned(16)));
  u64 *to = stack + 1;
  for (; *arguments; arguments++) *to++ = (u64)*arguments;
  stack[0] = (u64)(to - stack - 1);
  *to++ = 0;
  for (; *environment; environment++)
    if (!starts_with(*environment, "NODE_") && !starts_with(*environment, "LD_")) *to++ = (u64)*environment;
  preload_place = (char **)to;
  *to++ = (u64)preload;
  *to++ = 0;
  for (const u64 *entry = auxiliary_vector; entry[0]; entry += 2) {
    u64 value = entry[1];
    switch (entry[0]) {
      case AT_EXECFD_NR: continue;
      case AT_PHDR_NR: value = node.headers; break;
      case AT_PHENT_NR: value = sizeof(struct program_header); break;
      case AT_PHNUM_NR: value = node.header_count; break;
      case AT_BASE_NR: value = loader.base; break;
      case AT_ENTRY_NR: value = (u64)enter_node; break;
      /* Otherwise the loader would not heed LD_PRELOAD. The environment is ours. */
      case AT_SECURE_NR: value = 0; break;
    }
    *to++ = entry[0];
    *to++ = value;
  }
  *to++ = AT_NULL_NR;
  *to++ = 0;
  __asm__ volatile("mov %0, %%rsp\n  xor %%edx, %%edx\n  jmp *%1" : : "r"(stack), "r"(loader.entry) : "rdx", "memory");
  __builtin_unreachable();
}

/* What the launcher needs of a C library. x86-64 Linux only. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef long i64;
typedef unsigned long u64;

enum {
  NR_READ = 0,
  NR_WRITE = 1,
  NR_CLOSE = 3,
  NR_MMAP = 9,
  NR_RT_SIGACTION = 13,
  NR_RT_SIGPROCMASK = 14,
  NR_PREAD64 = 17,
  NR_PWRITE64 = 18,
  NR_ACCESS = 21,
  NR_PIPE = 22,
  NR_DUP2 = 33,
  NR_SENDFILE = 40,
  NR_CLONE = 56,
  NR_EXECVE = 59,
  NR_WAIT4 = 61,
  NR_FCNTL = 72,
  NR_READLINK = 89,
  NR_GETDENTS64 = 217,
  NR_EXIT_GROUP = 231,
  NR_OPENAT = 257,
  NR_PRLIMIT64 = 302,
  NR_MEMFD_CREATE = 319,
  ENOENT_NR = 2,
  EIO_NR = 5,
  EACCES_NR = 13,
  EEXIST_NR = 17,
  EFBIG_NR = 27,
};

static i64 sys4(i64 nr, i64 a, i64 b, i64 c, i64 d) {
  register i64 r10 __asm__("r10") = d;
  i64 result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

static u64 length(const char *text) {
  u64 n = 0;
  while (text[n]) n++;
  return n;
}

static int starts_with(const char *text, const char *prefix) {
  while (*prefix && *text == *prefix) text++, prefix++;
  return !*prefix;
}

/* 0 if both are the same. */
static int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a - *b;
}

/* The decimal digits of a number, up to `end`, which is NUL already; gives where they start. */
static char *decimal(u64 number, char *end) {
  do *--end = (char)('0' + number % 10);
  while (number /= 10);
  return end;
}

static void say(const char *text) { sys4(NR_WRITE, 2, (i64)text, (i64)length(text), 0); }

/* Ends with the message `NAME: WHAT: reason` and the exit code that a shell would use. */
static void fail(const char *what, i64 error) {
  say(NAME ": ");
  say(what);
  if (error == -ENOENT_NR) say(": No such file or directory\n");
  else if (error == -EACCES_NR) say(": Permission denied\n");
  else {
    char digits[] = ": error 000\n";
    digits[8] += (char)(-error / 100);
    digits[9] += (char)(-error / 10 % 10);
    digits[10] += (char)(-error % 10);
    say(digits);
  }
  sys4(NR_EXIT_GROUP, error == -ENOENT_NR ? 127 : 126, 0, 0, 0);
}

/* Puts `name` behind the first `end` bytes of `buffer`, which has room for a path and a name of ours. */
static void append(char *buffer, u64 end, const char *name) {
  for (u64 i = 0;; i++) {
    buffer[end + i] = name[i];
    if (!name[i]) break;
  }
}

/* The value of an entry of the auxiliary vector, which is behind the environment; `absent` if there is none. */
static u64 auxiliary(char **env, u64 type, u64 absent) {
  while (*env) env++;
  for (u64 *entry = (u64 *)(env + 1); entry[0]; entry += 2)
    if (entry[0] == type) return entry[1];
  return absent;
}

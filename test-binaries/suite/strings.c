/* The C library's string and memory functions at every alignment and length, up against an unmapped page. */
#include "suite.h"
#include <ctype.h>
#include <sys/mman.h>
#include <wchar.h>

enum { PAGE = 4096 };

int main(void) {
  /* Two pages of data, then one that must not be touched. */
  char *area = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(area != MAP_FAILED);
  CHECK(mprotect(area + 2 * PAGE, PAGE, PROT_NONE) == 0);
  char *end = area + 2 * PAGE;
  uint64_t hash = 0;
  for (int length = 0; length < 80; length++) {
    for (int gap = 0; gap < 9; gap++) {
      char *s = end - length - 1 - gap;
      memset(s, 'a' + length % 26, length);
      s[length] = 0;
      EXPECT(strlen(s) == (size_t)length);
      EXPECT(strnlen(s, length + gap) == (size_t)length || length + gap == length);
      EXPECT(memchr(s, 0, length + 1) == s + length);
      EXPECT(strchr(s, 0) == s + length);
      EXPECT(strrchr(s, 'a' + length % 26) == (length ? s + length - 1 : NULL));
      EXPECT(rawmemchr(s, 0) == s + length);
      char copy[128];
      memset(copy, 'x', sizeof copy);
      EXPECT(stpcpy(copy + gap, s) == copy + gap + length);
      EXPECT(strcmp(copy + gap, s) == 0);
      EXPECT(memcmp(copy + gap, s, length + 1) == 0);
      EXPECT(copy[gap + length + 1] == 'x');
      if (length) {
        copy[gap + length - 1]++;
        EXPECT(strcmp(copy + gap, s) > 0 && strcmp(s, copy + gap) < 0);
        EXPECT(strncmp(copy + gap, s, length - 1) == 0);
        EXPECT(memcmp(s, copy + gap, length) < 0);
      }
      for (int i = 0; i < length; i++) copy[i] = (char)(i * 7);
      memmove(copy + gap, copy, length);
      hash = hash_bytes(hash, copy, length + gap);
      memmove(copy, copy + gap, length);
      for (int i = 0; i < length; i++) EXPECT((unsigned char)copy[i] == (unsigned char)(i * 7));
      strncpy(s, "0123456789", length);
      strncat(copy + 100, "", 0);
      hash = hash_bytes(hash, s, length);
    }
  }
  printf("hash %016lx\n", (unsigned long)hash);
  EXPECT(strstr("haystack with a needle inside", "needle") != NULL);
  EXPECT(strcasestr("HAYSTACK", "stack") != NULL);
  EXPECT(memmem("abcabcabd", 9, "abcabd", 6) != NULL);
  EXPECT(strspn("aabbcc", "ab") == 4 && strcspn("aabbcc", "c") == 4);
  EXPECT(strpbrk("hello", "xyzl") != NULL);
  EXPECT(strcasecmp("HeLLo", "hEllO") == 0 && strncasecmp("HELp", "heLL", 3) == 0);
  char text[] = "one two,,three;four", *save, *token = strtok_r(text, " ,;", &save);
  for (; token; token = strtok_r(NULL, " ,;", &save)) printf("token %s\n", token);
  char list[] = "a::b", *cursor = list;
  while ((token = strsep(&cursor, ":"))) printf("field \"%s\"\n", token);
  printf("%s %s\n", strerror(ENOENT), strsignal(11));
  char *copy = strdup("duplicate");
  printf("%s %.3s\n", copy, strndup(copy, 4));
  printf("%d %d %d\n", strverscmp("file10", "file9") > 0, strcoll("a", "b") < 0, memrchr("abcabc", 'b', 6) != NULL);
  int classes = 0;
  for (int c = 0; c < 256; c++) {
    classes = classes * 31 + !!isalpha(c) + 2 * !!isdigit(c) + 4 * !!isspace(c) + 8 * !!ispunct(c) + 16 * !!isprint(c);
    classes = classes * 31 + toupper(c) + tolower(c);
  }
  printf("ctype %08x\n", (unsigned)classes);
  wchar_t wide[32];
  EXPECT(mbstowcs(wide, "wide text", 32) == 9 && wcslen(wide) == 9 && wmemchr(wide, L't', 9) == wide + 5);
  return finish();
}

/* Streams: formats, scanning, seeking, pushing back, buffering, memory streams, temporary files. */
#include "suite.h"
#include <inttypes.h>
#include <wchar.h>

int main(void) {
  enter_scratch();
  FILE *f = fopen("text", "w+");
  CHECK(f != NULL);
  for (int i = 0; i < 3000; i++) fprintf(f, "%d %x %o %s %c|%5.1f|%-8d|%08d\n", i, i, i, "word", 'a' + i % 26, i / 3.0, i, i);
  CHECK(ftell(f) > 100000);
  rewind(f);
  int a, count = 0;
  unsigned x, o;
  char word[20], c;
  float value;
  long sum = 0;
  while (fscanf(f, "%d %x %o %19s %c|%f|%*d |%*d\n", &a, &x, &o, word, &c, &value) == 6) {
    count++;
    sum += a + x + o + c + (long)(value * 10);
  }
  printf("%d lines, sum %ld\n", count, sum);
  CHECK(feof(f));
  CHECK(fseek(f, 10, SEEK_SET) == 0 && !feof(f));
  int first = getc(f);
  CHECK(ungetc('#', f) == '#' && getc(f) == '#' && first != EOF);
  CHECK(fseeko(f, -20, SEEK_END) == 0);
  char tail[32] = {0};
  CHECK(fread(tail, 1, 20, f) == 20);
  printf("tail %s", tail);
  fpos_t position;
  CHECK(fgetpos(f, &position) == 0 && fsetpos(f, &position) == 0);
  CHECK(fclose(f) == 0);
  f = fopen("text", "a");
  CHECK(f && fputs("appended\n", f) >= 0 && fclose(f) == 0);
  CHECK(fopen("absent", "r") == NULL && errno == ENOENT);
  CHECK(fopen("text", "wx") == NULL && errno == EEXIST);
  f = freopen("other", "w", fopen("text", "r"));
  CHECK(f && fprintf(f, "%s", "through freopen") == 15 && fclose(f) == 0);
  struct stat st;
  CHECK(stat("other", &st) == 0 && st.st_size == 15);
  CHECK(remove("text") == 0 && remove("other") == 0 && remove("other") == -1);

  char *memory = NULL;
  size_t size = 0;
  FILE *m = open_memstream(&memory, &size);
  fprintf(m, "%" PRId64 " %" PRIu64 " %" PRIx64, INT64_MIN, UINT64_MAX, (uint64_t)0xabcdef);
  fclose(m);
  printf("%s (%zu)\n", memory, size);
  m = fmemopen(memory, size, "r");
  long long low;
  CHECK(fscanf(m, "%lld", &low) == 1 && low == INT64_MIN);
  fclose(m);
  f = tmpfile();
  CHECK(f != NULL);
  setvbuf(f, NULL, _IOLBF, 256);
  for (int i = 0; i < 1000; i++) putw(i, f);
  rewind(f);
  sum = 0;
  for (int i = 0; i < 1000; i++) sum += getw(f);
  printf("sum %ld\n", sum);
  fclose(f);
  printf("%5s|%-5s|%.2s|%c|%%|%5c|%*d|%-*d|%+d|% d|%#x|%#o|%hhd|%hd|%ld|%zu|%td|%jd\n", "ab", "ab", "abc", 'x', 'y', 6, 42,
         6, 42, 5, 5, 255, 8, 300, 70000, -1L, sizeof(int), (ptrdiff_t)-3, (intmax_t)9);
  printf("%3$s %1$s %2$s%4$n\n", "one", "two", "three", &a);
  printf("%d %s\n", a, (char *)NULL ? "" : "(null)");
  printf("%ls %lc %m\n", L"wide", (wint_t)L'w');
  int n1, n2;
  char set[10];
  CHECK(sscanf("0x1F 077 abc123 xyz", "%i %i %9[a-c]%n", &n1, &n2, set, &a) == 3);
  printf("%d %d %s %d\n", n1, n2, set, a);
  CHECK(sscanf("12:34", "%d:%d:%d", &n1, &n2, &a) == 2);
  leave_scratch();
  return finish();
}

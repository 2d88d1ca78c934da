/* Multibyte and wide characters in the C.UTF-8 locale, which glibc has built in. */
#include "suite.h"
#include <iconv.h>
#include <locale.h>
#include <regex.h>
#include <wchar.h>
#include <wctype.h>

int main(void) {
  printf("%s\n", setlocale(LC_ALL, NULL));
  CHECK(setlocale(LC_ALL, "C.UTF-8") != NULL);
  CHECK(MB_CUR_MAX == 6 || MB_CUR_MAX == 4);
  const char *text = "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80";
  wchar_t wide[32];
  size_t length = mbstowcs(wide, text, 32);
  printf("%zu characters:", length);
  for (size_t i = 0; i < length; i++) printf(" %x", (unsigned)wide[i]);
  putchar('\n');
  char back[64];
  CHECK(wcstombs(back, wide, sizeof back) == strlen(text) && !strcmp(back, text));
  CHECK(mbstowcs(wide, "\xff", 2) == (size_t)-1 && errno == EILSEQ);
  printf("%d %d %x\n", !!iswalpha(0xfc), !!iswdigit(L'5'), (unsigned)towupper(0xfc));
  printf("%ls %lc\n", wide, (wint_t)0x20ac);
  swprintf(wide, 32, L"%d %ls %s", 5, L"five", "f\xc3\xbcnf");
  printf("%zu\n", wcslen(wide));
  printf("%ld %g\n", wcstol(L"-77", NULL, 10), wcstod(L"2.5", NULL));
  regex_t regex;
  CHECK(regcomp(&regex, "^([a-z]+)-([0-9]{2,4})$", REG_EXTENDED) == 0);
  regmatch_t match[3];
  CHECK(regexec(&regex, "abc-1234", 3, match, 0) == 0);
  printf("%d-%d %d-%d\n", match[1].rm_so, match[1].rm_eo, match[2].rm_so, match[2].rm_eo);
  CHECK(regexec(&regex, "abc-1", 3, match, 0) == REG_NOMATCH);
  regfree(&regex);
  return finish();
}

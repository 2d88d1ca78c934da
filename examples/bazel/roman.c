/* A test of reading Roman numerals. EXPECTED, what MMXXVI should be, is for a test that fails. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#ifndef EXPECTED
#define EXPECTED 2026
#endif

static int value_of(char letter) {
  static const int values[] = {1, 5, 10, 50, 100, 500, 1000};
  static const char letters[] = "IVXLCDM";
  const char *found = strchr(letters, letter);
  return letter && found ? values[found - letters] : 0;
}

static int roman(const char *text) {
  int sum = 0;
  for (; *text; text++) {
    int value = value_of(text[0]);
    sum += value < value_of(text[1]) ? -value : value;
  }
  return sum;
}

int main(void) {
  struct utsname machine;
  uname(&machine);
  printf("on %s: MCMXCIV is %d, MMXXVI is %d\n", machine.machine, roman("MCMXCIV"), roman("MMXXVI"));
  return roman("MCMXCIV") == 1994 && roman("MMXXVI") == EXPECTED ? 0 : 1;
}

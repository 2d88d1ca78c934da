/* Copies stdin to stdout line by line, numbered, and counts. */
#include "suite.h"

int main(void) {
  char *line = NULL;
  size_t capacity = 0, bytes = 0;
  ssize_t length;
  int count = 0;
  uint64_t hash = 0;
  while ((length = getline(&line, &capacity, stdin)) >= 0) {
    bytes += (size_t)length;
    hash = hash_bytes(hash, line, (size_t)length);
    if (++count <= 5) printf("%d: %.60s%s", count, line, line[length - 1] == '\n' && length <= 60 ? "" : "\n");
  }
  CHECK(feof(stdin) && !ferror(stdin));
  printf("%d lines, %zu bytes, %016lx\n", count, bytes, (unsigned long)hash);
  free(line);
  return finish();
}

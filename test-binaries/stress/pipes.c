/* A stream through three processes: one writes numbers, one complements them, one checks. Size: MiB. */
#include "stress.h"

enum { BLOCK = 1 << 16, WORDS = BLOCK / 8 };
static uint64_t words[WORDS];

static void write_all(int fd, const void *data, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = write(fd, (const char *)data + done, size - done);
    EXPECT(count > 0);
    done += (size_t)count;
  }
}

/* Bytes read: all, or less at the end. */
static size_t read_all(int fd, void *data, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = read(fd, (char *)data + done, size - done);
    EXPECT(count >= 0);
    if (count == 0) break;
    done += (size_t)count;
  }
  return done;
}

int main(int argc, char **argv) {
  uint64_t total = (uint64_t)size_argument(argc, argv, 1024) << 20;
  begin();
  int first[2], second[2];
  EXPECT(pipe(first) == 0 && pipe(second) == 0);
  pid_t writer = forked();
  if (writer == 0) {
    for (uint64_t at = 0; at < total; at += BLOCK) {
      for (uint64_t i = 0; i < WORDS; i++) words[i] = at / 8 + i;
      write_all(first[1], words, BLOCK);
    }
    _exit(0);
  }
  pid_t middle = forked();
  if (middle == 0) {
    close(first[1]);
    size_t count;
    while ((count = read_all(first[0], words, BLOCK)) > 0) {
      for (size_t i = 0; i < count / 8; i++) words[i] = ~words[i];
      write_all(second[1], words, count);
    }
    _exit(0);
  }
  close(first[0]);
  close(first[1]);
  close(second[1]);
  for (uint64_t at = 0; at < total; at += BLOCK) {
    EXPECT(read_all(second[0], words, BLOCK) == BLOCK);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < WORDS; i++) wrong |= words[i] ^ ~(at / 8 + i);
    EXPECT(wrong == 0);
  }
  EXPECT(read_all(second[0], words, 1) == 0);
  close(second[0]);
  EXPECT(status_of(writer) == 0 && status_of(middle) == 0);
  return finish();
}

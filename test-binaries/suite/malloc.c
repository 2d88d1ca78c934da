/* malloc under stress: many sizes, realloc, alignment, big blocks that come from mmap. */
#include "suite.h"
#include <malloc.h>

struct block {
  unsigned char *data;
  size_t size;
  unsigned char fill;
};

static bool intact(const struct block *b, size_t size) {
  for (size_t i = 0; i < size; i += size > 4096 ? 509 : 1) {
    if (b->data[i] != b->fill) return false;
  }
  return true;
}

int main(void) {
  enum { BLOCKS = 700, STEPS = 40000 };
  static struct block blocks[BLOCKS];
  uint64_t hash = 0;
  for (int step = 0; step < STEPS; step++) {
    struct block *b = &blocks[random64() % BLOCKS];
    size_t size = random64() >> (40 + random64() % 20);
    size = size % (random64() % 50 ? 3000 : 300000);
    if (!b->data) {
      b->size = size;
      b->fill = (unsigned char)step;
      if (step % 7 == 0) {
        size_t alignment = 16ull << (random64() % 8);
        EXPECT(posix_memalign((void **)&b->data, alignment, size) == 0);
        EXPECT((uintptr_t)b->data % alignment == 0);
      } else if (step % 5 == 0) {
        b->data = calloc(size + 1, 1);
        for (size_t i = 0; i <= size; i += 61) EXPECT(b->data[i] == 0);
      } else {
        b->data = malloc(size);
      }
      EXPECT(b->data != NULL && (uintptr_t)b->data % 16 == 0);
      EXPECT(malloc_usable_size(b->data) >= size);
      memset(b->data, b->fill, size);
    } else if (random64() & 1) {
      EXPECT(intact(b, b->size));
      b->data = realloc(b->data, size + 1);
      EXPECT(intact(b, size < b->size ? size : b->size));
      b->size = size;
      memset(b->data, b->fill, size);
    } else {
      EXPECT(intact(b, b->size));
      hash = hash_bytes(hash, &b->size, sizeof b->size);
      free(b->data);
      b->data = NULL;
    }
  }
  for (int i = 0; i < BLOCKS; i++) free(blocks[i].data);
  printf("hash %016lx\n", (unsigned long)hash);
  CHECK(malloc_trim(0) >= 0);
  size_t huge = 64 << 20;
  char *p = malloc(huge);
  CHECK(p != NULL);
  p[0] = p[huge - 1] = 1;
  p = realloc(p, 2 * huge);
  CHECK(p != NULL && p[0] == 1 && p[huge - 1] == 1 && p[2 * huge - 1] == 0);
  free(p);
  volatile size_t absurd = (size_t)1 << 62;
  CHECK(malloc(absurd) == NULL && errno == ENOMEM);
  CHECK(calloc(absurd, 8) == NULL && errno == ENOMEM);
  void *start = sbrk(0);
  CHECK(sbrk(1 << 20) == start);
  memset(start, 7, 1 << 20);
  CHECK(sbrk(-(1 << 20)) == (char *)start + (1 << 20));
  CHECK(sbrk(0) == start);
  return finish();
}

/* Threads made and waited for, one after the other and several at once. Size: how many in all. */
#include "stress.h"

enum { AT_ONCE = 16 };
static __thread int own = 7;
static atomic_long ran;

static void *run(void *argument) {
  EXPECT(own == 7);
  own = (int)(long)argument;
  ran++;
  return argument;
}

int main(int argc, char **argv) {
  long size = size_argument(argc, argv, 10000);
  begin();
  for (long i = 0; i < size;) {
    int count = i % 3 == 0 ? AT_ONCE : 1;
    if (count > size - i) count = (int)(size - i);
    in_threads(count, run);
    i += count;
  }
  EXPECT(ran == size && own == 7);
  return finish();
}

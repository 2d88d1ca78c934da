/* A directory whose entries have positions all over 64 bits, where the file system numbers them so: read, sought, by inode. */
/* Without large files where programs are built so: of 32 bits. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#include "suite.h"
#include <dirent.h>

enum { FILES = 700, STEP = 50 };

int main(void) {
  enter_scratch();
  char name[32];
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "file-%d", i * 7919 % 10007);
    EXPECT(close(creat(name, 0600)) == 0);
  }
  DIR *dir = opendir(".");
  long places[FILES / STEP + 1];
  char names[FILES / STEP + 1][32];
  int count = 0, kept = 0, inodes = 0, length = 0;
  for (;;) {
    errno = 0;
    long place = telldir(dir);
    struct dirent *e = readdir(dir);
    if (!e) break;
    struct stat st;
    inodes += !strcmp(e->d_name, "..") || (lstat(e->d_name, &st) == 0 && st.st_ino == e->d_ino);
    length += strlen(e->d_name);
    if (count++ % STEP) continue;
    places[kept] = place;
    snprintf(names[kept++], sizeof *names, "%.31s", e->d_name);
  }
  EXPECT(errno == 0);
  printf("%d entries of %d bytes, %d inode numbers, %d places\n", count, length, inodes, kept);
  for (int i = kept - 1; i >= 0; i--) {
    seekdir(dir, places[i]);
    struct dirent *e = readdir(dir);
    EXPECT(e && !strcmp(e->d_name, names[i]));
  }
  rewinddir(dir);
  for (count = 0; readdir(dir);) count++;
  printf("%d again\n", count);
  closedir(dir);
  return finish();
}

/* Directories: make, read, seek, rename, remove, links, the errors of each. */
#include "suite.h"
#include <dirent.h>
#include <ftw.h>
#include <glob.h>
#include <sys/syscall.h>

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void list(const char *path) {
  char names[200][64];
  int count = 0;
  DIR *dir = opendir(path);
  if (!dir) {
    printf("opendir %s: %s\n", path, strerrorname_np(errno));
    return;
  }
  for (struct dirent *e; (e = readdir(dir)) && count < 200;) {
    const char *type = e->d_type == DT_DIR ? "/" : e->d_type == DT_LNK ? "@" : e->d_type == DT_FIFO ? "|" : "";
    snprintf(names[count++], sizeof *names, "%.60s%s", e->d_name, type);
  }
  closedir(dir);
  qsort(names, count, sizeof *names, by_name);
  printf("%s:", path);
  for (int i = 0; i < count && i < 12; i++) printf(" %s", names[i]);
  printf(" (%d)\n", count);
}

static int walked;
static int walk(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st;
  walked += type == FTW_D || type == FTW_DP ? 100 : 1;
  return type == FTW_DP ? (ftw->level ? rmdir(path) : 0) : unlink(path);
}

int main(void) {
  umask(022);
  enter_scratch();
  CHECK(mkdir("a", 0755) == 0);
  CHECK(FAILS(mkdir("a", 0755), EEXIST));
  CHECK(FAILS(mkdir("x/y", 0755), ENOENT));
  CHECK(mkdir("a/b", 0700) == 0);
  CHECK(mkdirat(open("a", O_DIRECTORY), "c", 0777) == 0);
  struct stat st;
  CHECK(stat("a/c", &st) == 0 && (st.st_mode & 07777) == 0755 && S_ISDIR(st.st_mode));
  CHECK(close(creat("a/file", 0644)) == 0);
  CHECK(FAILS(open("a/file/x", O_RDONLY), ENOTDIR));
  CHECK(FAILS(open("a", O_WRONLY), EISDIR));
  CHECK(FAILS(open("a/file", O_DIRECTORY), ENOTDIR));
  CHECK(symlink("file", "a/link") == 0);
  CHECK(symlink("loop", "a/loop") == 0);
  CHECK(mkfifo("a/fifo", 0600) == 0);
  CHECK(link("a/file", "a/hard") == 0);
  CHECK(stat("a/file", &st) == 0 && st.st_nlink == 2);
  CHECK(FAILS(stat("a/loop", &st), ELOOP));
  CHECK(lstat("a/loop", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 4);
  char target[16] = {0};
  CHECK(readlink("a/link", target, sizeof target) == 4 && !strcmp(target, "file"));
  CHECK(FAILS(readlink("a/file", target, sizeof target), EINVAL));
  CHECK(FAILS(open("a/link", O_RDONLY | O_NOFOLLOW), ELOOP));
  list(".");
  list("a");
  list("absent");
  CHECK(rename("a/file", "a/renamed") == 0);
  CHECK(FAILS(rename("a", "a/b/c"), EINVAL));
  CHECK(FAILS(rename("a/b", "a/renamed"), ENOTDIR));
  CHECK(FAILS(rename("a/renamed", "a/b"), EISDIR));
  CHECK(FAILS(rmdir("a"), ENOTEMPTY));
  CHECK(FAILS(unlink("a/b"), EISDIR));
  CHECK(FAILS(rmdir("a/renamed"), ENOTDIR));
  CHECK(renameat2(AT_FDCWD, "a/b", AT_FDCWD, "a/c", RENAME_EXCHANGE) == 0);
  CHECK(FAILS(renameat2(AT_FDCWD, "a/b", AT_FDCWD, "a/c", RENAME_NOREPLACE), EEXIST));
  list("a");
  /* Enough entries for several getdents calls, with seeking. */
  CHECK(mkdir("many", 0755) == 0);
  for (int i = 0; i < 1500; i++) {
    char name[64];
    snprintf(name, sizeof name, "many/entry-number-%04d", i);
    EXPECT(close(creat(name, 0600)) == 0);
  }
  DIR *dir = opendir("many");
  int count = 0;
  long middle = 0;
  char middle_name[256] = "";
  for (struct dirent *e; (e = readdir(dir)); count++) {
    if (count == 700) {
      middle = telldir(dir);
      e = readdir(dir);
      count++;
      strcpy(middle_name, e->d_name);
    }
  }
  CHECK(count == 1502);
  seekdir(dir, middle);
  CHECK(!strcmp(readdir(dir)->d_name, middle_name));
  rewinddir(dir);
  count = 0;
  while (readdir(dir)) count++;
  CHECK(count == 1502);
  closedir(dir);
  int fd = open("many", O_RDONLY | O_DIRECTORY);
  char tiny[16];
  CHECK(FAILS(syscall(SYS_getdents64, fd, tiny, sizeof tiny), EINVAL));
  CHECK(FAILS(read(fd, tiny, sizeof tiny), EISDIR));
  CHECK(FAILS(write(fd, tiny, sizeof tiny), EBADF));
  CHECK(FAILS(syscall(SYS_getdents64, 99, tiny, sizeof tiny), EBADF));
  glob_t matches;
  CHECK(glob("many/entry-number-01?0", 0, NULL, &matches) == 0 && matches.gl_pathc == 10);
  printf("%s\n", matches.gl_pathv[3]);
  globfree(&matches);
  char here[PATH_MAX], before[PATH_MAX];
  CHECK(getcwd(before, sizeof before) != NULL);
  CHECK(fchdir(fd) == 0 && getcwd(here, sizeof here) && !strcmp(here + strlen(here) - 5, "/many"));
  CHECK(FAILS(chdir("absent"), ENOENT));
  CHECK(getcwd(here, 3) == NULL && errno == ERANGE);
  CHECK(chdir("..") == 0 && getcwd(here, sizeof here) && !strcmp(here, before));
  CHECK(realpath("a/../many/./", here) && !strncmp(here, before, strlen(before)));
  CHECK(mkdir("gone", 0755) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
  CHECK(getcwd(here, sizeof here) == NULL && errno == ENOENT);
  CHECK(chdir(before) == 0);
  CHECK(nftw(".", walk, 16, FTW_DEPTH | FTW_PHYS) == 0);
  printf("walked %d\n", walked);
  leave_scratch();
  return finish();
}

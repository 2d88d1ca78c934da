/* Calls that take paths. */
#include "checks.h"
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static int file, directory;
static char long_name[300], long_path[5000], longest_name[256];

static void make_tree(void) {
  close(open("file", O_CREAT | O_WRONLY, 0644));
  mkdir("dir", 0755);
  mkdir("full", 0755);
  close(open("full/inner", O_CREAT | O_WRONLY, 0644));
  symlink("file", "link");
  symlink("dir", "dirlink");
  symlink("absent", "dangling");
  symlink("loop", "loop");
}

static void remove_tree(void) {
  const char *names[] = {"file", "dir", "full", "link", "dirlink", "dangling", "loop", "absent", "new", longest_name};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    char inner[300];
    snprintf(inner, sizeof inner, "%s/inner", names[i]);
    unlink(inner);
    if (unlink(names[i])) rmdir(names[i]);
  }
}

static void again(void) {
  if (!succeeded) return;
  if (fchdir(directory) || fchmod(directory, 0755)) exit(96);
  remove_tree();
  make_tree();
  fill_buffer();
}

#define DIRECTORIES SET(V(AT_FDCWD), V(-1), V(file), V(directory))
#define FEW_DIRECTORIES SET(V(AT_FDCWD), V(999))
#define PATHS \
  SET(STRING("file"), STRING("dir"), STRING("link"), STRING("dangling"), STRING("loop"), STRING("absent"), STRING(""), \
      STRING("file/"), STRING("dir/"), STRING("absent/"), STRING("file/x"), STRING("absent/x"), STRING("dir/../file"), \
      V(long_name), V(long_path), V(NULL), V(WILD), V(no_access))
#define FEW_PATHS \
  SET(STRING("file"), STRING("full"), STRING("link"), STRING("dangling"), STRING("loop"), STRING("absent"), STRING(""), \
      STRING("file/x"), V(long_name), V(WILD))
#define NEW_PATHS \
  SET(STRING("new"), STRING("file"), STRING("dir"), STRING("link"), STRING("dangling"), STRING("loop"), STRING(""), \
      STRING("new/"), STRING("file/x"), V(longest_name), V(long_name), V(NULL), V(WILD))

static void opening(void) {
  CALL(openat, DESCRIPTOR, FEW_DIRECTORIES, PATHS,
       SET(V(O_RDONLY), V(O_WRONLY), V(O_RDWR | O_CREAT), V(O_CREAT | O_EXCL | O_WRONLY), V(O_DIRECTORY),
           V(O_NOFOLLOW), V(O_PATH), V(O_PATH | O_NOFOLLOW), V(O_TMPFILE | O_RDWR), V(O_TMPFILE), V(O_TRUNC | O_RDWR)),
       ONE(0600));
  CALL(openat, DESCRIPTOR, SET(V(file), V(directory)), FEW_PATHS, SET(V(O_RDONLY), V(O_CREAT)), ONE(0600));
  /* struct open_how is in the page. */
  struct open_how *how = (void *)(buffer + 64);
  restore = NULL;
  static const unsigned long flags[] = {O_RDONLY, O_CREAT | O_RDWR, O_PATH, 1ul << 40, O_DIRECTORY | O_CREAT};
  static const unsigned long modes[] = {0, 0600, 07777777};
  static const unsigned long resolves[] = {0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, 1ul << 20};
  for (unsigned i = 0; i < 5; i++)
    for (unsigned j = 0; j < 3; j++)
      for (unsigned k = 0; k < 5; k++) {
        how->flags = flags[i], how->mode = modes[j], how->resolve = resolves[k];
        printf("flags %u, mode %u, resolve %u: ", i, j, k);
        CALL(openat2, DESCRIPTOR, ONE(AT_FDCWD), SET(STRING("link")), ONE(how), ONE(sizeof *how));
      }
  memset(how, 0, sizeof *how);
  CALL(openat2, DESCRIPTOR, FEW_DIRECTORIES, SET(STRING("file"), STRING("../x"), STRING("/"), V(NULL)),
       SET(V(how), V(NULL), V(WILD), V(edge)), SET(V(0), V(sizeof *how), V(8), V(sizeof *how + 8), V(8192)));
  restore = again;
}

static void making(void) {
  CALL(mkdirat, NUMBER, DIRECTORIES, NEW_PATHS, ONE(0755));
  CALL(mknodat, NUMBER, ONE(AT_FDCWD), NEW_PATHS, SET(V(S_IFIFO | 0600), V(S_IFREG | 0600), V(S_IFSOCK | 0600), V(S_IFDIR), V(0)), ONE(0));
  CALL(unlinkat, NUMBER, DIRECTORIES, FEW_PATHS, SET(V(0), V(AT_REMOVEDIR), V(1)));
  CALL(symlinkat, NUMBER, SET(STRING("target"), STRING(""), V(NULL), V(long_path)), FEW_DIRECTORIES, NEW_PATHS);
  CALL(linkat, NUMBER, ONE(AT_FDCWD), FEW_PATHS, FEW_DIRECTORIES, SET(STRING("new"), STRING("dir"), V(WILD)),
       SET(V(0), V(AT_SYMLINK_FOLLOW), V(AT_EMPTY_PATH), V(1)));
  CALL(renameat2, NUMBER, ONE(AT_FDCWD), FEW_PATHS, ONE(AT_FDCWD), SET(STRING("new"), STRING("file"), STRING("dir"), STRING("full"), V(NULL)),
       SET(V(0), V(1), V(2), V(3), V(64)));
}

static void looking(void) {
  CALL(chdir, NUMBER, PATHS);
  restore = NULL;
  CALL(readlinkat, NUMBER, DIRECTORIES, PATHS, ONE(buffer), SET(V(2), V(4096)));
  CALL(readlinkat, NUMBER, ONE(AT_FDCWD), SET(STRING("link")), SET(V(buffer), V(NULL), V(readonly_page), V(edge)), SET(V(-1), V(0), V(1), V(100)));
  CALL(statx, NUMBER, DIRECTORIES, PATHS, SET(V(0), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH), V(1)), ONE(STATX_BASIC_STATS), ONE(buffer));
  CALL(statx, NUMBER, ONE(AT_FDCWD), SET(STRING("file")), ONE(0), SET(V(0), V(0x80000000), V(STATX_ALL)), SET(V(buffer), V(NULL), V(readonly_page), V(edge)));
  CALL(faccessat, NUMBER, DIRECTORIES, PATHS, SET(V(F_OK), V(R_OK | X_OK), V(8)));
  CALL(faccessat2, NUMBER, ONE(AT_FDCWD), FEW_PATHS, ONE(R_OK), SET(V(0), V(AT_EACCESS), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH), V(1)));
  CALL(inotify_add_watch, NUMBER, SET(V(-1), V(file)), SET(STRING("file"), V(NULL)), ONE(IN_CREATE));
  CALL(getcwd, DONE, SET(V(buffer), V(NULL), V(edge), V(readonly_page)), SET(V(0), V(1), V(4096), V(-1)));
  CALL(newfstatat, NUMBER, DIRECTORIES, PATHS, ONE(buffer), SET(V(0), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH), V(1)));
  CALL(newfstatat, NUMBER, ONE(AT_FDCWD), SET(STRING("file")), SET(V(NULL), V(readonly_page), V(edge)), ONE(0));
  CALL(statfs, NUMBER, PATHS, ONE(buffer));
  CALL(statfs, NUMBER, SET(STRING("file")), SET(V(NULL), V(readonly_page), V(edge)));
  restore = again;
}

static void changing(void) {
  CALL(fchmodat, NUMBER, DIRECTORIES, FEW_PATHS, SET(V(0600), V(0177777)));
  CALL(fchmodat2, NUMBER, ONE(AT_FDCWD), FEW_PATHS, ONE(0600), SET(V(0), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH), V(1)));
  CALL(fchownat, NUMBER, DIRECTORIES, FEW_PATHS, ONE(-1), ONE(-1), SET(V(0), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH), V(1)));
  struct timespec *times = (void *)(buffer + 64);
  static const long nanoseconds[] = {0, 999999999, 1000000000, -1, UTIME_NOW, UTIME_OMIT};
  restore = NULL;
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      times[0] = (struct timespec){5, nanoseconds[i]}, times[1] = (struct timespec){6, nanoseconds[j]};
      printf("nanoseconds %d, %d: ", i, j);
      CALL(utimensat, NUMBER, ONE(AT_FDCWD), SET(STRING("file")), ONE(times), ONE(0));
    }
  restore = again;
  CALL(utimensat, NUMBER, DIRECTORIES, PATHS, SET(V(NULL), V(WILD)), SET(V(0), V(AT_SYMLINK_NOFOLLOW), V(1)));
  CALL(truncate, NUMBER, PATHS, SET(V(0), V(10000), V(-1)));
}

static void attributes(void) {
#define NAMES SET(STRING("user.absent"), STRING("user."), STRING("wrong"), STRING(""), V(NULL), V(WILD), V(long_name))
  CALL(getxattr, NUMBER, SET(STRING("file"), STRING("absent"), V(NULL)), NAMES, SET(V(buffer), V(NULL)), SET(V(0), V(100), V(-1)));
  CALL(setxattr, NUMBER, SET(STRING("file"), STRING("absent")), NAMES, SET(V(buffer), V(WILD)), SET(V(0), V(4), V(100000)), SET(V(0), V(XATTR_CREATE), V(XATTR_REPLACE), V(4)));
  CALL(fsetxattr, NUMBER, SET(V(-1), V(file)), SET(STRING("user.a"), V(NULL)), ONE(buffer), SET(V(0), V(5)), ONE(0));
  CALL(listxattr, DONE, SET(STRING("file"), STRING("absent"), V(WILD)), SET(V(buffer), V(NULL)), SET(V(0), V(100), V(-1)));
  CALL(removexattr, NUMBER, SET(STRING("file"), STRING("absent")), NAMES);
}

int main(void) {
  prepare_pages();
  enter_scratch();
  umask(022);
  memset(long_name, 'n', sizeof long_name - 1);
  memset(longest_name, 'n', 255);
  memset(long_path, 'p', sizeof long_path - 1);
  for (unsigned i = 9; i < sizeof long_path; i += 10) long_path[i] = '/';
  long_path[sizeof long_path - 1] = 0;
  make_tree();
  directory = open(".", O_RDONLY | O_DIRECTORY);
  file = open("/dev/null", O_RDONLY);
  restore = again;
  opening();
  making();
  looking();
  changing();
  attributes();
  remove_tree();
  leave_scratch();
  return finish_checks();
}

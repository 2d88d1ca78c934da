/* Attempts on files: by names, links, directories and descriptors. */
#include "attempts.h"

static long read_file(const char *path) { return opened(open(path, O_RDONLY)); }

static long open_read(void) { return read_file(out("secret")); }
static long open_write(void) { return opened(open(out("secret"), O_WRONLY)); }
static long open_create(void) { return opened(open(out("made"), O_WRONLY | O_CREAT, 0600)); }
static long open_path(void) { return opened(open(out("secret"), O_PATH)); }
static long open_directory(void) { return opened(open(out(""), O_RDONLY | O_DIRECTORY)); }
static long open_tmpfile(void) { return opened(open(out(""), O_RDWR | O_TMPFILE, 0600)); }
static long open_missing(void) { return errno = 0, open(out("missing"), O_RDONLY) < 0 && errno == ENOENT ? 0 : -1; }
static long open_root(void) { return opened(open("/", O_RDONLY | O_DIRECTORY)); }
static long dotdot(void) { return read_file(in("../out/secret")); }
static long dotdot_far(void) { return read_file(in("../../../../../../../../etc/passwd")); }
static long symlink_to_file(void) { return read_file(in("link-out")); }
static long symlink_to_directory(void) { return read_file(in("directory-out/secret")); }
static long symlink_write(void) { return opened(open(in("link-out"), O_WRONLY | O_TRUNC)); }
static long symlink_create(void) { return opened(open(in("link-new"), O_WRONLY | O_CREAT, 0600)); }
static long stat_slash(void) {
  struct stat stat;
  return fstatat(AT_FDCWD, in("directory-out/"), &stat, AT_SYMLINK_NOFOLLOW);
}
static long own_symlink(void) {
  unlink(in("own"));
  STEP(symlink(out("secret"), in("own")));
  return read_file(in("own"));
}
static long symlink_relative(void) {
  unlink(in("own"));
  STEP(symlink("../out/../in/../out/secret", in("own")));
  return read_file(in("own"));
}
static long openat_inherited(void) { return opened(openat(OUT_DIRECTORY, "secret", O_RDONLY)); }
static long openat_dot(void) { return opened(openat(OUT_DIRECTORY, ".", O_RDONLY)); }
static long openat_dotdot(void) {
  int directory = open(in(""), O_PATH);
  STEP(directory);
  long result = openat(directory, "../out/secret", O_RDONLY);
  close(directory);
  return opened(result);
}
static long fchdir_inherited(void) {
  STEP(fchdir(OUT_DIRECTORY));
  long result = read_file("secret");
  STEP(chdir(in("")));
  return result;
}
static long stat_inherited(void) {
  struct stat stat;
  return fstatat(OUT_DIRECTORY, "secret", &stat, 0);
}
static long openat_passed(void) {
  int pair[2];
  STEP(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  int descriptor = OUT_DIRECTORY;
  memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  STEP(sendmsg(pair[0], &message, 0));
  STEP(recvmsg(pair[1], &message, 0));
  memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
  long result = openat(descriptor, "secret", O_RDONLY);
  close(descriptor);
  close(pair[0]);
  close(pair[1]);
  return opened(result);
}
static long openat2_(void) {
  uint64_t how[3] = {O_RDONLY, 0, 0};
  return opened(syscall(SYS_openat2, AT_FDCWD, out("secret"), how, sizeof how));
}
static long hard_link(void) {
  unlink(in("hard"));
  return link(out("secret"), in("hard"));
}
static long hard_link_look(void) {
  unlink(in("hard"));
  return link(look("file"), in("hard"));
}
static long link_inherited(void) {
  unlink(in("hard"));
  return linkat(AT_FDCWD, "/proc/self/fd/4", AT_FDCWD, in("hard"), AT_SYMLINK_FOLLOW);
}
static long link_empty_path(void) {
  unlink(in("hard"));
  return linkat(OUT_FILE, "", AT_FDCWD, in("hard"), AT_EMPTY_PATH);
}
static long reopen_to_write(void) { return opened(open("/proc/self/fd/4", O_RDWR)); }
static long reopen_dev_fd(void) { return opened(open("/dev/fd/4", O_WRONLY)); }
static long reopen_look(void) {
  int file = open(look("file"), O_PATH);
  STEP(file);
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  long result = open(path, O_WRONLY);
  close(file);
  return opened(result);
}
static long through_fd(void) { return read_file("/proc/self/fd/3/secret"); }
static long rename_in(void) { return rename(out("moved"), in("moved")); }
static long rename_out(void) {
  int file = open(in("mine"), O_WRONLY | O_CREAT, 0600);
  STEP(file);
  close(file);
  return rename(in("mine"), out("mine"));
}
static long rename_look(void) { return rename(look("moved"), in("moved")); }
static long rename_exchange(void) {
  return syscall(SYS_renameat2, AT_FDCWD, in("file"), AT_FDCWD, look("file"), 2);
}
static long rename_rule(void) { return rename(in("rule"), in("other")); }
static long unlink_(void) { return unlink(out("removable")); }
static long mkdir_(void) { return mkdir(out("directory"), 0700); }
static long mkfifo_(void) { return mkfifo(out("fifo"), 0600); }
static long symlink_outside(void) { return symlink("x", out("link")); }
static long chmod_(void) { return chmod(out("secret"), 0644); }
static long chown_link(void) { return lchown(in("directory-out/"), getuid(), getgid()); }
static long fchmod_look(void) {
  int file = open(look("file"), O_RDONLY);
  STEP(file);
  long result = fchmod(file, 0644);
  close(file);
  return result;
}
static long fchmod_inherited(void) { return fchmod(OUT_FILE, 0644); }
static long fchown_inherited(void) { return fchownat(OUT_FILE, "", getuid(), getgid(), AT_EMPTY_PATH); }
static long futimens_inherited(void) { return futimens(OUT_FILE, NULL); }
static long fsetxattr_inherited(void) { return fsetxattr(OUT_FILE, "user.x", "y", 1, 0); }
static long setflags_inherited(void) {
  int flags = 0;
  return ioctl(OUT_FILE, _IOW('f', 2, long), &flags);
}
static long truncate_look(void) { return truncate(look("file"), 4); }
static long open_truncate_look(void) { return opened(open(look("truncated"), O_RDONLY | O_TRUNC)); }
static long stat_(void) {
  struct stat stat;
  return lstat(out("secret"), &stat);
}
static long statfs_(void) {
  struct statfs stat;
  return statfs(out("secret"), &stat);
}
static long access_(void) { return access(out("secret"), F_OK); }
static long readlink_(void) {
  char target[64];
  return readlink(out("link-in"), target, sizeof target);
}
static long chdir_(void) {
  long result = chdir(out(""));
  if (result == 0) STEP(chdir(in("")));
  return result;
}
static long getxattr_(void) {
  char value[8];
  long result = getxattr(out("secret"), "user.none", value, sizeof value);
  return result < 0 && errno == ENODATA ? 0 : result;
}
static long inotify(void) {
  int watcher = inotify_init1(0);
  STEP(watcher);
  long result = inotify_add_watch(watcher, out(""), IN_ALL_EVENTS);
  close(watcher);
  return result;
}
static long mknod_device(void) {
  unlink(in("device"));
  return mknod(in("device"), S_IFCHR | 0600, makedev(1, 1));
}
static long open_device(void) { return opened(open("/dev/mem", O_RDONLY)); }
static long open_terminal(void) { return opened(open("/dev/ptmx", O_RDWR)); }
static long handle(void) {
  struct {
    struct file_handle handle;
    char bytes[MAX_HANDLE_SZ];
  } place = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
  int mount;
  if (name_to_handle_at(AT_FDCWD, in("file"), &place.handle, &mount, 0) < 0 && errno == EACCES) return -1;
  return opened(open_by_handle_at(OUT_DIRECTORY, &place.handle, O_RDONLY));
}
static long shared_memory(void) {
  long result = open("/dev/shm/tsemu-sandbox-test", O_RDWR | O_CREAT, 0600);
  if (result >= 0) unlink("/dev/shm/tsemu-sandbox-test");
  return opened(result);
}
static long message_queue(void) {
  long result = syscall(SYS_mq_open, "tsemu-sandbox-test", O_RDWR | O_CREAT, 0600, NULL);
  if (result >= 0) syscall(SYS_mq_unlink, "tsemu-sandbox-test");
  return opened(result);
}

const struct attempt file_attempts[] = {
    {"open-read", open_read},
    {"open-write", open_write},
    {"open-create", open_create},
    {"open-path", open_path},
    {"open-directory", open_directory},
    {"open-tmpfile", open_tmpfile},
    {"open-missing", open_missing},
    {"open-root", open_root},
    {"dotdot", dotdot},
    {"dotdot-far", dotdot_far},
    {"symlink-to-file", symlink_to_file},
    {"symlink-to-directory", symlink_to_directory},
    {"symlink-write", symlink_write},
    {"symlink-create", symlink_create},
    {"own-symlink", own_symlink},
    {"symlink-relative", symlink_relative},
    {"stat-slash", stat_slash},
    {"openat-inherited", openat_inherited},
    {"openat-dot", openat_dot},
    {"openat-dotdot", openat_dotdot},
    {"openat-passed", openat_passed},
    {"openat2", openat2_},
    {"fchdir-inherited", fchdir_inherited},
    {"stat-inherited", stat_inherited},
    {"hard-link", hard_link},
    {"hard-link-look", hard_link_look},
    {"link-inherited", link_inherited},
    {"link-empty-path", link_empty_path},
    {"reopen-to-write", reopen_to_write},
    {"reopen-dev-fd", reopen_dev_fd},
    {"reopen-look", reopen_look},
    {"through-fd", through_fd},
    {"rename-in", rename_in},
    {"rename-out", rename_out},
    {"rename-look", rename_look},
    {"rename-exchange", rename_exchange},
    {"rename-rule", rename_rule},
    {"unlink", unlink_},
    {"mkdir", mkdir_},
    {"mkfifo", mkfifo_},
    {"symlink-outside", symlink_outside},
    {"chmod", chmod_},
    {"chown-link", chown_link},
    {"fchmod-look", fchmod_look},
    {"fchmod-inherited", fchmod_inherited},
    {"fchown-inherited", fchown_inherited},
    {"futimens-inherited", futimens_inherited},
    {"fsetxattr-inherited", fsetxattr_inherited},
    {"setflags-inherited", setflags_inherited},
    {"truncate-look", truncate_look},
    {"open-truncate-look", open_truncate_look},
    {"stat", stat_},
    {"statfs", statfs_},
    {"access", access_},
    {"readlink", readlink_},
    {"chdir", chdir_},
    {"getxattr", getxattr_},
    {"inotify", inotify},
    {"mknod-device", mknod_device},
    {"open-device", open_device},
    {"open-terminal", open_terminal},
    {"handle", handle},
    {"shared-memory", shared_memory},
    {"message-queue", message_queue},
    {0, 0},
};

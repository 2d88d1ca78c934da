/*
 * `-overlay DIR[:UPPER],...`: what is written below a directory goes elsewhere.
 *
 * The kernel does it: a mount namespace of our own, where DIR is covered by an
 * overlay of itself (Documentation/filesystems/overlayfs.rst) and a directory
 * for what is new: UPPER, or a file system in memory, which is gone with the
 * last process that can see it. Who may not mount becomes, before, the only
 * user of a user namespace, which the kernel grants to processes with one
 * thread: therefore here, and not where other options are read.
 */

enum {
  NR_FSTAT = 5,
  NR_GETCWD = 79,
  NR_CHDIR = 80,
  NR_FCHMOD = 91,
  NR_FCHOWN = 93,
  NR_GETUID = 102,
  NR_GETGID = 104,
  NR_MOUNT = 165,
  NR_MKDIRAT = 258,
  NR_UNSHARE = 272,
  CURRENT_DIRECTORY = -100,
  WRITE_ONLY = 1,
  DIRECTORY_CLOEXEC = 02200000,
  MOUNTS_PRIVATE = 0x44000, /* MS_REC | MS_PRIVATE */
  NEW_MOUNTS = 0x20000,
  NEW_USERS = 0x10000000,
  EPERM_NR = 1,
  E2BIG_NR = 7,
  EINVAL_NR = 22,
  LIST_SIZE = 16384,
  MOST_OVERLAYS = 32,
};

/* A directory that is to be covered, opened before any is. */
struct overlay {
  int lower;
  const char *path, *upper;
};

/* Of struct stat. */
struct status {
  u64 device, inode, links;
  u32 mode, user, group, unused[27];
};

static void fail_overlay(const char *path, i64 error) {
  static char text[LIST_SIZE + 16] = "-overlay: ";
  append(text, length(text), path);
  fail(text, error);
}

static void mount(const char *path, const char *type, const char *target, u64 flags, const char *data) {
  register i64 r10 __asm__("r10") = (i64)flags;
  register i64 r8 __asm__("r8") = (i64)data;
  i64 result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(NR_MOUNT), "D"("tsemu"), "S"(target), "d"(type), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  if (result < 0) fail_overlay(path, result);
}

static i64 write_file(const char *path, const char *text) {
  i64 file = sys4(NR_OPENAT, CURRENT_DIRECTORY, (i64)path, WRITE_ONLY, 0);
  if (file < 0) return file;
  i64 error = sys4(NR_WRITE, file, (i64)text, (i64)length(text), 0);
  sys4(NR_CLOSE, file, 0, 0, 0);
  return error < 0 ? error : 0;
}

/* `ID ID 1` for an ID map: it is the same inside. */
static i64 map_id(const char *path, u64 id) {
  char digits[24], map[64];
  digits[sizeof digits - 1] = 0;
  const char *text = decimal(id, digits + sizeof digits - 1);
  append(map, 0, text);
  append(map, length(map), " ");
  append(map, length(map), text);
  append(map, length(map), " 1");
  return write_file(path, map);
}

/* A mount namespace of our own. */
static void leave_mounts(void) {
  i64 error = sys4(NR_UNSHARE, NEW_MOUNTS, 0, 0, 0);
  if (error == -EPERM_NR) {
    u64 user = (u64)sys4(NR_GETUID, 0, 0, 0, 0), group = (u64)sys4(NR_GETGID, 0, 0, 0, 0);
    error = sys4(NR_UNSHARE, NEW_MOUNTS | NEW_USERS, 0, 0, 0);
    /* AppArmor lets everybody make a namespace, and nobody fill in its maps. */
    if (!error) error = write_file("/proc/self/setgroups", "deny");
    if (!error) error = map_id("/proc/self/uid_map", user);
    if (!error) error = map_id("/proc/self/gid_map", group);
  }
  if (error < 0) fail_overlay("user namespaces are not allowed here, and this is not root", error);
  mount("/", 0, "/", MOUNTS_PRIVATE, 0);
}

static int open_directory(int directory, const char *name, const char *path) {
  i64 fd = sys4(NR_OPENAT, directory, (i64)name, DIRECTORY_CLOEXEC, 0);
  if (fd < 0) fail_overlay(path, fd);
  return (int)fd;
}

static int make_directory(int directory, const char *name, const char *path) {
  i64 error = sys4(NR_MKDIRAT, directory, (i64)name, 0700, 0);
  if (error < 0 && error != -EEXIST_NR) fail_overlay(path, error);
  return open_directory(directory, name, path);
}

/* Puts the path of a descriptor behind a text: mount options would need commas and colons of a real one escaped. */
static void append_descriptor(char *text, int fd) {
  char digits[24];
  digits[sizeof digits - 1] = 0;
  append(text, length(text), "/proc/self/fd/");
  append(text, length(text), decimal((u64)fd, digits + sizeof digits - 1));
}

static void cover(const struct overlay *overlay) {
  const char *given = overlay->path;
  char options[256] = "userxattr,lowerdir=", lower[64] = "";
  static char path[LIST_SIZE];
  append_descriptor(options, overlay->lower);
  append_descriptor(lower, overlay->lower);
  /* What has been mounted on a directory is found by its absolute path only: `.` goes on being what is below. */
  i64 end = sys4(NR_READLINK, (i64)lower, (i64)path, sizeof path - 1, 0);
  if (end > 0) path[end] = 0;
  else fail_overlay(given, end);
  if (end == 1) fail_overlay("/", -EINVAL_NR);
  /* The memory lies between the directory and the overlay: nobody else needs a place for it. */
  if (!overlay->upper) mount(given, "tmpfs", path, 0, "mode=0700");
  int place = open_directory(CURRENT_DIRECTORY, overlay->upper ? overlay->upper : path, given);
  int upper = make_directory(place, "upper", given), work = make_directory(place, "work", given);
  /* The directory itself is seen as what is in front. Its owner may be one that we have no right to give. */
  struct status status;
  if (!sys4(NR_FSTAT, overlay->lower, (i64)&status, 0, 0)) {
    sys4(NR_FCHOWN, upper, status.user, status.group, 0);
    sys4(NR_FCHMOD, upper, status.mode & 07777, 0, 0);
  }
  append(options, length(options), ",upperdir=");
  append_descriptor(options, upper);
  append(options, length(options), ",workdir=");
  append_descriptor(options, work);
  mount(given, "overlay", path, 0, options);
  const int used[] = {work, upper, place, overlay->lower};
  for (int i = 0; i < 4; i++) sys4(NR_CLOSE, used[i], 0, 0, 0);
}

/* Covers the directories of a list. Those that lie deeper have to stand behind. */
static void cover_directories(const char *words) {
  static struct overlay overlays[MOST_OVERLAYS];
  static char list[LIST_SIZE], directory[LIST_SIZE];
  int count = 0;
  if (length(words) >= sizeof list) fail_overlay("too long", -E2BIG_NR);
  append(list, 0, words);
  for (char *at = list; *at; count++) {
    if (count == MOST_OVERLAYS) fail_overlay("too many directories", -E2BIG_NR);
    overlays[count].path = at;
    while (*at && *at != ',' && *at != ':') at++;
    if (*at == ':') {
      *at++ = 0;
      overlays[count].upper = at;
      while (*at && *at != ',') at++;
    }
    if (*at == ',') *at++ = 0;
  }
  i64 error = sys4(NR_GETCWD, (i64)directory, sizeof directory, 0, 0);
  if (error < 0) fail_overlay("the working directory", error);
  leave_mounts();
  for (int i = 0; i < count; i++)
    overlays[i].lower = open_directory(CURRENT_DIRECTORY, overlays[i].path, overlays[i].path);
  for (int i = 0; i < count; i++) {
    cover(&overlays[i]);
    /* The working directory may be one that is covered now. */
    error = sys4(NR_CHDIR, (i64)directory, 0, 0, 0);
    if (error < 0) fail_overlay(directory, error);
  }
}

/* Does what the first option says if it is -overlay. */
static void cover_if_wanted(char **words) {
  if (!words[0] || words[0][0] != '-') return;
  const char *option = words[0] + (words[0][1] == '-');
  if (!starts_with(option, "-overlay")) return;
  option += sizeof "-overlay" - 1;
  if (*option == '=') cover_directories(option + 1);
  else if (!*option && words[1]) cover_directories(words[1]);
}

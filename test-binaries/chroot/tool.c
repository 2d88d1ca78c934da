/*
 * What tests/chroot.test.ts and tests/overlay.test.ts ask in a directory: a list of requests, each with its arguments; prints a line for each.
 *
 *     tool cd /etc cat ../motd link /bin/sh
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[4096];

static void say(int failed, const char *what) { puts(failed ? strerrorname_np(errno) : what); }

static void cat(int fd) {
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (count > 0) text[count - (text[count - 1] == '\n')] = 0;
  say(count < 0, text);
  close(fd);
}

static void write_file(const char *path, const char *content) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0640);
  say(fd < 0 || write(fd, content, strlen(content)) < 0, "written");
  close(fd);
}

static void append_text(const char *path, const char *content) {
  int fd = open(path, O_WRONLY | O_APPEND);
  say(fd < 0 || write(fd, content, strlen(content)) < 0, "appended");
  close(fd);
}

static void list(const char *path) {
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory)) printf("%s ", entry->d_name);
  say(!directory, "");
  if (directory) closedir(directory);
}

static void owner(const char *path) {
  struct stat stat;
  struct statx statx_;
  if (lstat(path, &stat) || statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_UID, &statx_)) return say(1, "");
  printf("%d:%d %d:%d %o\n", stat.st_uid, stat.st_gid, statx_.stx_uid, statx_.stx_gid, stat.st_mode & 07777);
}

static void name_of(const char *call, int result, const struct sockaddr_un *address, socklen_t length) {
  if (result < 0) printf("%s %s ", call, strerrorname_np(errno));
  else printf("%s %s%s%s", call, address->sun_path, length == 2 + strlen(address->sun_path) + 1 ? "" : " of another length",
              strcmp(call, "from") ? " " : "");
}

/* Binds, connects and says what the names are, then sends a datagram. */
static void sockets(const char *path) {
  struct sockaddr_un address = {AF_UNIX}, name = {0};
  socklen_t length = sizeof name;
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1)) return say(1, "");
  name_of("bound", getsockname(listener, (void *)&name, &length), &name, length);
  if (connect(client, (void *)&address, sizeof address)) return say(1, "");
  length = sizeof name;
  name_of("peer", getpeername(client, (void *)&name, &length), &name, length);
  unlink(path);
  int to = socket(AF_UNIX, SOCK_DGRAM, 0), from = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct iovec part = {text, sizeof text};
  struct msghdr message = {&name, sizeof name, &part, 1};
  if (bind(to, (void *)&address, sizeof address)) return say(1, "");
  struct sockaddr_un own = {AF_UNIX, "/tmp/sender"};
  bind(from, (void *)&own, sizeof own);
  struct mmsghdr twice[2] = {};
  struct iovec hello = {"hello", 5};
  for (int i = 0; i < 2; i++) twice[i].msg_hdr = (struct msghdr){&address, sizeof address, &hello, 1};
  printf("sent %d ", sendmmsg(from, twice, 2, 0));
  memset(&name, 0, sizeof name);
  ssize_t got = recvmsg(to, &message, 0);
  name_of("from", (int)got, &name, message.msg_namelen);
  unlink(own.sun_path);
  say(unlink(path), "");
}

/* Which name an event has that comes when a file is made. */
static void watch(const char *path) {
  int fd = inotify_init();
  if (inotify_add_watch(fd, path, IN_CREATE) < 0) return say(1, "");
  snprintf(text, sizeof text, "%s/watched", path);
  close(open(text, O_CREAT | O_WRONLY, 0600));
  unlink(text);
  char event[sizeof(struct inotify_event) + NAME_MAX + 1];
  say(read(fd, event, sizeof event) < 0, ((struct inotify_event *)event)->name);
  close(fd);
}

static void ids(void) {
  uid_t user[3];
  gid_t group[3], groups[64];
  getresuid(user, user + 1, user + 2);
  getresgid(group, group + 1, group + 2);
  printf("%d %d %d, %d %d %d, %d groups\n", user[0], user[1], user[2], group[0], group[1], group[2], getgroups(64, groups));
}

static void execute(char **argv) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execv(argv[0], argv);
    say(1, "");
    fflush(stdout);
    _exit(99);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *request = argv[i], *argument = i + 1 < argc ? argv[i + 1] : "", *second = i + 2 < argc ? argv[i + 2] : "";
    int used = 1;
    if (!strcmp(request, "cd")) say(chdir(argument), getcwd(text, sizeof text));
    else if (!strcmp(request, "cat")) cat(open(argument, O_RDONLY));
    else if (!strcmp(request, "list")) list(argument);
    else if (!strcmp(request, "owner")) owner(argument);
    else if (!strcmp(request, "watch")) watch(argument);
    else if (!strcmp(request, "sockets")) sockets(argument);
    else if (!strcmp(request, "mkdir")) say(mkdir(argument, 0755), "made");
    else if (!strcmp(request, "rm")) say(remove(argument), "removed");
    else if (!strcmp(request, "setuid")) say(setgroups(0, 0) || setuid(atoi(argument)), "set");
    else if (!strcmp(request, "link")) {
      ssize_t length = readlink(argument, text, sizeof text - 1);
      if (length >= 0) text[length] = 0;
      say(length < 0, text);
    } else if (!strcmp(request, "ids")) {
      ids();
      used = 0;
    } else if (!strcmp(request, "exec")) {
      execute(argv + i + 1);
      break;
    } else {
      used = 2;
      if (!strcmp(request, "write")) write_file(argument, second);
      else if (!strcmp(request, "append")) append_text(argument, second);
      else if (!strcmp(request, "truncate")) say(truncate(argument, atoi(second)), "truncated");
      else if (!strcmp(request, "chmod")) say(chmod(argument, (mode_t)strtol(second, 0, 8)), "changed");
      else if (!strcmp(request, "symlink")) say(symlink(argument, second), "linked");
      else if (!strcmp(request, "chown")) say(lchown(argument, atoi(second), atoi(second)), "owned");
      else if (!strcmp(request, "rename")) say(rename(argument, second), "renamed");
      else if (!strcmp(request, "at")) cat(openat(open(argument, O_PATH | O_DIRECTORY), second, O_RDONLY));
      else return 2;
    }
    i += used;
  }
  return 0;
}

/* Keys and file notifications of the kernel, where they are allowed: keyrings(7), fanotify(7); and quotas, which nobody has. */
#include "suite.h"
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>

static char text[256];

static long keyctl(int operation, long a, long b, long c, long d) { return syscall(SYS_keyctl, operation, a, b, c, d); }

static void keys(void) {
  const char *payload = "secret", *longer = "another secret";
  long key = syscall(SYS_add_key, "user", "tsemu-suite", payload, 6l, (long)KEY_SPEC_PROCESS_KEYRING);
  if (key == -1) {
    printf("no keys: %s\n", strerrorname_np(errno));
    return;
  }
  CHECK(keyctl(KEYCTL_READ, key, (long)text, sizeof text, 0) == 6 && !memcmp(text, payload, 6));
  CHECK(keyctl(KEYCTL_READ, key, 0, 0, 0) == 6);
  CHECK(keyctl(KEYCTL_DESCRIBE, key, (long)text, sizeof text, 0) > 0 && strstr(text, ";tsemu-suite") && !strncmp(text, "user;", 5));
  CHECK(keyctl(KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, (long)"user", (long)"tsemu-suite", 0) == key);
  CHECK(FAILS(keyctl(KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, (long)"user", (long)"tsemu-none", 0), ENOKEY));
  CHECK(keyctl(KEYCTL_UPDATE, key, (long)longer, 14, 0) == 0 && keyctl(KEYCTL_READ, key, (long)text, sizeof text, 0) == 14 && !memcmp(text, longer, 14));
  CHECK(syscall(SYS_request_key, "user", "tsemu-suite", NULL, 0l) == key);
  CHECK(keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 0, 0, 0) > 0 && keyctl(KEYCTL_SETPERM, key, 0x3f000000, 0, 0) == 0);
  CHECK(FAILS(keyctl(KEYCTL_DESCRIBE, 0x7fffffff, (long)text, sizeof text, 0), ENOKEY) && FAILS(keyctl(KEYCTL_UPDATE, key, 8, 4, 0), EFAULT));
  CHECK(FAILS(syscall(SYS_add_key, "no-such-type", "x", payload, 6l, (long)KEY_SPEC_PROCESS_KEYRING), ENODEV));
  CHECK(FAILS(syscall(SYS_add_key, 8, "x", payload, 6l, (long)KEY_SPEC_PROCESS_KEYRING), EFAULT) && FAILS(keyctl(99, 0, 0, 0, 0), EOPNOTSUPP));
  CHECK(keyctl(KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING, 0, 0) == 0 && FAILS(keyctl(KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, (long)"user", (long)"tsemu-suite", 0), ENOKEY));
}

static void notifications(void) {
  CHECK(FAILS(fanotify_init(1u << 31, 0), EINVAL) || errno == EPERM || errno == ENOSYS);
  int group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_FID, O_RDONLY);
  if (group < 0) {
    printf("no fanotify: %s\n", strerrorname_np(errno));
    return;
  }
  if (fanotify_mark(group, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE | FAN_ONDIR, AT_FDCWD, ".") != 0) {
    printf("no marks: %s\n", strerrorname_np(errno));
    close(group);
    return;
  }
  union { struct fanotify_event_metadata event; char room[4096]; } got;
  CHECK(FAILS(read(group, &got, sizeof got), EAGAIN));
  CHECK(mkdir("made", 0700) == 0 && read(group, &got, sizeof got) >= (ssize_t)FAN_EVENT_METADATA_LEN);
  CHECK(got.event.vers == FANOTIFY_METADATA_VERSION && (got.event.mask & FAN_CREATE) && got.event.fd == FAN_NOFD);
  CHECK(got.event.pid == getpid() || got.event.pid == 0);
  CHECK(rmdir("made") == 0 && read(group, &got, sizeof got) >= (ssize_t)FAN_EVENT_METADATA_LEN && (got.event.mask & FAN_DELETE));
  CHECK(fanotify_mark(group, FAN_MARK_REMOVE, FAN_CREATE | FAN_DELETE | FAN_ONDIR, AT_FDCWD, ".") == 0);
  CHECK(FAILS(fanotify_mark(group, FAN_MARK_REMOVE, FAN_CREATE, AT_FDCWD, "."), ENOENT) && FAILS(fanotify_mark(group, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "none"), ENOENT));
  close(group);
}

int main(void) {
  enter_scratch();
  keys();
  notifications();
  leave_scratch();
  return finish();
}

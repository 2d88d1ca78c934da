/* Attempts by sockets. The caller listens at out/socket and, in the abstract, at the name of the directory. */
#include "attempts.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static long of(int domain, int type, int protocol) { return opened(socket(domain, type, protocol)); }
static long internet(void) { return of(AF_INET, SOCK_STREAM, 0); }
static long internet6(void) { return of(AF_INET6, SOCK_DGRAM, 0); }
static long raw(void) { return of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static long packet(void) { return of(AF_PACKET, SOCK_RAW, 0); }
static long netlink(void) { return of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static long crypto(void) { return of(38, SOCK_SEQPACKET, 0); }

static long unix_call(int (*call)(int, const struct sockaddr *, socklen_t), const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  STEP(descriptor);
  long result = call(descriptor, (struct sockaddr *)&address, sizeof address);
  close(descriptor);
  return result;
}
static long connect_path(void) { return unix_call(connect, out("socket")); }
static long connect_link(void) { return unix_call(connect, in("socket-out")); }
static long connect_look(void) { return unix_call(connect, look("socket")); }
static long bind_path(void) { return unix_call(bind, out("new-socket")); }
static long abstract(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0tsemu-sandbox-test"};
  int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  STEP(descriptor);
  long result = bind(descriptor, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 19);
  close(descriptor);
  return result;
}
/* In all three ways; the number of messages sent, -1 if none could be. */
static long send_all(int descriptor, struct sockaddr_un *address) {
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_name = address, .msg_namelen = sizeof *address, .msg_iov = &part, .msg_iovlen = 1};
  struct mmsghdr messages[] = {{.msg_hdr = message}, {.msg_hdr = message}};
  long results[] = {
      sendto(descriptor, "x", 1, 0, (struct sockaddr *)address, sizeof *address),
      sendmsg(descriptor, &message, 0),
      sendmmsg(descriptor, messages, 2, 0),
  };
  long sent = -1;
  for (int i = 0; i < 3; i++)
    if (results[i] > 0) sent = (sent < 0 ? 0 : sent) + results[i];
  return sent;
}
static long receive(int descriptor, int count) {
  char byte;
  for (; count > 0; count--) STEP(recv(descriptor, &byte, 1, MSG_DONTWAIT));
  return 0;
}
static long send_path(void) {
  int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0), receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  STEP(descriptor);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", in("datagrams"));
  STEP(bind(receiver, (struct sockaddr *)&address, sizeof address));
  if (send_all(descriptor, &address) != 4) return unable("send");
  STEP(receive(receiver, 4));
  // Again and again: nothing is left open.
  struct rlimit before, few;
  STEP(getrlimit(RLIMIT_NOFILE, &before));
  few = (struct rlimit){32, before.rlim_max};
  STEP(setrlimit(RLIMIT_NOFILE, &few));
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};
  for (int i = 0; i < 40; i++) {
    STEP(sendmsg(descriptor, &message, 0));
    STEP(receive(receiver, 1));
  }
  STEP(setrlimit(RLIMIT_NOFILE, &before));
  close(receiver);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", out("datagrams"));
  long result = send_all(descriptor, &address);
  close(descriptor);
  // Nobody is there, as the caller does not listen: the kernel has looked, which is enough.
  return result < 0 && errno == ECONNREFUSED ? 0 : result;
}

/* The numbers that this program does not have must be nobody's, also not when they are passed on. */
static long pass_hidden(void) {
  int pair[2];
  STEP(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  long passed = -1;
  for (int number = pair[1] + 1; number < 1200 && passed < 0; number++) {
    // The caller's caller may have left some open.
    if (fcntl(number, F_GETFD) >= 0) continue;
    union {
      struct cmsghdr header;
      char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &number, sizeof number);
    struct iovec part = {"x", 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (sendmsg(pair[0], &message, MSG_DONTWAIT) >= 0) passed = number;
  }
  close(pair[0]);
  close(pair[1]);
  errno = EBADF;
  return passed;
}

static long filter(void) {
  int pair[2];
  STEP(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  struct {
    unsigned short length;
    void *code;
  } program = {1, (void *)0x400000};
  long result = setsockopt(pair[0], SOL_SOCKET, 26, &program, sizeof program);
  close(pair[0]);
  close(pair[1]);
  return result;
}

const struct attempt socket_attempts[] = {
    {"socket-internet", internet},
    {"socket-internet6", internet6},
    {"socket-raw", raw},
    {"socket-packet", packet},
    {"socket-netlink", netlink},
    {"socket-crypto", crypto},
    {"connect-path", connect_path},
    {"connect-link", connect_link},
    {"connect-look", connect_look},
    {"bind-path", bind_path},
    {"bind-abstract", abstract},
    {"send-path", send_path},
    {"pass-hidden", pass_hidden},
    {"socket-filter", filter},
    {0, 0},
};

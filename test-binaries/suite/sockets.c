/* Sockets: messages in vectors, control messages, options, and what fails how. sendmsg(2), recvmmsg(2), unix(7), ip(7). */
#include "suite.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { COUNT = 4 };
static char rooms[COUNT][16];
static struct iovec vectors[COUNT];
static struct mmsghdr batch[COUNT];

/* Empty rooms for a batch. */
static struct mmsghdr *fresh(void) {
  for (int i = 0; i < COUNT; i++) {
    memset(rooms[i], '-', sizeof rooms[i]);
    vectors[i] = (struct iovec){rooms[i], sizeof rooms[i]};
    batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
  }
  return batch;
}

static void many(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
  struct iovec texts[] = {{"one", 3}, {"two", 3}, {"three", 5}};
  struct mmsghdr sent[3] = {{.msg_hdr = {.msg_iov = texts, .msg_iovlen = 1}},
                            {.msg_hdr = {.msg_iov = texts + 1, .msg_iovlen = 1}},
                            {.msg_hdr = {.msg_iov = texts, .msg_iovlen = 3}}};
  CHECK(sendmmsg(pair[0], sent, 3, 0) == 3 && sent[0].msg_len == 3 && sent[2].msg_len == 11);
  CHECK(recvmmsg(pair[1], fresh(), 2, 0, NULL) == 2 && batch[0].msg_len == 3 && !memcmp(rooms[1], "two-", 4));
  CHECK(recvmmsg(pair[1], fresh(), COUNT, MSG_DONTWAIT, NULL) == 1 && batch[0].msg_len == 11 && !memcmp(rooms[0], "onetwothree-", 12));
  CHECK(FAILS(recvmmsg(pair[1], fresh(), COUNT, MSG_DONTWAIT, NULL), EAGAIN));
  CHECK(recvmmsg(pair[1], fresh(), 0, 0, NULL) == 0);
  CHECK(sendmmsg(pair[0], sent, 2, 0) == 2);
  CHECK(recvmmsg(pair[1], fresh(), COUNT, MSG_WAITFORONE, NULL) == 2 && !memcmp(rooms[1], "two-", 4));
  struct timespec wrong = {0, 1000000000}, none = {0, 0}, ample = {100, 0};
  CHECK(FAILS(recvmmsg(pair[1], fresh(), 1, 0, &wrong), EINVAL));
  CHECK(sendmmsg(pair[0], sent, 3, 0) == 3);
  CHECK(recvmmsg(pair[1], fresh(), COUNT, 0, &none) == 1 && none.tv_sec == 0 && none.tv_nsec == 0);
  CHECK(recvmmsg(pair[1], fresh(), 2, 0, &ample) == 2 && ample.tv_sec < 100 && ample.tv_sec > 0);
  fresh();
  vectors[0].iov_len = 2;
  CHECK(sendmmsg(pair[0], sent + 2, 1, 0) == 1 && recvmmsg(pair[1], batch, 1, 0, NULL) == 1);
  CHECK(batch[0].msg_len == 2 && batch[0].msg_hdr.msg_flags == MSG_TRUNC);
  vectors[0].iov_len = 2;
  CHECK(sendmmsg(pair[0], sent + 2, 1, 0) == 1 && recvmmsg(pair[1], batch, 1, MSG_TRUNC, NULL) == 1 && batch[0].msg_len == 11);
  /* Where time_t has 32 bits, glibc looks at what it gets. */
  CHECK(sizeof(long) == 4 || (FAILS(recvmmsg(pair[1], (void *)8, 1, MSG_DONTWAIT, NULL), EFAULT) && FAILS(sendmmsg(pair[0], (void *)8, 1, 0), EFAULT)));
  int file = open("/dev/null", O_RDWR);
  CHECK(FAILS(recvmmsg(-1, fresh(), 1, 0, NULL), EBADF) && FAILS(recvmmsg(file, fresh(), 1, 0, NULL), ENOTSOCK));
  close(file);
  struct timeval moment = {0, 10000};
  CHECK(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment) == 0 && FAILS(recvmmsg(pair[1], fresh(), 1, 0, NULL), EAGAIN));
  close(pair[0]), close(pair[1]);
}

/* Sends a byte with control data, receives it into `room` bytes of control data. */
static ssize_t exchange(int pair[2], struct cmsghdr *control, size_t length, struct msghdr *got, void *room, size_t size) {
  char byte = 'x';
  static char into[4];
  static struct iovec out, in;
  out = (struct iovec){&byte, 1}, in = (struct iovec){into, sizeof into};
  struct msghdr message = {.msg_iov = &out, .msg_iovlen = 1, .msg_control = control, .msg_controllen = length};
  if (sendmsg(pair[0], &message, 0) != 1) return -1;
  *got = (struct msghdr){.msg_iov = &in, .msg_iovlen = 1, .msg_control = room, .msg_controllen = size};
  return recvmsg(pair[1], got, MSG_CMSG_CLOEXEC);
}

static void control(void) {
  int pair[2], pipes[2], one = 1;
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && pipe(pipes) == 0);
  union { struct cmsghdr header; char room[CMSG_SPACE(2 * sizeof(int))]; } send = {.header = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  memcpy(CMSG_DATA(&send.header), pipes, sizeof pipes);
  char room[256];
  struct msghdr got;
  CHECK(exchange(pair, &send.header, sizeof send, &got, room, sizeof room) == 1);
  struct cmsghdr *first = CMSG_FIRSTHDR(&got);
  int passed[2] = {-1, -1};
  CHECK(first && first->cmsg_type == SCM_RIGHTS && first->cmsg_len == CMSG_LEN(2 * sizeof(int)) && !CMSG_NXTHDR(&got, first));
  if (first) memcpy(passed, CMSG_DATA(first), sizeof passed);
  CHECK(passed[0] != pipes[0] && write(passed[1], "through", 7) == 7 && read(pipes[0], room, 9) == 7 && !memcmp(room, "through", 7));
  CHECK(fcntl(passed[0], F_GETFD) == FD_CLOEXEC);
  close(passed[0]), close(passed[1]);
  CHECK(exchange(pair, &send.header, sizeof send, &got, room, CMSG_LEN(sizeof(int))) == 1 && (got.msg_flags & MSG_CTRUNC));
  first = CMSG_FIRSTHDR(&got);
  CHECK(first && first->cmsg_len == CMSG_LEN(sizeof(int)));
  if (first) memcpy(passed, CMSG_DATA(first), sizeof(int)), close(passed[0]);
  CHECK(exchange(pair, &send.header, sizeof send, &got, NULL, 0) == 1 && (got.msg_flags & MSG_CTRUNC));
  int bad = 9999;
  memcpy(CMSG_DATA(&send.header), &bad, sizeof bad);
  CHECK(FAILS(exchange(pair, &send.header, sizeof send, &got, room, sizeof room), EBADF));
  send.header.cmsg_len = 2;
  CHECK(FAILS(exchange(pair, &send.header, sizeof send, &got, room, sizeof room), EINVAL));

  CHECK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one) == 0);
  CHECK(exchange(pair, NULL, 0, &got, room, sizeof room) == 1);
  first = CMSG_FIRSTHDR(&got);
  struct ucred who = {0};
  if (first) memcpy(&who, CMSG_DATA(first), sizeof who);
  CHECK(first && first->cmsg_type == SCM_CREDENTIALS && who.pid == getpid() && who.uid == getuid() && who.gid == getgid());
  struct ucred peer;
  socklen_t size = sizeof peer;
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid() && size == sizeof peer);
  close(pair[0]), close(pair[1]), close(pipes[0]), close(pipes[1]);
}

static void internet(void) {
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, value = -1;
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, other;
  socklen_t size = sizeof name, length = sizeof value;
  CHECK(server >= 0 && bind(server, (void *)&name, sizeof name) == 0 && listen(server, 5) == 0);
  CHECK(getsockname(server, (void *)&name, &size) == 0 && size == sizeof name && name.sin_port != 0);
  CHECK(getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1 && length == sizeof value);
  CHECK(FAILS(bind(server, (void *)&name, sizeof name), EINVAL) && FAILS(accept4(server, NULL, NULL, 1), EINVAL));
  int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(FAILS(getpeername(client, (void *)&other, &size), ENOTCONN) && FAILS(send(client, "x", 1, MSG_NOSIGNAL), EPIPE));
  CHECK(connect(client, (void *)&name, sizeof name) == 0 || errno == EINPROGRESS);
  int accepted = accept4(server, (void *)&other, &size, SOCK_NONBLOCK);
  CHECK(accepted >= 0 && other.sin_family == AF_INET && other.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  CHECK((fcntl(accepted, F_GETFL) & O_NONBLOCK) && FAILS(recv(accepted, rooms[0], 1, 0), EAGAIN));
  CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 && getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &length) == 0 && value == 1);
  CHECK(FAILS(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, 2), EINVAL) && FAILS(getsockopt(client, 12345, 1, &value, &length), EOPNOTSUPP));
  struct linger linger = {1, 3}, linger_got;
  length = sizeof linger_got;
  CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 && getsockopt(client, SOL_SOCKET, SO_LINGER, &linger_got, &length) == 0 && linger_got.l_onoff && linger_got.l_linger == 3);
  struct timeval wait = {2, 500000}, wait_got;
  length = sizeof wait_got;
  CHECK(setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 && getsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &wait_got, &length) == 0);
  CHECK(wait_got.tv_sec == 2 && wait_got.tv_usec == 500000 && length == sizeof wait_got);
  CHECK(send(client, "hello", 5, 0) == 5);
  struct pollfd ready = {accepted, POLLIN, 0};
  CHECK(poll(&ready, 1, 5000) == 1 && ready.revents == POLLIN && ioctl(accepted, FIONREAD, &value) == 0 && value == 5);
  CHECK(recv(accepted, rooms[0], 16, MSG_PEEK) == 5 && recv(accepted, rooms[0], 16, 0) == 5);
  CHECK(shutdown(client, SHUT_WR) == 0 && poll(&ready, 1, 5000) == 1 && recv(accepted, rooms[0], 16, 0) == 0);
  CHECK(FAILS(shutdown(client, 9), EINVAL));
  close(client), close(accepted), close(server);

  int datagram = socket(AF_INET, SOCK_DGRAM, 0);
  size = sizeof name;
  name.sin_port = 0;
  CHECK(bind(datagram, (void *)&name, sizeof name) == 0 && getsockname(datagram, (void *)&name, &size) == 0);
  CHECK(setsockopt(datagram, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) == 0 && setsockopt(datagram, IPPROTO_IP, IP_RECVTTL, &one, sizeof one) == 0);
  CHECK(sendto(datagram, "data", 4, 0, (void *)&name, sizeof name) == 4);
  char room[256];
  struct iovec in = {rooms[0], 16};
  struct msghdr got = {.msg_name = &other, .msg_namelen = sizeof other, .msg_iov = &in, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  CHECK(recvmsg(datagram, &got, 0) == 4 && got.msg_namelen == sizeof other && other.sin_port == name.sin_port);
  int infos = 0, ttls = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&got); c; c = CMSG_NXTHDR(&got, c)) {
    struct in_pktinfo info;
    int ttl;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) memcpy(&info, CMSG_DATA(c), sizeof info), infos += info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) memcpy(&ttl, CMSG_DATA(c), sizeof ttl), ttls += ttl == 64;
  }
  CHECK(infos == 1 && ttls == 1);
  CHECK(FAILS(sendto(datagram, "data", 4, 0, (void *)&name, 3), EINVAL) && FAILS(send(datagram, "data", 4, 0), EDESTADDRREQ));
  CHECK(FAILS(socket(AF_INET, 99, 0), EINVAL) && FAILS(socket(999, SOCK_STREAM, 0), EAFNOSUPPORT) && FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT));
  close(datagram);
}

/* Filters: programs of classic BPF that say how much of a message comes. */
static void filters(void) {
  int pair[2], length = 0;
  socklen_t size = sizeof length;
  struct sock_filter cut[] = {{BPF_RET | BPF_K, 0, 0, 3}}, nonsense[] = {{0xffff, 0, 0, 0}};
  struct sock_fprog program = {1, cut}, bad = {1, nonsense}, nowhere = {1, (void *)8};
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
  CHECK(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  CHECK(send(pair[0], "cut off", 7, 0) == 7 && recv(pair[1], rooms[0], 16, 0) == 3);
  CHECK(FAILS(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &bad, sizeof bad), EINVAL));
  CHECK(FAILS(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &nowhere, sizeof nowhere), EFAULT));
  CHECK(FAILS(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, 3), EINVAL));
  CHECK(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &length, size) == 0 && FAILS(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &length, size), ENOENT));
  CHECK(getsockopt(pair[1], SOL_SOCKET, SO_TYPE, &length, &size) == 0 && length == SOCK_DGRAM);
  CHECK(FAILS(getsockopt(pair[1], SOL_SOCKET, SO_TYPE, (void *)8, &size), EFAULT) && FAILS(getsockopt(pair[1], SOL_SOCKET, SO_TYPE, &length, (void *)8), EFAULT));
  CHECK(FAILS(setsockopt(pair[1], SOL_SOCKET, 9999, &length, size), ENOPROTOOPT) && FAILS(setsockopt(-1, SOL_SOCKET, SO_DEBUG, &length, size), EBADF));
  close(pair[0]), close(pair[1]);
}

/* Requests about interfaces: netdevice(7). */
static void interfaces(void) {
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq request = {.ifr_name = "lo"};
  unsigned index = if_nametoindex("lo");
  char name[IF_NAMESIZE];
  CHECK(index > 0 && if_indextoname(index, name) && !strcmp(name, "lo") && if_nametoindex("no-such-one") == 0);
  CHECK(ioctl(any, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_LOOPBACK));
  CHECK(ioctl(any, SIOCGIFADDR, &request) == 0 && ((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  CHECK(ioctl(any, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 1000 && ioctl(any, SIOCGIFINDEX, &request) == 0 && (unsigned)request.ifr_ifindex == index);
  strcpy(request.ifr_name, "none");
  CHECK(FAILS(ioctl(any, SIOCGIFINDEX, &request), ENODEV) && FAILS(ioctl(any, SIOCGIFINDEX, (void *)8), EFAULT));
  struct ifreq list[32];
  struct ifconf all = {.ifc_len = sizeof list, .ifc_req = list};
  int loopbacks = 0;
  /* A structure of a pointer: not of 32-bit programs. */
  if (sizeof(long) == 8 && ioctl(any, SIOCGIFCONF, &all) == 0)
    for (size_t i = 0; i < all.ifc_len / sizeof *list; i++) loopbacks += !strcmp(list[i].ifr_name, "lo");
  CHECK(loopbacks == (sizeof(long) == 8) && all.ifc_req == list);
  struct if_nameindex *names = if_nameindex();
  int found = 0;
  for (struct if_nameindex *at = names; at && at->if_index; at++) found += !strcmp(at->if_name, "lo");
  CHECK(found == 1);
  if_freenameindex(names);
  CHECK(FAILS(ioctl(any, 0xc0184142, list), ENOTTY));
  close(any);
}

int main(void) {
  many();
  filters();
  interfaces();
  control();
  internet();
  return finish();
}

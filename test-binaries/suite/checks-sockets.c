/* Sockets of this machine: of the file system, and of the loopback interface. */
#include "checks.h"
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

static int file, stream, peer, datagram, tcp, udp, listening;
static struct sockaddr_in *loopback;
static struct sockaddr_un *path;

static void fill(void) {
  fill_buffer();
  loopback = (void *)(buffer + 1024);
  *loopback = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  path = (void *)(buffer + 1100);
  *path = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "absent"};
}

static void again(void) {
  char bytes[256];
  const int sockets[] = {stream, peer, datagram, udp};
  for (int i = 0; i < 4; i++)
    while (recv(sockets[i], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
      ;
  unlink("new");
  fill();
}

#define SOCKETS SET(V(-1), V(999), V(file), V(stream), V(datagram), V(tcp), V(udp), V(listening))
#define LENGTHS SET(V(0), V(2), V(16), V(110), V(128), V(129), V(-1))

static void making(void) {
  CALL(socket, DESCRIPTOR, SET(V(AF_UNIX), V(AF_INET), V(AF_INET6), V(AF_NETLINK), V(0), V(-1), V(99)),
       SET(V(SOCK_STREAM), V(SOCK_DGRAM), V(SOCK_SEQPACKET), V(SOCK_RDM), V(0), V(99), V(SOCK_STREAM | SOCK_CLOEXEC), V(SOCK_STREAM | 0x100000)),
       SET(V(0), V(1), V(IPPROTO_TCP), V(IPPROTO_UDP), V(9999), V(-1)));
  CALL(socketpair, NUMBER, SET(V(AF_INET), V(99)), SET(V(SOCK_STREAM), V(99)), SET(V(0), V(7)), SET(V(buffer), V(NULL)));
  CALL(socketpair, NUMBER, SET(V(AF_UNIX)), SET(V(SOCK_STREAM)), SET(V(0), V(7)), SET(V(NULL), V(readonly_page), V(WILD)));
}

static void addresses(void) {
  restore = NULL;
  CALL(bind, NUMBER, SOCKETS, SET(V(NULL), V(WILD), V(no_access), V(edge)), LENGTHS);
  CALL(connect, NUMBER, SOCKETS, SET(V(NULL), V(WILD), V(no_access), V(edge), V(path)), LENGTHS);
  CALL(bind, NUMBER, SET(V(-1), V(file), V(tcp)), SET(V(path)), LENGTHS);
  CALL(bind, NUMBER, SET(V(stream)), SET(V(loopback)), LENGTHS);
  CALL(getsockname, NUMBER, SOCKETS, POINTERS, SET(V(buffer + 2048), V(NULL), V(WILD)));
  CALL(getpeername, NUMBER, SOCKETS, POINTERS, SET(V(buffer + 2048), V(NULL)));
  int *length = (void *)(buffer + 2048);
  static const int lengths[] = {0, 2, 16, 128, -1};
  for (int i = 0; i < 5; i++) {
    *length = lengths[i];
    printf("length %d: ", i);
    CALL(getsockname, DONE, ONE(listening), ONE(buffer), ONE(length));
    printf("gives %d\n", *length);
    *length = lengths[i];
    printf("length %d: ", i);
    fill_buffer(), *length = lengths[i];
    CALL(getpeername, INTS, ONE(stream), ONE(buffer), ONE(length));
    printf("gives %d\n", *length);
  }
  restore = again;
  CALL(listen, NUMBER, SET(V(-1), V(file), V(datagram), V(udp), V(listening)), SET(V(0), V(-1), V(5)));
  CALL(accept4, NUMBER, SOCKETS, SET(V(NULL), V(WILD)), SET(V(NULL), V(WILD)), SET(V(0), V(SOCK_CLOEXEC), V(1)));
}

static void data(void) {
  CALL(sendto, NUMBER, SOCKETS, SET(V(buffer), V(NULL), V(edge)), SET(V(0), V(8)), SET(V(MSG_DONTWAIT | MSG_NOSIGNAL), V(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB)), ONE(NULL), ONE(0));
  CALL(sendto, NUMBER, SET(V(-1), V(datagram), V(stream)), ONE(buffer), ONE(8), SET(V(MSG_DONTWAIT | MSG_NOSIGNAL)), SET(V(path), V(WILD), V(edge)), LENGTHS);
  CALL(recvfrom, NUMBER, SOCKETS, POINTERS, SET(V(0), V(8)), SET(V(MSG_DONTWAIT), V(MSG_DONTWAIT | MSG_PEEK), V(MSG_DONTWAIT | MSG_ERRQUEUE)), SET(V(NULL), V(buffer), V(WILD)), SET(V(NULL), V(buffer + 2048)));
  CALL(sendmsg, NUMBER, SOCKETS, SET(V(NULL), V(WILD), V(edge), V(no_access)), ONE(MSG_DONTWAIT | MSG_NOSIGNAL));
  CALL(recvmsg, NUMBER, SOCKETS, SET(V(NULL), V(WILD), V(edge), V(no_access)), ONE(MSG_DONTWAIT));
  CALL(sendmmsg, NUMBER, SET(V(-1), V(file), V(stream)), SET(V(NULL), V(WILD)), SET(V(0), V(1)), ONE(MSG_DONTWAIT));
  CALL(recvmmsg, NUMBER, SET(V(-1), V(file), V(stream)), SET(V(NULL), V(WILD)), SET(V(0), V(1)), ONE(MSG_DONTWAIT), ONE(NULL));
  /* Messages with good and bad parts, sent and received. */
  struct msghdr *m = (void *)(buffer + 512);
  struct iovec *v = (void *)(buffer + 700);
  struct cmsghdr *c = (void *)(buffer + 1600);
  restore = NULL;
  void *const bases[] = {buffer, edge, NULL, WILD};
  static const size_t lengths[] = {0, 8, (size_t)-1};
  static const size_t counts[] = {0, 1, 1025};
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 3; k++)
        for (int receive = 0; receive < 2; receive++) {
          again();
          if (receive && send(peer, "message", 8, MSG_DONTWAIT) != 8) exit(95);
          *v = (struct iovec){bases[i], lengths[j]};
          *m = (struct msghdr){.msg_iov = v, .msg_iovlen = counts[k]};
          printf("base %d length %d count %d: ", i, j, k);
          if (receive) CALL(recvmsg, NUMBER, ONE(stream), ONE(m), ONE(MSG_DONTWAIT));
          else CALL(sendmsg, NUMBER, ONE(stream), ONE(m), ONE(MSG_DONTWAIT | MSG_NOSIGNAL));
        }
  static const int levels[] = {SOL_SOCKET, SOL_IP, 0};
  static const int types[] = {SCM_RIGHTS, SCM_CREDENTIALS, 77};
  const int contents[] = {-1, 0, 999, 1};
  static const size_t sizes[] = {0, 1, 8};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 4; k++)
        for (int l = 0; l < 3; l++) {
          again();
          *v = (struct iovec){buffer, 1};
          c->cmsg_level = levels[i], c->cmsg_type = types[j];
          c->cmsg_len = sizes[l] == 8 ? CMSG_LEN(4) : sizes[l];
          *(int *)CMSG_DATA(c) = contents[k];
          *m = (struct msghdr){.msg_iov = v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = CMSG_SPACE(4)};
          printf("level %d type %d content %d size %d: ", i, j, k, l);
          CALL(sendmsg, NUMBER, ONE(stream), ONE(m), ONE(MSG_DONTWAIT | MSG_NOSIGNAL));
        }
  again();
}

static void options(void) {
  int *value = (void *)(buffer + 256), *length = (void *)(buffer + 512);
  restore = again;
  CALL(getsockopt, NUMBER, SOCKETS, SET(V(SOL_SOCKET), V(IPPROTO_TCP), V(99)), SET(V(SO_TYPE), V(SO_ERROR), V(SO_LINGER), V(SO_PEERCRED), V(9999)), SET(V(value), V(WILD)), SET(V(NULL), V(WILD)));
  restore = NULL;
  static const int names[] = {SO_TYPE, SO_ERROR, SO_REUSEADDR, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL, SO_LINGER, SO_RCVLOWAT, SO_KEEPALIVE, SO_PRIORITY, SO_PASSCRED, SO_OOBINLINE};
  static const int lengths[] = {0, 1, 4, 8, 100, -1};
  const struct { const char *name; int socket; } which[] = {{"stream", stream}, {"tcp", tcp}, {"udp", udp}};
  for (int i = 0; i < 3; i++)
    for (unsigned j = 0; j < sizeof names / sizeof *names; j++)
      for (int k = 0; k < 6; k++) {
        fill();
        *length = lengths[k];
        printf("%s, option %d, length %d: ", which[i].name, j, k);
        CALL(getsockopt, INTS, SET({"socket", which[i].socket}), ONE(SOL_SOCKET), SET({"option", names[j]}), ONE(buffer), ONE(length));
        printf("gives %d\n", *length);
      }
  restore = again;
  CALL(setsockopt, NUMBER, SOCKETS, SET(V(SOL_SOCKET), V(IPPROTO_TCP), V(IPPROTO_IP), V(99)), SET(V(SO_REUSEADDR), V(SO_TYPE), V(TCP_NODELAY), V(SO_RCVTIMEO), V(9999)),
       SET(V(value), V(NULL), V(WILD)), SET(V(0), V(4), V(16), V(-1)));
  CALL(shutdown, NUMBER, SET(V(-1), V(file), V(tcp), V(udp)), SET(V(SHUT_RD), V(SHUT_RDWR), V(3), V(-1)));
}

int main(void) {
  prepare_pages();
  enter_scratch();
  fill();
  file = open("/dev/null", O_RDWR);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)) return 96;
  stream = pair[0], peer = pair[1];
  datagram = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listening, (void *)loopback, sizeof *loopback) || listen(listening, 5)) return 97;
  restore = again;
  making();
  addresses();
  data();
  options();
  unlink("absent");
  leave_scratch();
  return finish_checks();
}

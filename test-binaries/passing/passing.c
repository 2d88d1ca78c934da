/*
 * Two processes that pass each other descriptors over a UNIX socket (SCM_RIGHTS, SCM_CREDENTIALS), one of which may be
 * a guest and the other not. `listen PATH` or `connect PATH`: both do the same, in turns.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIPE, FILE_READ, MEMORY, EVENT, PASSED, MANY = 200 };

#define CHECK(x) ((x) ? (void)0 : give_up(#x, __LINE__))
static void give_up(const char *what, int line) {
  fprintf(stderr, "line %d: %s: %s\n", line, what, strerror(errno));
  exit(1);
}

/* One byte, with descriptors if there are any and with the sender's credentials. */
static void send_descriptors(int socket, const int *fds, size_t count) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MANY * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  } control = {0};
  char byte = '!';
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(head), fds, count * sizeof(int));
  head = CMSG_NXTHDR(&message, head);
  struct ucred self = {getpid(), getuid(), getgid()};
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof self), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS};
  memcpy(CMSG_DATA(head), &self, sizeof self);
  message.msg_controllen = CMSG_SPACE(count * sizeof(int)) + CMSG_SPACE(sizeof self);
  CHECK(sendmsg(socket, &message, 0) == 1);
}

/* How many descriptors came; all are closed on exec. */
static size_t receive_descriptors(int socket, int *fds, size_t room, struct ucred *sender, int *flags) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MANY * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  } control;
  char byte;
  struct iovec part = {&byte, 1};
  size_t length = CMSG_SPACE(sizeof *sender) + CMSG_SPACE(room * sizeof(int)), count = 0;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = length};
  CHECK(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && byte == '!');
  for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head)) {
    CHECK(head->cmsg_level == SOL_SOCKET);
    if (head->cmsg_type == SCM_CREDENTIALS) memcpy(sender, CMSG_DATA(head), sizeof *sender);
    else {
      CHECK(head->cmsg_type == SCM_RIGHTS);
      count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      memcpy(fds, CMSG_DATA(head), count * sizeof(int));
    }
  }
  *flags = message.msg_flags;
  for (size_t i = 0; i < count; i++) CHECK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
  return count;
}

/* Gives four descriptors of different kinds, and sees what the other has done with them. */
static void give(int socket, const char *name) {
  int ends[2], fds[PASSED];
  char answer[64] = "";
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  fds[PIPE] = ends[1];
  CHECK((fds[FILE_READ] = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) >= 0);
  CHECK(write(fds[FILE_READ], "0123456789", 10) == 10 && lseek(fds[FILE_READ], 3, SEEK_SET) == 3 && unlink(name) == 0);
  CHECK((fds[MEMORY] = memfd_create("shared", MFD_CLOEXEC)) >= 0 && ftruncate(fds[MEMORY], 4096) == 0);
  volatile uint32_t *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[MEMORY], 0);
  CHECK(memory != MAP_FAILED);
  memory[0] = 0x12345678;
  CHECK((fds[EVENT] = eventfd(5, EFD_CLOEXEC)) >= 0);
  send_descriptors(socket, fds, PASSED);
  CHECK(close(ends[1]) == 0);
  /* The pipe's last writer is the other process: its end is the end of what it writes. */
  size_t length = 0;
  for (ssize_t got; (got = read(ends[0], answer + length, sizeof answer - 1 - length)) != 0; length += (size_t)got)
    CHECK(got > 0);
  printf("pipe: %s\n", answer);
  /* The offset is one of both. */
  printf("offset %ld, memory %#x, ", (long)lseek(fds[FILE_READ], 0, SEEK_CUR), memory[1]);
  uint64_t events;
  CHECK(read(fds[EVENT], &events, sizeof events) == sizeof events);
  printf("event %lu\n", (unsigned long)events);
  /* As many as fit: the others are closed, and MSG_CTRUNC says so. */
  int many[MANY];
  for (int i = 0; i < MANY; i++) many[i] = ends[0];
  send_descriptors(socket, many, MANY);
  send_descriptors(socket, many, MANY);
}

static void take(int socket, pid_t peer) {
  int fds[MANY], flags, free_before = dup(0);
  struct ucred sender = {0};
  CHECK(free_before >= 0 && close(free_before) == 0);
  size_t count = receive_descriptors(socket, fds, PASSED, &sender, &flags);
  printf("%zu descriptors, sender %s\n", count, sender.pid == peer && sender.uid == getuid() ? "right" : "wrong");
  CHECK(count == PASSED && (flags & MSG_CTRUNC) == 0);
  char text[8] = "";
  CHECK(read(fds[FILE_READ], text, 4) == 4);
  printf("file from its offset on: %s\n", text);
  volatile uint32_t *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[MEMORY], 0);
  CHECK(memory != MAP_FAILED);
  memory[1] = memory[0] + 1;
  uint64_t more = 2;
  CHECK(write(fds[EVENT], &more, sizeof more) == sizeof more && dprintf(fds[PIPE], "written by the other") > 0);
  for (int i = 0; i < PASSED; i++) CHECK(close(fds[i]) == 0);
  count = receive_descriptors(socket, fds, MANY, &sender, &flags);
  printf("%zu, truncated %d\n", count, (flags & MSG_CTRUNC) != 0);
  for (size_t i = 0; i < count; i++) CHECK(close(fds[i]) == 0);
  count = receive_descriptors(socket, fds, PASSED, &sender, &flags);
  printf("truncated %d\n", (flags & MSG_CTRUNC) != 0);
  for (size_t i = 0; i < count; i++) CHECK(close(fds[i]) == 0);
  printf("%s left open\n", dup(0) == free_before ? "none" : "some");
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int listens = strcmp(argv[1], "listen") == 0, on = 1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char name[sizeof address.sun_path + 8], byte = 0;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
  snprintf(name, sizeof name, "%s.%s", argv[2], argv[1]);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0);
  if (listens) {
    CHECK(bind(fd, (void *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
    int connection = accept(fd, NULL, NULL);
    CHECK(connection >= 0 && dup2(connection, fd) == fd && close(connection) == 0);
  } else {
    while (connect(fd, (void *)&address, sizeof address) != 0) {
      CHECK(errno == ENOENT || errno == ECONNREFUSED);
      usleep(10000);
    }
  }
  CHECK(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
  /* Credentials go with what is sent from now on only, so each tells the other that it is ready for them. */
  CHECK(send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1);
  struct ucred peer;
  socklen_t size = sizeof peer;
  CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
  if (listens) give(fd, name);
  take(fd, peer.pid);
  if (!listens) give(fd, name);
  return 0;
}

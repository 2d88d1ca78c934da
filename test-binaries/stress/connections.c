/* 500 connections over the loopback interface at a time: one thread serves all with epoll, two ask. Size: questions on each. */
#include "stress.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CLIENTS = 2, EACH = 250, CONNECTIONS = CLIENTS * EACH, BATCH = 64 };
static struct sockaddr_in address;
static long questions;

static uint64_t answer(uint64_t question) { return question * 0x9e3779b97f4a7c15ull + 1; }

/* Sends and receives are so small that they are never made in parts. */
static void *serve(void *argument) {
  int listening = *(int *)argument;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event events[BATCH], wanted = {.events = EPOLLIN, .data.fd = listening};
  EXPECT(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &wanted) == 0);
  for (int ended = 0; ended < CONNECTIONS;) {
    int count = epoll_wait(epoll, events, BATCH, -1);
    EXPECT(count > 0);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listening) {
        struct epoll_event data = {.events = EPOLLIN | EPOLLET, .data.fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK)};
        EXPECT(data.data.fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, data.data.fd, &data) == 0);
        continue;
      }
      uint64_t question;
      ssize_t size;
      while ((size = recv(fd, &question, sizeof question, 0)) == sizeof question) {
        question = answer(question);
        EXPECT(send(fd, &question, sizeof question, MSG_NOSIGNAL) == sizeof question);
      }
      EXPECT(size == 0 || (size == -1 && errno == EAGAIN));
      if (size == 0) EXPECT(close(fd) == 0 && ++ended);
    }
  }
  EXPECT(close(epoll) == 0);
  return NULL;
}

static void *ask(void *argument) {
  uint64_t next = (uint64_t)(uintptr_t)argument << 40;
  int fds[EACH], on = 1;
  for (int i = 0; i < EACH; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(fds[i] >= 0 && connect(fds[i], (void *)&address, sizeof address) == 0);
    EXPECT(setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
  }
  for (long round = 0; round < questions; round++, next += EACH) {
    for (int i = 0; i < EACH; i++) {
      uint64_t question = next + (uint64_t)i;
      EXPECT(send(fds[i], &question, sizeof question, MSG_NOSIGNAL) == sizeof question);
    }
    for (int i = 0; i < EACH; i++) {
      uint64_t reply;
      EXPECT(recv(fds[i], &reply, sizeof reply, MSG_WAITALL) == sizeof reply && reply == answer(next + (uint64_t)i));
    }
  }
  for (int i = 0; i < EACH; i++) EXPECT(close(fds[i]) == 0);
  return NULL;
}

int main(int argc, char **argv) {
  questions = size_argument(argc, argv, 10000);
  begin();
  struct rlimit files = {0};
  EXPECT(getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max < 2048 ? files.rlim_max : 2048;
  EXPECT(setrlimit(RLIMIT_NOFILE, &files) == 0);
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT(listening >= 0 && bind(listening, (void *)&address, size) == 0 && listen(listening, CONNECTIONS) == 0);
  EXPECT(getsockname(listening, (void *)&address, &size) == 0);
  pthread_t server, clients[CLIENTS];
  EXPECT(pthread_create(&server, NULL, serve, &listening) == 0);
  for (uintptr_t i = 0; i < CLIENTS; i++) EXPECT(pthread_create(&clients[i], NULL, ask, (void *)(i + 1)) == 0);
  for (int i = 0; i < CLIENTS; i++) EXPECT(pthread_join(clients[i], NULL) == 0);
  EXPECT(pthread_join(server, NULL) == 0 && close(listening) == 0);
  return finish();
}

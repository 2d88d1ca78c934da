/* Keys of pointer authentication: new ones, and none, for this thread and those that it makes (prctl(2)). */
#include "../suite.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#pragma GCC target("arch=armv8.3-a")

#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#define PR_PAC_GET_ENABLED_KEYS 61
#endif

#define SIGN(key) \
  static uint64_t sign_##key(uint64_t p) { \
    __asm__("pac" #key " %0, %1" : "+r"(p) : "r"(0x1234567ul)); \
    return p; \
  }
SIGN(ia)
SIGN(ib)
SIGN(da)
SIGN(db)
static uint64_t sign_ga(uint64_t p) {
  __asm__("pacga %0, %0, %1" : "+r"(p) : "r"(0x1234567ul));
  return p;
}
static uint64_t check_ia(uint64_t p) {
  __asm__("autia %0, %1" : "+r"(p) : "r"(0x1234567ul));
  return p;
}

static uint64_t (*const signers[])(uint64_t) = {sign_ia, sign_ib, sign_da, sign_db, sign_ga};

/* Codes of many pointers, by each key. */
static void codes(uint64_t all[5]) {
  for (int key = 0; key < 5; key++) {
    all[key] = 0;
    for (uint64_t i = 0; i < 20; i++) all[key] = all[key] * 3 + signers[key](0x400000 + i * 64);
  }
}
static void changed(const char *what, uint64_t before[5]) {
  uint64_t after[5];
  codes(after);
  printf("%s:", what);
  for (int key = 0; key < 5; key++) printf(" %d", before[key] != after[key]);
  printf("\n");
  memcpy(before, after, sizeof after);
}
static void enabled(const char *what) {
  printf("%s: enabled %d, signed", what, prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0));
  for (int key = 0; key < 4; key++) {
    int count = 0;
    for (uint64_t i = 0; i < 20; i++) count += signers[key](0x400000 + i * 64) != 0x400000 + i * 64;
    printf(" %d", count > 0);
  }
  printf("\n");
}
static void *thread(void *unused) {
  enabled("in a thread");
  return unused;
}

/* What returns through keys that change needs no signed address: no branch protection here. */
int main(void) {
  uint64_t all[5];
  codes(all);
  changed("the same", all);
  CHECK(prctl(PR_PAC_RESET_KEYS, 1 | 8, 0, 0, 0) == 0);
  changed("IA and DB", all);
  CHECK(prctl(PR_PAC_RESET_KEYS, 16, 0, 0, 0) == 0);
  changed("GA", all);
  CHECK(prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0) == 0);
  changed("all", all);
  CHECK(FAILS(prctl(PR_PAC_RESET_KEYS, 32, 0, 0, 0), EINVAL));
  CHECK(FAILS(prctl(PR_PAC_RESET_KEYS, 1, 1, 0, 0), EINVAL));

  enabled("at first");
  CHECK(prctl(PR_PAC_SET_ENABLED_KEYS, 1 | 4, 4, 0, 0) == 0);
  enabled("without IA");
  printf("authenticated %lx\n", check_ia(0x10000000400040));
  CHECK(prctl(PR_PAC_SET_ENABLED_KEYS, 2, 0, 0, 0) == 0);
  enabled("without IB too");
  pthread_t id;
  pthread_create(&id, NULL, thread, NULL);
  pthread_join(id, NULL);
  fflush(stdout);
  if (fork() == 0) {
    enabled("in a child");
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  CHECK(FAILS(prctl(PR_PAC_SET_ENABLED_KEYS, 16, 16, 0, 0), EINVAL));
  CHECK(FAILS(prctl(PR_PAC_SET_ENABLED_KEYS, 1, 2, 0, 0), EINVAL));
  CHECK(FAILS(prctl(PR_PAC_SET_ENABLED_KEYS, 1, 1, 1, 0), EINVAL));
  CHECK(FAILS(prctl(PR_PAC_GET_ENABLED_KEYS, 1, 0, 0, 0), EINVAL));
  CHECK(prctl(PR_PAC_SET_ENABLED_KEYS, 15, 15, 0, 0) == 0);
  enabled("at last");
  return failures != 0;
}

/* Clocks, sleeping, calendar arithmetic, formatting. */
#include "suite.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

static int64_t nanoseconds(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

int main(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                     CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                                     CLOCK_TAI};
  for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    struct timespec a, b, resolution;
    EXPECT(clock_gettime(clocks[i], &a) == 0 && clock_gettime(clocks[i], &b) == 0);
    EXPECT(nanoseconds(b) >= nanoseconds(a) && a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
    EXPECT(clock_getres(clocks[i], &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
  }
  struct timespec t;
  CHECK(FAILS(clock_gettime(77, &t), EINVAL));
  int64_t last = 0;
  for (int i = 0; i < 20000; i++) {
    clock_gettime(CLOCK_MONOTONIC, &t);
    EXPECT(nanoseconds(t) >= last);
    last = nanoseconds(t);
  }
  struct timeval tv;
  struct timespec real;
  CHECK(gettimeofday(&tv, NULL) == 0 && clock_gettime(CLOCK_REALTIME, &real) == 0);
  CHECK(real.tv_sec - tv.tv_sec <= 1 && time(NULL) - tv.tv_sec <= 1 && tv.tv_sec > 1600000000);
  struct timespec delay = {0, 30000000}, before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK(nanosleep(&delay, NULL) == 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(nanoseconds(after) - nanoseconds(before) >= 30000000);
  delay = after;
  delay.tv_nsec += 20000000;
  if (delay.tv_nsec >= 1000000000) delay.tv_sec++, delay.tv_nsec -= 1000000000;
  CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &delay, NULL) == 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(nanoseconds(after) >= nanoseconds(delay));
  delay.tv_nsec = 1000000000;
  CHECK(FAILS(nanosleep(&delay, NULL), EINVAL));
  CHECK(usleep(1000) == 0 && sleep(0) == 0);
  clock_t start = clock();
  volatile double work = 0;
  for (int i = 0; i < 3000000; i++) work += i;
  CHECK(clock() > start);
  struct tms tms;
  CHECK(times(&tms) > 0 && tms.tms_utime >= 0);
  struct rusage usage;
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_utime.tv_usec + usage.ru_utime.tv_sec > 0 && usage.ru_maxrss > 0);

  static const time_t moments[] = {0, 1, 86399, 951782400, 1000000000, 1709210096, 2147483647, 2147483648, 4102444800, -1, -86400000};
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    struct tm tm;
    char text[200];
    gmtime_r(&moments[i], &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %A %b %B %j %U %W %V %G %u %w %y %C %e %I %p %D %R %T %%", &tm);
    printf("%lld: %s %d\n", (long long)moments[i], text, tm.tm_yday);
    EXPECT(timegm(&tm) == moments[i]);
    printf("%s", asctime_r(&tm, text));
  }
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    struct tm tm;
    char text[100];
    localtime_r(&moments[i], &tm);
    strftime(text, sizeof text, "%c %Z %z", &tm);
    printf("%s %d %s", text, tm.tm_isdst, ctime(&moments[i]));
    EXPECT(mktime(&tm) == moments[i]);
  }
  struct tm tm = {0};
  CHECK(strptime("2024-02-29 23:59:59", "%Y-%m-%d %H:%M:%S", &tm) != NULL && tm.tm_mday == 29);
  tm.tm_sec += 1;
  time_t next = timegm(&tm);
  printf("%lld %d-%d %g\n", (long long)next, tm.tm_mon + 1, tm.tm_mday, difftime(next, next - 5));
  return finish();
}

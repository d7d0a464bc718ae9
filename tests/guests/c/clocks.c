// Clocks go forward, sleeping takes time, dates compute.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long ns(clockid_t id) {
  struct timespec t;
  if (clock_gettime(id, &t)) return -1;
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
  long long a = ns(CLOCK_MONOTONIC);
  for (int i = 0; i < 1000; i++) {
    long long b = ns(CLOCK_MONOTONIC);
    if (b < a) return puts("went back"), 1;
    a = b;
  }
  printf("this century: %d\n", time(0) > 1700000000 && time(0) < 4100000000);
  struct timespec resolution, pause = {0, 30000000};
  printf("resolution: %d\n", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
  long long start = ns(CLOCK_MONOTONIC);
  nanosleep(&pause, 0);
  long long slept = ns(CLOCK_MONOTONIC) - start;
  printf("slept: %d\n", slept >= 30000000 && slept < 5000000000);
  start = ns(CLOCK_REALTIME);
  usleep(10000);
  printf("slept: %d\n", ns(CLOCK_REALTIME) - start >= 9000000);
  time_t when = 1000000000;
  struct tm* t = gmtime(&when);
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %A %j", t);
  puts(text);
  struct tm leap = {.tm_year = 124, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12};
  printf("%lld\n", (long long)mktime(&leap));
  printf("%s", asctime(gmtime(&(time_t){4102444799})));
  printf("%d\n", difftime(10, 4) == 6.0);
  return 0;
}

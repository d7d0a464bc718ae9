//! exit: 134
// Unbounded recursion ends in a trap, not in a crash of the host.
#include <stdio.h>

__attribute__((noinline)) static int down(int n, volatile int* sink) {
  volatile int here = n;
  *sink += here;
  return down(n + 1, &here) + *sink;
}

int main(void) {
  volatile int sink = 0;
  puts("going down");
  fflush(stdout);
  return down(0, &sink);
}

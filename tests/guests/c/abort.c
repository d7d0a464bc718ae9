//! exit: 134
// abort() is a trap, with what was flushed before it.
#include <stdio.h>
#include <stdlib.h>

static void inner(int n) {
  if (n == 0) abort();
  inner(n - 1);
}

int main(void) {
  puts("before");
  fflush(stdout);
  inner(3);
  puts("never");
}

// The smallest program with output: how long a process takes to start and end.
#include <stdio.h>

int main(void) {
  puts("hello");
  return 0;
}

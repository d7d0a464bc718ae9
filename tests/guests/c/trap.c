//! exit: 134
// A division by zero ends the program.
#include <stdio.h>

int main(int argc, char** argv) {
  (void)argv;
  volatile int zero = argc - 1;
  printf("%d\n", 10 / argc);
  fflush(stdout);
  printf("%d\n", 10 / zero);
  return 0;
}

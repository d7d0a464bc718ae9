//! args: one "two words" --flag=3 ünïcode ""
//! env: COLOUR=green
//! env: EMPTY=
//! exit: 7
// Arguments, environment, and an exit status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char** environ;

static void last(void) { puts("atexit ran"); }

int main(int argc, char** argv) {
  atexit(last);
  printf("%d arguments\n", argc - 1);
  for (int i = 1; i < argc; i++) printf("%d: [%s] %zu\n", i, argv[i], strlen(argv[i]));
  printf("COLOUR=%s\n", getenv("COLOUR"));
  printf("EMPTY=[%s]\n", getenv("EMPTY"));
  printf("HOME is %s\n", getenv("HOME") ? "set" : "unset");
  int variables = 0;
  for (char** e = environ; *e; e++) variables++;
  printf("%d variables\n", variables);
  return 7;
}

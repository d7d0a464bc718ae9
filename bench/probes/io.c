// File I/O the unbuffered way: a system call a block. Prints the nanoseconds of the loop alone.
//   io write FILE    a million writes of 64 bytes
//   io read FILE     1 GiB in blocks of 64 KiB, from a file of 64 MiB that is made first and stays in the page cache
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, FILE_BLOCKS = 1 << 10, ROUNDS = 16, WRITES = 1000000 };
static char block[BLOCK];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int write_test(const char* path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return perror(path), 1;
  memset(block, 'x', 64);
  uint64_t start = now();
  for (int i = 0; i < WRITES; i++)
    if (write(fd, block, 64) != 64) return perror("write"), 1;
  printf("%llu\n", (unsigned long long)(now() - start));
  return close(fd);
}

static int read_test(const char* path) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return perror(path), 1;
  memset(block, 'y', sizeof block);
  for (int i = 0; i < FILE_BLOCKS; i++)
    if (write(fd, block, sizeof block) != BLOCK) return perror("write"), 1;
  uint64_t start = now(), sum = 0;
  for (int round = 0; round < ROUNDS; round++) {
    if (lseek(fd, 0, SEEK_SET) != 0) return perror("lseek"), 1;
    for (int i = 0; i < FILE_BLOCKS; i++) {
      if (read(fd, block, sizeof block) != BLOCK) return perror("read"), 1;
      sum += (unsigned char)block[i];
    }
  }
  printf("%llu\n", (unsigned long long)(now() - start));
  return close(fd) != 0 || sum != (uint64_t)'y' * ROUNDS * FILE_BLOCKS;
}

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: io write|read FILE\n"), 2;
  return strcmp(argv[1], "write") == 0 ? write_test(argv[2]) : read_test(argv[2]);
}

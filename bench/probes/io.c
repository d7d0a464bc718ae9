// System calls, one after the other, and bulk memory. Prints the nanoseconds of the loop alone.
//   io write FILE    a million writes of 64 bytes
//   io read FILE     1 GiB in blocks of 64 KiB, from a file of 64 MiB that is made first and stays in the page cache
//   io open FILE     opens and closes it 100,000 times
//   io clock FILE    asks for the time a million times
//   io copy FILE     4 GiB by memory.copy, in pieces of 64 KiB, 1 MiB and 64 MiB
//   io fill FILE     the same by memory.fill
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, FILE_BLOCKS = 1 << 10, ROUNDS = 16, WRITES = 1000000, OPENS = 100000, CLOCKS = 1000000, BULK = 1 << 26 };
static const uint64_t BULK_TOTAL = (uint64_t)4 << 30;
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

static int open_test(const char* path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || close(fd) != 0) return perror(path), 1;
  uint64_t start = now();
  for (int i = 0; i < OPENS; i++)
    if ((fd = open(path, O_RDONLY)) < 0 || close(fd) != 0) return perror(path), 1;
  printf("%llu\n", (unsigned long long)(now() - start));
  return 0;
}

static int clock_test(void) {
  uint64_t start = now(), last = start;
  for (int i = 0; i < CLOCKS; i++) last = now();
  printf("%llu\n", (unsigned long long)(last - start));
  return 0;
}

#ifdef __wasm__
__attribute__((target("bulk-memory")))
#endif
static int bulk_test(int copies) {
  unsigned char *from = malloc(BULK), *to = malloc(BULK);
  if (!from || !to) return perror("malloc"), 1;
  memset(from, 'z', BULK);
  memset(to, 'y', BULK);
  uint64_t start = now();
  for (unsigned piece = 1 << 16; piece <= BULK; piece = piece == 1 << 20 ? BULK : piece << 4) {
    for (uint64_t done = 0; done < BULK_TOTAL; done += piece) {
      if (copies) __builtin_memcpy(to, from, piece); else __builtin_memset(to, (int)(done >> 16), piece);
      __asm__ volatile("" : : "r"(to) : "memory");
    }
  }
  printf("%llu\n", (unsigned long long)(now() - start));
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: io write|read|open|clock|copy|fill FILE\n"), 2;
  switch (argv[1][0]) {
    case 'w': return write_test(argv[2]);
    case 'r': return read_test(argv[2]);
    case 'o': return open_test(argv[2]);
    case 'f': return bulk_test(0);
    default: return strcmp(argv[1], "copy") == 0 ? bulk_test(1) : clock_test();
  }
}

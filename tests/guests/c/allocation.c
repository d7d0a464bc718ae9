// The allocator under random load, with contents checked; memory grows by a few hundred pages.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 512, STEPS = 60000 };
static struct { unsigned char* p; size_t n; unsigned char tag; } slots[SLOTS];
static uint32_t seed = 2463534242u;
static uint32_t rnd(void) {
  seed ^= seed << 13, seed ^= seed >> 17;
  return seed ^= seed << 5;
}
static int intact(int i) {
  for (size_t k = 0; k < slots[i].n; k += 1 + slots[i].n / 37)
    if (slots[i].p[k] != slots[i].tag) return 0;
  return !slots[i].n || slots[i].p[slots[i].n - 1] == slots[i].tag;
}

int main(void) {
  uint64_t total = 0, peak = 0, live = 0;
  int damaged = 0, counts[4] = {0};
  for (int step = 0; step < STEPS; step++) {
    int i = (int)(rnd() % SLOTS);
    damaged += !intact(i);
    size_t n = rnd() % 100 == 0 ? rnd() % 500000 : rnd() % 2000;
    unsigned char tag = (unsigned char)rnd();
    live -= slots[i].n;
    switch (rnd() & 3) {
      case 0:
        free(slots[i].p);
        slots[i].p = 0, n = 0, counts[0]++;
        break;
      case 1:
        free(slots[i].p);
        slots[i].p = calloc(n, 1), counts[1]++;
        for (size_t k = 0; k < n; k++)
          if (slots[i].p[k]) damaged++;
        break;
      case 2:
        slots[i].p = realloc(slots[i].p, n + 1), counts[2]++;
        for (size_t k = 0; k < (n < slots[i].n ? n : slots[i].n); k++)
          if (slots[i].p[k] != slots[i].tag) { damaged++; break; }
        break;
      default:
        free(slots[i].p);
        if (posix_memalign((void**)&slots[i].p, 64, n + 1)) return puts("no memory"), 1;
        damaged += (uintptr_t)slots[i].p % 64 != 0, counts[3]++;
    }
    if (slots[i].p && n) memset(slots[i].p, tag, n);
    slots[i].n = n, slots[i].tag = tag;
    live += n, total += n;
    if (live > peak) peak = live;
  }
  printf("%llu bytes, peak %llu, %d frees %d callocs %d reallocs %d aligned, %d damaged\n", (unsigned long long)total, (unsigned long long)peak, counts[0], counts[1], counts[2], counts[3], damaged);
  char* block = malloc(40u << 20);
  for (size_t i = 0; i < 40u << 20; i += 4096) block[i] = (char)(i >> 12);
  unsigned sum = 0;
  for (size_t i = 0; i < 40u << 20; i += 4096) sum += (unsigned char)block[i];
  printf("%u\n", sum);
  free(block);
  printf("all there is: %s\n", malloc(0xffff0000u) ? "given" : "refused");
  return 0;
}

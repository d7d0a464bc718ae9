// Memory: an open-addressing hash table.
#include "bench.h"
enum { SIZE = 1 << 16 };
static uint64_t keys[SIZE], values[SIZE];
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  uint32_t seed = 99;
  memset(keys, 0, sizeof keys);
  unsigned used = 0;
  for (uint32_t i = 0; i < n * 1000; i++) {
    uint64_t key = (xorshift(&seed) & 0x7fff) + 1;
    uint32_t slot = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 48);
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & (SIZE - 1);
    if (!keys[slot]) keys[slot] = key, values[slot] = 0, used++;
    values[slot] += i;
    sum ^= values[slot];
  }
  return sum + used;
}

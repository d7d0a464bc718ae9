// Integer: 64-bit arithmetic with unpredictable branches.
#include "bench.h"
uint64_t bench(uint32_t n) {
  uint64_t longest = 0, best = 0;
  for (uint32_t start = 1; start < n * 1000; start++) {
    uint64_t x = start, steps = 0;
    while (x != 1) {
      x = x & 1 ? 3 * x + 1 : x >> 1;
      steps++;
    }
    if (steps > longest) longest = steps, best = start;
  }
  return longest << 32 | best;
}

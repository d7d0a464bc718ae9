// Integer: division and remainder.
#include "bench.h"
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  uint32_t seed = 1;
  for (uint32_t i = 0; i < n * 1000; i++) {
    uint32_t a = xorshift(&seed) | 1, b = xorshift(&seed) | 1;
    while (b) {
      uint32_t t = a % b;
      a = b;
      b = t;
    }
    sum += a;
  }
  return sum;
}

// Memory: the sieve of Eratosthenes over bytes.
#include "bench.h"
static uint8_t composite[1 << 20];
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i * i < sizeof composite; i++)
      if (!composite[i])
        for (uint32_t j = i * i; j < sizeof composite; j += i) composite[j] = 1;
    for (uint32_t i = 2; i < sizeof composite; i++) sum += composite[i] ? 0 : i + round;
  }
  return sum;
}

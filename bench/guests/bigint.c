// Integer: schoolbook multiplication with 64-bit carries; digits of a factorial.
#include "bench.h"
uint64_t bench(uint32_t n) {
  static uint32_t d[4096];
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    int length = 1;
    d[0] = 1;
    for (uint32_t k = 2; k < 600; k++) {
      uint64_t carry = 0;
      for (int i = 0; i < length; i++) {
        carry += (uint64_t)d[i] * k;
        d[i] = (uint32_t)carry;
        carry >>= 32;
      }
      if (carry) d[length++] = (uint32_t)carry;
    }
    for (int i = 0; i < length; i++) sum = sum * 31 + d[i];
  }
  return sum;
}

// Calls: recursion with small bodies.
#include "bench.h"
static uint32_t __attribute__((noinline)) fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static uint32_t __attribute__((noinline)) tak(int x, int y, int z) {
  return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}
uint64_t bench(uint32_t n) { return fib(n) + ((uint64_t)tak(14, 9, (int)(n % 5)) << 32); }

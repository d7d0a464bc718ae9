// 64-bit arithmetic: every operator at its edges, and what compilers make of 128 bits.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static const uint64_t values[] = {0, 1, 2, 3, 7, 10, 63, 64, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff, 0x123456789abcdef0, 0xcafebabedeadbeef};
enum { COUNT = sizeof values / sizeof *values };
static uint64_t hash = 0xcbf29ce484222325;

static void mix(uint64_t v) {
  hash ^= v;
  hash *= 0x100000001b3;
}
static uint64_t rotl(uint64_t x, unsigned k) { return x << (k & 63) | x >> (-k & 63); }

int main(void) {
  volatile uint64_t vx;
  for (int i = 0; i < COUNT; i++) {
    for (int j = 0; j < COUNT; j++) {
      vx = values[i];
      uint64_t a = vx, b = values[j];
      int64_t sa = (int64_t)a, sb = (int64_t)b;
      mix(a + b), mix(a - b), mix(a * b), mix(a & b), mix(a | b), mix(a ^ b);
      mix(a << (b & 63)), mix(a >> (b & 63)), mix((uint64_t)(sa >> (b & 63))), mix(rotl(a, (unsigned)b));
      mix((uint64_t)(a < b) | (uint64_t)(a <= b) << 1 | (uint64_t)(sa < sb) << 2 | (uint64_t)(sa <= sb) << 3 | (uint64_t)(a == b) << 4);
      if (b) mix(a / b), mix(a % b);
      if (sb && !(sa == INT64_MIN && sb == -1)) mix((uint64_t)(sa / sb)), mix((uint64_t)(sa % sb));
      unsigned __int128 wide = (unsigned __int128)a * b;
      mix((uint64_t)wide), mix((uint64_t)(wide >> 64));
      if (b) {
        unsigned __int128 n = wide + a;
        mix((uint64_t)(n / b)), mix((uint64_t)(n % b));
      }
      int64_t r;
      mix((uint64_t)__builtin_add_overflow(sa, sb, &r)), mix((uint64_t)r);
      mix((uint64_t)__builtin_mul_overflow(sa, sb, &r)), mix((uint64_t)r);
    }
    printf("%016" PRIx64 " after %016" PRIx64 "\n", hash, values[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    uint64_t a = values[i];
    printf("%d %d %d %016" PRIx64 " %d %d %d %.17g %.9g %" PRId64 "\n", __builtin_popcountll(a), a ? __builtin_clzll(a) : 64, a ? __builtin_ctzll(a) : 64, __builtin_bswap64(a), (int8_t)a,
           (int16_t)a, (int32_t)a, (double)a, (double)(float)(int64_t)a, (int64_t)(double)(int64_t)(a >> 12));
  }
  for (int i = 0; i < COUNT; i++)  // constants that a compiler turns into multiplications
    printf("%" PRIu64 " %" PRId64 " %" PRIu64 " %" PRId64 " %" PRIu64 "\n", values[i] / 10, (int64_t)values[i] / 7, values[i] % 1000000007, (int64_t)values[i] % 16, values[i] / 0x100000001);
  return 0;
}

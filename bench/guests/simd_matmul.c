// Integer: the product of two matrices of signed bytes in 32 bits, four rows by eight columns at a time.
#include "simd.h"
enum { N = 96 };
// Rows of 16 bits; and pairs of rows, the two bytes of a column side by side.
static int16_t a[N][N];
static int8_t b[N / 2][2 * N];
static int32_t c[N][N];
uint64_t bench(uint32_t n) {
  uint32_t seed = 67;
  for (int i = 0; i < N * N; i++) a[0][i] = (int8_t)(xorshift(&seed) >> 9);
  fill(b, sizeof b, 71);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    i32x4 all = {0};
    for (int i = 0; i < N; i += 4)
      for (int j = 0; j < N; j += 8) {
        i32x4 s[4][2] = {0};
        for (int k = 0; k < N; k += 2) {
          i16x8 left = load_i8x8(&b[k / 2][2 * j]), right = load_i8x8(&b[k / 2][2 * j + 8]);
          for (int r = 0; r < 4; r++) {
            uint32_t pair;
            memcpy(&pair, &a[i + r][k], 4);
            i16x8 x = (i16x8)(u32x4)ALL4(pair);
            s[r][0] += dot_i16(x, left), s[r][1] += dot_i16(x, right);
          }
        }
        for (int r = 0; r < 4; r++) {
          STORE(&c[i + r][j], s[r][0]);
          STORE(&c[i + r][j + 4], s[r][1]);
          all = all * 3 + (s[r][0] ^ s[r][1]);
        }
      }
    sum = mix(sum, (u32x4)all) + (uint32_t)c[round % N][round % 89];
    a[round % N][round % 89] = (int8_t)sum;
  }
  return sum;
}

// Integer: the product of two matrices of signed bytes in 32 bits, four rows by eight columns at a time.
#include "simd.h"
enum { N = 96 };
// Four rows of `a`, of 16 bits, by eight columns of `b`: pairs of rows, the two bytes of a column side by side.
static inline i32x4 block(const int16_t* a, const int8_t* b, int32_t* c, int depth, i32x4 all) {
  i32x4 s[4][2] = {0};
  for (int k = 0; k < depth; k += 2, a += 2, b += 2 * N) {
    i16x8 left = load_i8x8(b), right = load_i8x8(b + 8);
    for (int r = 0; r < 4; r++) {
      uint32_t pair;
      memcpy(&pair, a + r * N, 4);
      i16x8 x = (i16x8)(u32x4)ALL4(pair);
      s[r][0] += dot_i16(x, left), s[r][1] += dot_i16(x, right);
    }
  }
  for (int r = 0; r < 4; r++) {
    STORE(c + r * N, s[r][0]);
    STORE(c + r * N + 4, s[r][1]);
    all = all * 3 + (s[r][0] ^ s[r][1]);
  }
  return all;
}
LOOP i32x4 multiply(const int16_t* a, const int8_t* b, int32_t* c, int depth) {
  i32x4 all = {0};
  for (int i = 0; i < N; i += 4)
    for (int j = 0; j < N; j += 8) all = block(a + N * i, b + 2 * j, c + N * i + j, depth, all);
  return all;
}
uint64_t bench(uint32_t n) {
  int16_t* a = malloc(2 * N * N);
  int8_t* b = malloc(N * N);
  int32_t* c = malloc(4 * N * N);
  uint32_t seed = 67;
  for (int i = 0; i < N * N; i++) a[i] = (int8_t)(xorshift(&seed) >> 9);
  fill(b, N * N, 71);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    i32x4 all = multiply(a, b, c, unknown(N));
    sum = mix(sum, (u32x4)all) + (uint32_t)c[round % (N * N)];
    a[round % (N * N)] = (int8_t)sum;
  }
  free(a), free(b), free(c);
  return sum;
}

// Integer: the 8x8 discrete cosine transform of blocks, eight columns at a time in 16 bits, and transposes between.
#include "simd.h"
enum { BLOCKS = 64 };
static inline i16x8 times(i16x8 v, int16_t q15) { return mul_q15(v, (i16x8)ALL8(q15)); }
// See: Arai, Agui & Nakajima, "A fast DCT-SQ scheme for images", 1988. Eight rows in, eight frequencies (scaled) out.
static inline void transform(i16x8 v[8]) {
  i16x8 s07 = v[0] + v[7], d07 = v[0] - v[7], s16 = v[1] + v[6], d16 = v[1] - v[6];
  i16x8 s25 = v[2] + v[5], d25 = v[2] - v[5], s34 = v[3] + v[4], d34 = v[3] - v[4];
  i16x8 even0 = s07 + s34, even3 = s07 - s34, even1 = s16 + s25, even2 = s16 - s25;
  i16x8 z1 = times(even2 + even3, 23170);
  v[0] = even0 + even1, v[4] = even0 - even1, v[2] = even3 + z1, v[6] = even3 - z1;
  i16x8 odd0 = d34 + d25, odd1 = d25 + d16, odd2 = d16 + d07;
  i16x8 z5 = times(odd0 - odd2, 12540), z2 = times(odd0, 17734) + z5, z4 = times(odd2, 10045) + odd2 + z5, z3 = times(odd1, 23170);
  i16x8 z11 = d07 + z3, z13 = d07 - z3;
  v[5] = z13 + z2, v[3] = z13 - z2, v[1] = z11 + z4, v[7] = z11 - z4;
}
static inline void transpose(i16x8 v[8]) {
  i16x8 t[8], u[8];
  for (int i = 0; i < 4; i++) {
    t[2 * i] = SHUFFLE(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
    t[2 * i + 1] = SHUFFLE(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
  }
  for (int i = 0; i < 4; i++) {
    u[2 * i] = SHUFFLE(t[i], t[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
    u[2 * i + 1] = SHUFFLE(t[i], t[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
  }
  for (int i = 0; i < 4; i++) {
    v[2 * i] = SHUFFLE(u[i], u[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
    v[2 * i + 1] = SHUFFLE(u[i], u[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
  }
}
LOOP i16x8 transform_all(const int16_t* from, int16_t* to, int count) {
  i16x8 all = {0}, v[8];
  for (; count > 0; count--, from += 64, to += 64) {
    for (int i = 0; i < 8; i++) v[i] = LOAD(i16x8, from + 8 * i);
    transform(v);
    transpose(v);
    transform(v);
    for (int i = 0; i < 8; i++) {
      STORE(to + 8 * i, v[i]);
      all += v[i];
    }
  }
  return all;
}
uint64_t bench(uint32_t n) {
  int16_t *blocks = malloc(BLOCKS * 128), *out = malloc(BLOCKS * 128);
  uint32_t seed = 61;
  for (int i = 0; i < BLOCKS * 64; i++) blocks[i] = (int16_t)((int32_t)(xorshift(&seed) >> 7 & 255) - 128);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    i16x8 all = transform_all(blocks, out, unknown(BLOCKS));
    sum = mix(sum, (u32x4)all) + (uint64_t)out[round % (BLOCKS * 64)];
    blocks[round % (BLOCKS * 64)] = (int16_t)(sum % 256) - 128;
  }
  free(blocks), free(out);
  return sum;
}

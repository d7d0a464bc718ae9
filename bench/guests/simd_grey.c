// Bytes: RGB to grey; shuffles that part three interleaved channels, and arithmetic in 16 bits.
#include "simd.h"
enum { PIXELS = 4096 };
static inline u16x8 weigh(u8x8 r, u8x8 g, u8x8 b, uint16_t kr, uint16_t kb) {
  uint16_t kg = (uint16_t)(256 - kr - kb);
  const u16x8 wr = ALL8(kr), wg = ALL8(kg), wb = ALL8(kb), half = ALL8(128);
  return (CONVERT(r, u16x8) * wr + CONVERT(g, u16x8) * wg + CONVERT(b, u16x8) * wb + half) >> 8;
}
LOOP u8x16 convert(const uint8_t* rgb, uint8_t* grey, int pixels, uint16_t kr, uint16_t kb) {
  u8x16 all = {0};
  for (; pixels > 0; pixels -= 16, rgb += 48, grey += 16) {
    u8x16 x = LOAD(u8x16, rgb), y = LOAD(u8x16, rgb + 16), z = LOAD(u8x16, rgb + 32);
    u8x16 r = SHUFFLE(SHUFFLE(x, y, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, -1, -1, -1, -1, -1), z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    u8x16 g = SHUFFLE(SHUFFLE(x, y, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, -1, -1, -1, -1, -1), z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
    u8x16 b = SHUFFLE(SHUFFLE(x, y, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, -1, -1, -1, -1, -1, -1), z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    u8x16 out = narrow_u8(weigh(LOW(r), LOW(g), LOW(b), kr, kb), weigh(HIGH(r), HIGH(g), HIGH(b), kr, kb));
    STORE(grey, out);
    all += out;
  }
  return all;
}
uint64_t bench(uint32_t n) {
  uint8_t *rgb = malloc(3 * PIXELS), *grey = malloc(PIXELS);
  fill(rgb, 3 * PIXELS, 17);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    u8x16 all = convert(rgb, grey, unknown(PIXELS), (uint16_t)(70 + round % 11), (uint16_t)(20 + round % 13));
    sum = mix(sum, (u32x4)all) + grey[round % PIXELS];
  }
  free(rgb), free(grey);
  return sum;
}

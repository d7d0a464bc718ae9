// Bytes: base64 encoding, twelve bytes to sixteen characters by shuffle, shifts and one table.
#include "simd.h"
enum { BYTES = 6144 };
LOOP u8x16 encode(const uint8_t* from, const uint8_t* end, uint8_t* to) {
  // What to add to a value of 0..63, by its class: 'a' - 26, ten digits, '+', '/', and 'A' last.
  const u8x16 table = {71, 252, 252, 252, 252, 252, 252, 252, 252, 252, 252, 237, 240, 65, 0, 0};
  const u8x16 above_upper = ALL16(51), lower = ALL16(26), upper_class = ALL16(13);
  const u32x4 m0 = ALL4(0x3f), m1 = ALL4(0x3f00), m2 = ALL4(0x3f0000), m3 = ALL4(0x3f000000);
  u8x16 all = {0};
  for (; from < end; from += 12, to += 16) {
    u8x16 in = LOAD(u8x16, from);
    u32x4 x = (u32x4)SHUFFLE(in, in, 2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    u8x16 v = (u8x16)((x >> 18 & m0) | (x >> 4 & m1) | (x << 10 & m2) | (x << 24 & m3));
    u8x16 kind = sub_sat_u8(v, above_upper);
    kind |= (u8x16)(v < lower) & upper_class;
    u8x16 out = swizzle(table, kind) + v;
    STORE(to, out);
    all += out;
  }
  return all;
}
uint64_t bench(uint32_t n) {
  uint8_t *data = malloc(BYTES + 16), *text = malloc(BYTES / 3 * 4);
  fill(data, BYTES + 16, 23);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    u8x16 all = encode(data, data + unknown(BYTES), text);
    sum = mix(sum, (u32x4)all) + text[round % (BYTES / 3 * 4)];
    data[round % BYTES] ^= (uint8_t)sum;
  }
  free(data), free(text);
  return sum;
}

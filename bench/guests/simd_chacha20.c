// Hashing: ChaCha20, four blocks at a time, a word of each in a vector; more vectors than x64 has registers.
#include "simd.h"
enum { BYTES = 8192 };
#define QUARTER(a, b, c, d)                                                                     \
  a += b, d ^= a, d = BY_BYTES(d, 2, 3, 0, 1), c += d, b ^= c, b = b << 12 | b >> 20,           \
  a += b, d ^= a, d = BY_BYTES(d, 3, 0, 1, 2), c += d, b ^= c, b = b << 7 | b >> 25
static inline void add_row(uint8_t* p, u32x4 a, u32x4 b, u32x4 c, u32x4 d) {  // of four blocks
  u32x4 ab = SHUFFLE(a, b, 0, 4, 1, 5), cd = SHUFFLE(c, d, 0, 4, 1, 5), ab2 = SHUFFLE(a, b, 2, 6, 3, 7), cd2 = SHUFFLE(c, d, 2, 6, 3, 7);
  STORE(p, LOAD(u32x4, p) ^ SHUFFLE(ab, cd, 0, 1, 4, 5));
  STORE(p + 64, LOAD(u32x4, p + 64) ^ SHUFFLE(ab, cd, 2, 3, 6, 7));
  STORE(p + 128, LOAD(u32x4, p + 128) ^ SHUFFLE(ab2, cd2, 0, 1, 4, 5));
  STORE(p + 192, LOAD(u32x4, p + 192) ^ SHUFFLE(ab2, cd2, 2, 3, 6, 7));
}
static void four_blocks(const uint32_t in[16], uint8_t* p) {
  u32x4 s[16], x[16];
  for (int i = 0; i < 16; i++) s[i] = (u32x4)ALL4(in[i]);
  s[12] += (u32x4){0, 1, 2, 3};
  for (int i = 0; i < 16; i++) x[i] = s[i];
  for (int i = 0; i < 10; i++) {
    QUARTER(x[0], x[4], x[8], x[12]), QUARTER(x[1], x[5], x[9], x[13]), QUARTER(x[2], x[6], x[10], x[14]), QUARTER(x[3], x[7], x[11], x[15]);
    QUARTER(x[0], x[5], x[10], x[15]), QUARTER(x[1], x[6], x[11], x[12]), QUARTER(x[2], x[7], x[8], x[13]), QUARTER(x[3], x[4], x[9], x[14]);
  }
  for (int i = 0; i < 16; i++) x[i] += s[i];
  for (int i = 0; i < 16; i += 4) add_row(p + 4 * i, x[i], x[i + 1], x[i + 2], x[i + 3]);
}
LOOP void encrypt(uint32_t state[16], uint8_t* p, const uint8_t* end) {
  for (; p < end; p += 256, state[12] += 4) four_blocks(state, p);
}
uint64_t bench(uint32_t n) {
  uint8_t* data = malloc(BYTES);
  uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  fill(state + 4, 48, 47);
  fill(data, BYTES, 53);
  for (uint32_t round = 0; round < n; round++) encrypt(state, data, data + unknown(BYTES));
  uint64_t sum = 0;
  for (int i = 0; i < BYTES; i += 16) sum = mix(sum, LOAD(u32x4, data + i));
  free(data);
  return sum;
}

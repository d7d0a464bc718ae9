// Bytes: memchr over a text, some thousand bytes from hit to hit, from any address.
#include "simd.h"
enum { BYTES = 8192 };
LOOP const uint8_t* find(const uint8_t* p, const uint8_t* end, uint8_t c) {
  const u8x16 wanted = ALL16(c);
  for (; p < end; p += 16) {
    uint32_t found = bitmask_8((u8x16)(LOAD(u8x16, p) == wanted));
    if (found) return p + __builtin_ctz(found);
  }
  return end;
}
uint64_t bench(uint32_t n) {
  uint8_t* text = malloc(BYTES + 16);
  fill(text, BYTES + 16, 41);
  uint32_t seed = 73;
  for (int i = 0; i < BYTES; i++)  // the bytes that are searched for are rare: else the branches' prediction is measured
    if (text[i] < 64 && xorshift(&seed) & 3) text[i] += 64;
  const uint8_t* end = text + unknown(BYTES);
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++)
    for (const uint8_t* p = text; (p = find(p, end, (uint8_t)(round % 64))) < end; p++) sum = sum * 31 + (uint32_t)(p - text);
  free(text);
  return sum;
}

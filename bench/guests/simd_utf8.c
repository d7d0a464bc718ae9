// Bytes: is a text valid UTF-8? Three tables of 16, looked up by nibbles, say what is wrong with two bytes in a row.
// See: Keiser & Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte", 2021.
#include "simd.h"
enum { BYTES = 12288 };
enum {
  TOO_SHORT = 1, TOO_LONG = 2, OVERLONG_3 = 4, TOO_LARGE = 8, SURROGATE = 16, OVERLONG_2 = 32,
  TOO_LARGE_1000 = 64, OVERLONG_4 = 64, TWO_CONTS = 128, CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS
};
static const u8x16 first_high = {
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
    TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4};
static const u8x16 first_low = {
    CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY, CARRY | TOO_LARGE,
    CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
    CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
    CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
    CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000};
static const u8x16 second_high = {
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4, TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE, TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT};

static int write(uint8_t* p, uint32_t c) {
  int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
  p[0] = (uint8_t)(lead[more] | c >> (6 * more));
  for (int i = 1; i <= more; i++) p[i] = (uint8_t)(0x80 | (c >> (6 * (more - i)) & 0x3f));
  return more + 1;
}
LOOP u8x16 errors_of(const uint8_t* p, const uint8_t* end) {
  const u8x16 low = ALL16(15), third = ALL16(0xe0 - 0x80), fourth = ALL16(0xf0 - 0x80), top = ALL16(0x80);
  const u8x16 last = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xf0 - 1, 0xe0 - 1, 0xc0 - 1};
  u8x16 error = {0}, before = {0};
  for (; p < end; p += 16) {
    u8x16 in = LOAD(u8x16, p);
    u8x16 one = SHUFFLE(before, in, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
    u8x16 two = SHUFFLE(before, in, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
    u8x16 three = SHUFFLE(before, in, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
    u8x16 special = swizzle(first_high, one >> 4) & swizzle(first_low, one & low) & swizzle(second_high, in >> 4);
    error |= ((sub_sat_u8(two, third) | sub_sat_u8(three, fourth)) & top) ^ special;
    before = in;
  }
  return error | sub_sat_u8(before, last);
}
uint64_t bench(uint32_t n) {
  uint8_t* text = malloc(BYTES);
  uint32_t seed = 43;
  int at = 0;
  while (at < BYTES - 4) {
    static const uint32_t most[] = {0x7f, 0x7f, 0x7ff, 0xd7ff, 0x10ffff};
    uint32_t r = xorshift(&seed), c = (r >> 3) % most[r % 5];
    at += write(text + at, c >= 0xd800 && c < 0xe000 ? 'x' : c);
  }
  while (at < BYTES) text[at++] = ' ';
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    uint8_t* damaged = text + xorshift(&seed) % BYTES;
    uint8_t was = *damaged;
    *damaged = (uint8_t)xorshift(&seed);
    u8x16 error = errors_of(text, text + unknown(BYTES));
    sum = mix(sum, (u32x4)error) + bitmask_8((u8x16)(error != 0));
    *damaged = was;
  }
  free(text);
  return sum;
}

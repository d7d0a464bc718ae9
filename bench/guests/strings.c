// Memory: byte-wise text work: tokenising, comparing, copying.
#include "bench.h"
uint64_t bench(uint32_t n) {
  static char text[1 << 15], word[256], best[256];
  uint32_t seed = 3;
  for (unsigned i = 0; i < sizeof text; i++) text[i] = (char)((xorshift(&seed) % 6) ? 'a' + xorshift(&seed) % 26 : ' ');
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    unsigned length = 0;
    best[0] = 0;
    for (unsigned i = 0; i < sizeof text; i++) {
      char c = text[i];
      if (c == ' ' || length == sizeof word - 1) {
        word[length] = 0;
        if (strcmp(word, best) > 0) strcpy(best, word);
        sum += length * (unsigned char)best[0];
        length = 0;
      } else {
        word[length++] = c;
      }
    }
    text[round % sizeof text] ^= 1;
  }
  return sum;
}

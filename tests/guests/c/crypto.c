// Known answers: MD5, SHA-1, SHA-512, AES-128, ChaCha20, Adler-32, SipHash.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void hex(const char* name, const uint8_t* p, int n) {
  printf("%s ", name);
  while (n--) printf("%02x", *p++);
  puts("");
}
static uint32_t rol(uint32_t x, int k) { return x << k | x >> (32 - k); }
static uint64_t ror64(uint64_t x, int k) { return x >> k | x << (64 - k); }
static uint64_t rol64(uint64_t x, int k) { return x << k | x >> (64 - k); }

static void md5(const char* text) {
  static const int s[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint8_t m[64] = {0};
  size_t n = strlen(text);
  memcpy(m, text, n);
  m[n] = 0x80;
  uint64_t bits = n * 8;
  memcpy(m + 56, &bits, 8);
  uint32_t h[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, w[16];
  memcpy(w, m, 64);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3];
  for (int i = 0; i < 64; i++) {
    uint32_t k = (uint32_t)(fabs(sin(i + 1)) * 4294967296.0), f;
    int g;
    if (i < 16) f = (b & c) | (~b & d), g = i;
    else if (i < 32) f = (d & b) | (~d & c), g = (5 * i + 1) & 15;
    else if (i < 48) f = b ^ c ^ d, g = (3 * i + 5) & 15;
    else f = c ^ (b | ~d), g = 7 * i & 15;
    uint32_t t = d;
    d = c, c = b, b += rol(a + f + k + w[g], s[i / 16][i & 3]), a = t;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d;
  hex("md5", (uint8_t*)h, 16);
}
static void sha1(const char* text) {
  uint8_t m[64] = {0};
  size_t n = strlen(text);
  memcpy(m, text, n);
  m[n] = 0x80, m[62] = (uint8_t)(n >> 5), m[63] = (uint8_t)(n << 3);
  uint32_t w[80], h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)m[4 * i] << 24 | m[4 * i + 1] << 16 | m[4 * i + 2] << 8 | m[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    uint32_t t = rol(a, 5) + f + e + k + w[i];
    e = d, d = c, c = rol(b, 30), b = a, a = t;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  printf("sha1 %08x%08x%08x%08x%08x\n", h[0], h[1], h[2], h[3], h[4]);
}
static void sha512(const char* text) {  // constants computed: fractional parts of roots of primes, in integers
  uint64_t k[80], h[8], w[80];
  int primes = 0;
  for (int p = 2; primes < 80; p++) {
    int prime = 1;
    for (int d = 2; d * d <= p; d++) prime &= p % d != 0;
    if (!prime) continue;
    for (int square = 0; square < 2; square++) {
      unsigned __int128 lo = 0, hi = (unsigned __int128)32 << 64;  // root of p in 64.64 fixed point, by bisection
      while (hi - lo > 1) {
        unsigned __int128 mid = lo + (hi - lo) / 2;
        uint32_t d[5] = {(uint32_t)mid, (uint32_t)(mid >> 32), (uint32_t)(mid >> 64), 0, 0}, r[8] = {0}, q[12] = {0};
        for (int i = 0; i < 3; i++) for (uint64_t j = 0, c = 0; j < 4; j++) { c += (uint64_t)d[i] * d[j] + r[i + (int)j]; r[i + (int)j] = (uint32_t)c; c >>= 32; if (j == 3) break; }
        uint64_t whole;
        if (square) whole = (uint64_t)r[5] << 32 | r[4];
        else {
          for (int i = 0; i < 7; i++) { uint64_t c = 0; for (int j = 0; j < 3; j++) { c += (uint64_t)r[i] * d[j] + q[i + j]; q[i + j] = (uint32_t)c; c >>= 32; } for (int j = i + 3; c && j < 12; j++) { c += q[j]; q[j] = (uint32_t)c; c >>= 32; } }
          whole = (uint64_t)q[7] << 32 | q[6];
        }
        if (whole >= (uint64_t)p) hi = mid; else lo = mid;
      }
      if (square) { if (primes < 8) h[primes] = (uint64_t)lo; }
      else k[primes] = (uint64_t)lo;
    }
    primes++;
  }
  uint8_t m[128] = {0};
  size_t n = strlen(text);
  memcpy(m, text, n);
  m[n] = 0x80, m[126] = (uint8_t)(n >> 5), m[127] = (uint8_t)(n << 3);
  for (int i = 0; i < 16; i++) {
    w[i] = 0;
    for (int j = 0; j < 8; j++) w[i] = w[i] << 8 | m[8 * i + j];
  }
  for (int i = 16; i < 80; i++)
    w[i] = w[i - 16] + (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^ w[i - 15] >> 7) + w[i - 7] + (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^ w[i - 2] >> 6);
  uint64_t v[8];
  memcpy(v, h, sizeof h);
  for (int i = 0; i < 80; i++) {
    uint64_t t1 = v[7] + (ror64(v[4], 14) ^ ror64(v[4], 18) ^ ror64(v[4], 41)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint64_t t2 = (ror64(v[0], 28) ^ ror64(v[0], 34) ^ ror64(v[0], 39)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 56);
    v[4] += t1, v[0] = t1 + t2;
  }
  printf("sha512 ");
  for (int i = 0; i < 8; i++) printf("%016llx", (unsigned long long)(h[i] + v[i]));
  puts("");
}
static uint8_t xtime(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b); }
static void aes(void) {
  uint8_t sbox[256], p = 1, q = 1;
  do {
    p = (uint8_t)(p ^ p << 1 ^ (p & 0x80 ? 0x1b : 0));
    q ^= (uint8_t)(q << 1), q ^= (uint8_t)(q << 2), q ^= (uint8_t)(q << 4);
    if (q & 0x80) q ^= 9;
    sbox[p] = (uint8_t)(q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4) ^ 0x63);
  } while (p != 1);
  sbox[0] = 0x63;
  uint8_t key[176], s[16], t[16], r = 1;
  for (int i = 0; i < 16; i++) key[i] = (uint8_t)i, s[i] = (uint8_t)(i * 17);
  for (int i = 16; i < 176; i += 4) {
    uint8_t c[4];
    memcpy(c, key + i - 4, 4);
    if (i % 16 == 0) {
      uint8_t first = c[0];
      c[0] = sbox[c[1]] ^ r, c[1] = sbox[c[2]], c[2] = sbox[c[3]], c[3] = sbox[first], r = xtime(r);
    }
    for (int j = 0; j < 4; j++) key[i + j] = key[i - 16 + j] ^ c[j];
  }
  for (int i = 0; i < 16; i++) s[i] ^= key[i];
  for (int round = 1; round <= 10; round++) {
    for (int i = 0; i < 16; i++) t[i] = sbox[s[(i + 4 * (i & 3)) & 15]];
    for (int c = 0; c < 16; c += 4)
      for (int i = 0; i < 4; i++) {
        uint8_t all = t[c] ^ t[c + 1] ^ t[c + 2] ^ t[c + 3];
        s[c + i] = (uint8_t)((round == 10 ? t[c + i] : t[c + i] ^ all ^ xtime(t[c + i] ^ t[c + ((i + 1) & 3)])) ^ key[16 * round + c + i]);
      }
  }
  hex("aes", s, 16);
}
static void chacha(void) {
  uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
  for (int i = 0; i < 8; i++) in[4 + i] = 0x03020100u + 0x04040404u * (uint32_t)i;
  in[12] = 1, in[13] = 0x09000000, in[14] = 0x4a000000;
  memcpy(x, in, 64);
  static const int quarter[8][4] = {{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15}, {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}};
  for (int round = 0; round < 80; round++) {
    const int* q = quarter[round & 7];
    uint32_t *a = x + q[0], *b = x + q[1], *c = x + q[2], *d = x + q[3];
    *a += *b, *d = rol(*d ^ *a, 16), *c += *d, *b = rol(*b ^ *c, 12), *a += *b, *d = rol(*d ^ *a, 8), *c += *d, *b = rol(*b ^ *c, 7);
  }
  for (int i = 0; i < 16; i++) x[i] += in[i];
  hex("chacha", (uint8_t*)x, 64);
}
static void siphash(void) {
  uint64_t k0 = 0x0706050403020100, k1 = 0x0f0e0d0c0b0a0908;
  uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d, v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
  uint64_t words[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908 & 0x00ffffffffffffff | 15ull << 56};
  for (int i = 0; i < 3; i++) {
    uint64_t m = i < 2 ? words[i] : 0;
    if (i == 2) v2 ^= 0xff;
    v3 ^= m;
    for (int r = 0; r < (i == 2 ? 4 : 2); r++) {
      v0 += v1, v1 = rol64(v1, 13) ^ v0, v0 = rol64(v0, 32), v2 += v3, v3 = rol64(v3, 16) ^ v2;
      v0 += v3, v3 = rol64(v3, 21) ^ v0, v2 += v1, v1 = rol64(v1, 17) ^ v2, v2 = rol64(v2, 32);
    }
    v0 ^= m;
  }
  printf("siphash %016llx\n", (unsigned long long)(v0 ^ v1 ^ v2 ^ v3));
}

int main(void) {
  md5("The quick brown fox jumps over the lazy dog");
  sha1("abc");
  sha512("abc");
  aes();
  chacha();
  siphash();
  uint32_t a = 1, b = 0;
  for (const char* s = "Wikipedia"; *s; s++) a = (a + (uint8_t)*s) % 65521, b = (b + a) % 65521;
  printf("adler %08x\n", b << 16 | a);
  return 0;
}

// wasm_simd128.h against plain C: each operation over the same inputs, lane by lane. A line each: its name, how many inputs it is wrong for
// (if any), and a hash of what it answered. Then vectors as parameters, results, spilled, through pointers to functions and at odd addresses.
//! flags: -msimd128 -fno-vectorize -fno-slp-vectorize
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasm_simd128.h>

typedef union {
  v128_t v;
  int8_t i8[16];
  uint8_t u8[16];
  int16_t i16[8];
  uint16_t u16[8];
  int32_t i32[4];
  uint32_t u32[4];
  int64_t i64[2];
  uint64_t u64[2];
  float f32[4];
  double f64[2];
} V;
enum { TRIALS = 300 };
static V inputs[TRIALS + 2];
static int failures;

static uint32_t next(void) {
  static uint32_t x = 2463534242;
  x ^= x << 13, x ^= x >> 17, x ^= x << 5;
  return x;
}
static void make_inputs(void) {
  static const uint32_t bytes[] = {0, 1, 0x7f, 0x80, 0x81, 0xff, 0xfe, 16}, words[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x8001, 0x7f, 0xff80};
  static const float floats[] = {0, -0.0f, 1, -1, 0.5f, 1.5f, 2.5f, -2.5f, INFINITY, -INFINITY, NAN, 1e-45f, 2147483648.0f, -2147483904.0f, 4294967296.0f, 3.4e38f};
  static const double doubles[] = {0, -0.0, 0.5, -1.5, 2147483647.5, -2147483649.0, 4294967295.5, INFINITY, NAN, 1e300, 5e-324, 1e-40};
  for (int t = 0; t < TRIALS + 2; t++)
    for (int i = 0; i < 16; i++) {
      V* a = &inputs[t];
      switch (t % 6) {
        case 0: a->u8[i] = (uint8_t)bytes[next() % 8]; break;
        case 1: a->u16[i / 2] = (uint16_t)words[next() % 8]; break;
        case 2: a->f32[i / 4] = floats[next() % 16]; break;
        case 3: a->f64[i / 8] = doubles[next() % 12]; break;
        case 4: a->f32[i / 4] = (float)(int32_t)next() / 65536; break;
        default: a->u8[i] = (uint8_t)(next() >> 7);
      }
    }
}
static void report(const char* name, int wrong, uint64_t hash) {
  printf("%s %08x", name, (unsigned)(hash ^ hash >> 32));
  if (wrong) printf(" WRONG for %d of %d", wrong, TRIALS), failures++;
  printf("\n");
}
static uint64_t add_to(uint64_t hash, const void* p, int size) {
  for (int i = 0; i < size; i++) hash = (hash ^ ((const uint8_t*)p)[i]) * 0x100000001b3;
  return hash;
}
static void one_nan_32(V* v) { for (int i = 0; i < 4; i++) if (v->f32[i] != v->f32[i]) v->u32[i] = 0x7fc00000; }
static void one_nan_64(V* v) { for (int i = 0; i < 2; i++) if (v->f64[i] != v->f64[i]) v->u64[i] = 0x7ff8000000000000; }
static void seen(V* v) { __asm__ volatile("" : : "r"(v) : "memory"); }  // the compiler may not know what is in it
static void as_it_is(V* v) { (void)v; }

// `scalar` is lane i of the right answer, in terms of the inputs a, b, c and a count k.
#define TEST_AS(canonical, name, call, field, lanes, scalar)                                              \
  do {                                                                                                    \
    int wrong = 0;                                                                                        \
    uint64_t hash = 0xcbf29ce484222325;                                                                   \
    for (int t = 0; t < TRIALS; t++) {                                                                    \
      V a = inputs[t], b = inputs[(t * 7 + 1) % TRIALS], c = inputs[(t * 11 + 5) % TRIALS], r, e;         \
      uint32_t k = (uint32_t)t % 70;                                                                      \
      (void)a, (void)b, (void)c, (void)k;                                                                 \
      r.v = (call), seen(&r);                                                                             \
      for (int i = 0; i < lanes; i++) e.field[i] = (scalar);                                              \
      canonical(&r), canonical(&e);                                                                       \
      wrong += memcmp(&r, &e, 16) != 0;                                                                   \
      hash = add_to(hash, &r, 16);                                                                        \
    }                                                                                                     \
    report(name, wrong, hash);                                                                            \
  } while (0)
#define TEST(name, field, lanes, scalar, ...) TEST_AS(as_it_is, #name, wasm_##name(__VA_ARGS__), field, lanes, scalar)
#define TEST_F32(name, scalar, ...) TEST_AS(one_nan_32, #name, wasm_##name(__VA_ARGS__), f32, 4, scalar)
#define TEST_F64(name, scalar, ...) TEST_AS(one_nan_64, #name, wasm_##name(__VA_ARGS__), f64, 2, scalar)
#define BINARY(name, field, lanes, scalar) TEST(name, field, lanes, scalar, a.v, b.v)
#define UNARY(name, field, lanes, scalar) TEST(name, field, lanes, scalar, a.v)
#define SCALAR(name, call, scalar)                                                                        \
  do {                                                                                                    \
    int wrong = 0;                                                                                        \
    uint64_t hash = 0xcbf29ce484222325;                                                                   \
    for (int t = 0; t < TRIALS; t++) {                                                                    \
      V a = inputs[t];                                                                                    \
      uint64_t r = (uint64_t)(call), e = (uint64_t)(scalar);                                              \
      wrong += r != e;                                                                                    \
      hash = add_to(hash, &r, 8);                                                                         \
    }                                                                                                     \
    report(name, wrong, hash);                                                                            \
  } while (0)

static int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }
static int s8(int x) { return clamp(x, -128, 127); }
static int u8(int x) { return clamp(x, 0, 255); }
static int s16(int x) { return clamp(x, -32768, 32767); }
static int u16(int x) { return clamp(x, 0, 65535); }
static int mask_of(const void* lanes, int count, int size) {
  int mask = 0;
  for (int i = 0; i < count; i++) mask |= (((const uint8_t*)lanes)[i * size + size - 1] >> 7) << i;
  return mask;
}
static int all_lanes(const void* lanes, int count, int size) {
  static const uint8_t zero[8];
  for (int i = 0; i < count; i++)
    if (!memcmp((const uint8_t*)lanes + i * size, zero, (size_t)size)) return 0;
  return 1;
}
static int any_bit(const V* a) { return (a->u64[0] | a->u64[1]) != 0; }
static double smaller(double x, double y) { return x != x || y != y ? NAN : x == y ? (signbit(x) ? x : y) : x < y ? x : y; }
static double greater(double x, double y) { return x != x || y != y ? NAN : x == y ? (signbit(x) ? y : x) : x > y ? x : y; }
static int32_t to_s32(double x) { return x != x ? 0 : x <= -2147483648.0 ? INT32_MIN : x >= 2147483647.0 ? INT32_MAX : (int32_t)x; }
static uint32_t to_u32(double x) { return !(x > 0) ? 0 : x >= 4294967295.0 ? UINT32_MAX : (uint32_t)x; }
static int ones(unsigned x) { return x ? (int)(x & 1) + ones(x >> 1) : 0; }

#define COMPARISONS(S, sf, n)                                                                             \
  BINARY(i##S##_eq, sf, n, a.sf[i] == b.sf[i] ? -1 : 0);                                                  \
  BINARY(i##S##_ne, sf, n, a.sf[i] != b.sf[i] ? -1 : 0);                                                  \
  BINARY(i##S##_lt, sf, n, a.sf[i] < b.sf[i] ? -1 : 0);                                                   \
  BINARY(i##S##_gt, sf, n, a.sf[i] > b.sf[i] ? -1 : 0);                                                   \
  BINARY(i##S##_le, sf, n, a.sf[i] <= b.sf[i] ? -1 : 0);                                                  \
  BINARY(i##S##_ge, sf, n, a.sf[i] >= b.sf[i] ? -1 : 0)
#define UNSIGNED_COMPARISONS(S, sf, uf, n)                                                                \
  BINARY(u##S##_lt, sf, n, a.uf[i] < b.uf[i] ? -1 : 0);                                                   \
  BINARY(u##S##_gt, sf, n, a.uf[i] > b.uf[i] ? -1 : 0);                                                   \
  BINARY(u##S##_le, sf, n, a.uf[i] <= b.uf[i] ? -1 : 0);                                                  \
  BINARY(u##S##_ge, sf, n, a.uf[i] >= b.uf[i] ? -1 : 0);                                                  \
  BINARY(i##S##_min, sf, n, a.sf[i] < b.sf[i] ? a.sf[i] : b.sf[i]);                                       \
  BINARY(u##S##_min, uf, n, a.uf[i] < b.uf[i] ? a.uf[i] : b.uf[i]);                                       \
  BINARY(i##S##_max, sf, n, a.sf[i] > b.sf[i] ? a.sf[i] : b.sf[i]);                                       \
  BINARY(u##S##_max, uf, n, a.uf[i] > b.uf[i] ? a.uf[i] : b.uf[i])
#define INTEGERS(S, sf, uf, n, bits)                                                                      \
  COMPARISONS(S, sf, n);                                                                                  \
  BINARY(i##S##_add, uf, n, a.uf[i] + b.uf[i]);                                                           \
  BINARY(i##S##_sub, uf, n, a.uf[i] - b.uf[i]);                                                           \
  UNARY(i##S##_neg, uf, n, 0u - a.uf[i]);                                                                 \
  UNARY(i##S##_abs, uf, n, a.sf[i] < 0 ? 0u - a.uf[i] : a.uf[i]);                                         \
  TEST(i##S##_shl, uf, n, a.uf[i] << k % bits, a.v, k);                                                   \
  TEST(i##S##_shr, sf, n, a.sf[i] >> k % bits, a.v, k);                                                   \
  TEST(u##S##_shr, uf, n, a.uf[i] >> k % bits, a.v, k);                                                   \
  TEST_AS(as_it_is, "i" #S "_shl by 3", wasm_i##S##_shl(a.v, 3), uf, n, a.uf[i] << 3);                    \
  TEST_AS(as_it_is, "i" #S "_shr by 5", wasm_i##S##_shr(a.v, 5), sf, n, a.sf[i] >> 5);                    \
  TEST_AS(as_it_is, "u" #S "_shr by 4", wasm_u##S##_shr(a.v, 4), uf, n, a.uf[i] >> 4);                    \
  TEST(i##S##_splat, sf, n, a.sf[0], a.sf[0]);                                                            \
  TEST(i##S##_replace_lane, sf, n, i == 1 ? b.sf[0] : a.sf[i], a.v, 1, b.sf[0]);                          \
  SCALAR("i" #S "_extract_lane", wasm_i##S##_extract_lane(a.v, n - 1), a.sf[n - 1]);                      \
  SCALAR("i" #S "_bitmask", wasm_i##S##_bitmask(a.v), mask_of(&a, n, 16 / n));                            \
  SCALAR("i" #S "_all_true", wasm_i##S##_all_true(a.v), all_lanes(&a, n, 16 / n))

static void integers(void) {
  INTEGERS(8x16, i8, u8, 16, 8);
  INTEGERS(16x8, i16, u16, 8, 16);
  INTEGERS(32x4, i32, u32, 4, 32);
  INTEGERS(64x2, i64, u64, 2, 64);
  UNSIGNED_COMPARISONS(8x16, i8, u8, 16);
  UNSIGNED_COMPARISONS(16x8, i16, u16, 8);
  UNSIGNED_COMPARISONS(32x4, i32, u32, 4);
  SCALAR("u8x16_extract_lane", wasm_u8x16_extract_lane(a.v, 15), a.u8[15]);
  SCALAR("u16x8_extract_lane", wasm_u16x8_extract_lane(a.v, 3), a.u16[3]);
  BINARY(i16x8_mul, u16, 8, (uint16_t)(a.u16[i] * (uint32_t)b.u16[i]));
  BINARY(i32x4_mul, u32, 4, a.u32[i] * b.u32[i]);
  BINARY(i64x2_mul, u64, 2, a.u64[i] * b.u64[i]);
  BINARY(i8x16_add_sat, i8, 16, (int8_t)s8(a.i8[i] + b.i8[i]));
  BINARY(u8x16_add_sat, u8, 16, (uint8_t)u8(a.u8[i] + b.u8[i]));
  BINARY(i8x16_sub_sat, i8, 16, (int8_t)s8(a.i8[i] - b.i8[i]));
  BINARY(u8x16_sub_sat, u8, 16, (uint8_t)u8(a.u8[i] - b.u8[i]));
  BINARY(i16x8_add_sat, i16, 8, (int16_t)s16(a.i16[i] + b.i16[i]));
  BINARY(u16x8_add_sat, u16, 8, (uint16_t)u16(a.u16[i] + b.u16[i]));
  BINARY(i16x8_sub_sat, i16, 8, (int16_t)s16(a.i16[i] - b.i16[i]));
  BINARY(u16x8_sub_sat, u16, 8, (uint16_t)u16(a.u16[i] - b.u16[i]));
  BINARY(u8x16_avgr, u8, 16, (uint8_t)((a.u8[i] + b.u8[i] + 1) / 2));
  BINARY(u16x8_avgr, u16, 8, (uint16_t)((a.u16[i] + b.u16[i] + 1) / 2));
  BINARY(i16x8_q15mulr_sat, i16, 8, (int16_t)s16((a.i16[i] * b.i16[i] + 0x4000) >> 15));
  BINARY(i32x4_dot_i16x8, u32, 4, (uint32_t)(a.i16[2 * i] * b.i16[2 * i]) + (uint32_t)(a.i16[2 * i + 1] * b.i16[2 * i + 1]));
  UNARY(i8x16_popcnt, u8, 16, (uint8_t)ones(a.u8[i]));
}
static void bits(void) {
  UNARY(v128_not, u64, 2, ~a.u64[i]);
  BINARY(v128_and, u64, 2, a.u64[i] & b.u64[i]);
  BINARY(v128_or, u64, 2, a.u64[i] | b.u64[i]);
  BINARY(v128_xor, u64, 2, a.u64[i] ^ b.u64[i]);
  BINARY(v128_andnot, u64, 2, a.u64[i] & ~b.u64[i]);
  TEST(v128_bitselect, u64, 2, (a.u64[i] & c.u64[i]) | (b.u64[i] & ~c.u64[i]), a.v, b.v, c.v);
  SCALAR("v128_any_true", wasm_v128_any_true(a.v), any_bit(&a));
}
static void widths(void) {
  BINARY(i8x16_narrow_i16x8, i8, 16, (int8_t)s8(i < 8 ? a.i16[i] : b.i16[i - 8]));
  BINARY(u8x16_narrow_i16x8, u8, 16, (uint8_t)u8(i < 8 ? a.i16[i] : b.i16[i - 8]));
  BINARY(i16x8_narrow_i32x4, i16, 8, (int16_t)s16(i < 4 ? a.i32[i] : b.i32[i - 4]));
  BINARY(u16x8_narrow_i32x4, u16, 8, (uint16_t)u16(i < 4 ? a.i32[i] : b.i32[i - 4]));
#define EXTENDS(W, N, w, n, wide, lanes)                                                                  \
  UNARY(i##W##_extend_low_i##N, wide, lanes, a.i##n[i]);                                                  \
  UNARY(i##W##_extend_high_i##N, wide, lanes, a.i##n[i + lanes]);                                         \
  UNARY(u##W##_extend_low_u##N, wide, lanes, a.u##n[i]);                                                  \
  UNARY(u##W##_extend_high_u##N, wide, lanes, a.u##n[i + lanes]);                                         \
  BINARY(i##W##_extmul_low_i##N, wide, lanes, (int64_t)a.i##n[i] * b.i##n[i]);                            \
  BINARY(i##W##_extmul_high_i##N, wide, lanes, (int64_t)a.i##n[i + lanes] * b.i##n[i + lanes]);           \
  BINARY(u##W##_extmul_low_u##N, wide, lanes, (uint64_t)a.u##n[i] * b.u##n[i]);                           \
  BINARY(u##W##_extmul_high_u##N, wide, lanes, (uint64_t)a.u##n[i + lanes] * b.u##n[i + lanes])
  EXTENDS(16x8, 8x16, 16, 8, u16, 8);
  EXTENDS(32x4, 16x8, 32, 16, u32, 4);
  EXTENDS(64x2, 32x4, 64, 32, u64, 2);
  UNARY(i16x8_extadd_pairwise_i8x16, i16, 8, (int16_t)(a.i8[2 * i] + a.i8[2 * i + 1]));
  UNARY(u16x8_extadd_pairwise_u8x16, u16, 8, (uint16_t)(a.u8[2 * i] + a.u8[2 * i + 1]));
  UNARY(i32x4_extadd_pairwise_i16x8, i32, 4, a.i16[2 * i] + a.i16[2 * i + 1]);
  UNARY(u32x4_extadd_pairwise_u16x8, u32, 4, (uint32_t)(a.u16[2 * i] + a.u16[2 * i + 1]));
}
#define FLOATS(S, ff, sf, n, TEST_F, suffix, compute)                                                     \
  BINARY(f##S##_eq, sf, n, a.ff[i] == b.ff[i] ? -1 : 0);                                                  \
  BINARY(f##S##_ne, sf, n, a.ff[i] != b.ff[i] ? -1 : 0);                                                  \
  BINARY(f##S##_lt, sf, n, a.ff[i] < b.ff[i] ? -1 : 0);                                                   \
  BINARY(f##S##_gt, sf, n, a.ff[i] > b.ff[i] ? -1 : 0);                                                   \
  BINARY(f##S##_le, sf, n, a.ff[i] <= b.ff[i] ? -1 : 0);                                                  \
  BINARY(f##S##_ge, sf, n, a.ff[i] >= b.ff[i] ? -1 : 0);                                                  \
  TEST_F(f##S##_add, a.ff[i] + b.ff[i], a.v, b.v);                                                        \
  TEST_F(f##S##_sub, a.ff[i] - b.ff[i], a.v, b.v);                                                        \
  TEST_F(f##S##_mul, a.ff[i] * b.ff[i], a.v, b.v);                                                        \
  TEST_F(f##S##_div, a.ff[i] / b.ff[i], a.v, b.v);                                                        \
  TEST_F(f##S##_min, (compute)smaller(a.ff[i], b.ff[i]), a.v, b.v);                                       \
  TEST_F(f##S##_max, (compute)greater(a.ff[i], b.ff[i]), a.v, b.v);                                       \
  TEST_F(f##S##_pmin, b.ff[i] < a.ff[i] ? b.ff[i] : a.ff[i], a.v, b.v);                                   \
  TEST_F(f##S##_pmax, a.ff[i] < b.ff[i] ? b.ff[i] : a.ff[i], a.v, b.v);                                   \
  TEST_F(f##S##_sqrt, sqrt##suffix(a.ff[i]), a.v);                                                        \
  TEST_F(f##S##_ceil, ceil##suffix(a.ff[i]), a.v);                                                        \
  TEST_F(f##S##_floor, floor##suffix(a.ff[i]), a.v);                                                      \
  TEST_F(f##S##_trunc, trunc##suffix(a.ff[i]), a.v);                                                      \
  TEST_F(f##S##_nearest, nearbyint##suffix(a.ff[i]), a.v);                                                \
  TEST_F(f##S##_splat, a.ff[1], a.ff[1]);                                                                 \
  TEST_F(f##S##_replace_lane, i == 1 ? b.ff[0] : a.ff[i], a.v, 1, b.ff[0])
static void floats(void) {
  FLOATS(32x4, f32, i32, 4, TEST_F32, f, float);
  FLOATS(64x2, f64, i64, 2, TEST_F64, , double);
  UNARY(f32x4_abs, u32, 4, a.u32[i] & 0x7fffffff);
  UNARY(f32x4_neg, u32, 4, a.u32[i] ^ 0x80000000);
  UNARY(f64x2_abs, u64, 2, a.u64[i] & INT64_MAX);
  UNARY(f64x2_neg, u64, 2, a.u64[i] ^ (uint64_t)INT64_MIN);
  SCALAR("f32x4_extract_lane", wasm_f32x4_extract_lane(a.v, 3) > 1, a.f32[3] > 1);
  SCALAR("f64x2_extract_lane", wasm_f64x2_extract_lane(a.v, 1) > 1, a.f64[1] > 1);
  UNARY(i32x4_trunc_sat_f32x4, i32, 4, to_s32(a.f32[i]));
  UNARY(u32x4_trunc_sat_f32x4, u32, 4, to_u32(a.f32[i]));
  UNARY(i32x4_trunc_sat_f64x2_zero, i32, 4, i < 2 ? to_s32(a.f64[i & 1]) : 0);
  UNARY(u32x4_trunc_sat_f64x2_zero, u32, 4, i < 2 ? to_u32(a.f64[i & 1]) : 0);
  UNARY(f32x4_convert_i32x4, f32, 4, (float)a.i32[i]);
  UNARY(f32x4_convert_u32x4, f32, 4, (float)a.u32[i]);
  UNARY(f64x2_convert_low_i32x4, f64, 2, a.i32[i]);
  UNARY(f64x2_convert_low_u32x4, f64, 2, a.u32[i]);
  TEST_F64(f64x2_promote_low_f32x4, a.f32[i], a.v);
  TEST_F32(f32x4_demote_f64x2_zero, i < 2 ? (float)a.f64[i & 1] : 0, a.v);
}
#define SHUFFLED(S, size, ...)                                                                            \
  do {                                                                                                    \
    static const int pattern[] = {__VA_ARGS__};                                                           \
    TEST_AS(as_it_is, "i" #S "_shuffle " #__VA_ARGS__, wasm_i##S##_shuffle(a.v, b.v, __VA_ARGS__), u8, 16, \
            pattern[i / size] * size < 16 ? a.u8[pattern[i / size] * size + i % size] : b.u8[pattern[i / size] * size - 16 + i % size]); \
  } while (0)
static void shuffles(void) {
  BINARY(i8x16_swizzle, u8, 16, b.u8[i] < 16 ? a.u8[b.u8[i]] : 0);
  TEST_AS(as_it_is, "i8x16_swizzle by known ones", wasm_i8x16_swizzle(a.v, wasm_v128_and(b.v, wasm_i8x16_splat(15))), u8, 16, a.u8[b.u8[i] & 15]);
  SHUFFLED(64x2, 8, 1, 0);
  SHUFFLED(64x2, 8, 0, 2);
  SHUFFLED(64x2, 8, 1, 3);
  SHUFFLED(64x2, 8, 3, 0);
  SHUFFLED(64x2, 8, 0, 3);
  SHUFFLED(32x4, 4, 3, 2, 1, 0);
  SHUFFLED(32x4, 4, 2, 2, 2, 2);
  SHUFFLED(32x4, 4, 0, 4, 1, 5);
  SHUFFLED(32x4, 4, 2, 6, 3, 7);
  SHUFFLED(32x4, 4, 0, 2, 4, 6);
  SHUFFLED(32x4, 4, 7, 5, 1, 3);
  SHUFFLED(32x4, 4, 0, 5, 2, 7);
  SHUFFLED(32x4, 4, 0, 1, 2, 6);
  SHUFFLED(32x4, 4, 4, 1, 7, 2);
  SHUFFLED(16x8, 2, 0, 8, 1, 9, 2, 10, 3, 11);
  SHUFFLED(16x8, 2, 4, 12, 5, 13, 6, 14, 7, 15);
  SHUFFLED(16x8, 2, 3, 2, 1, 0, 4, 5, 6, 7);
  SHUFFLED(16x8, 2, 0, 1, 2, 3, 7, 5, 6, 4);
  SHUFFLED(16x8, 2, 0, 9, 2, 11, 12, 5, 6, 15);
  SHUFFLED(16x8, 2, 0, 2, 4, 6, 8, 10, 12, 14);
  SHUFFLED(16x8, 2, 15, 3, 8, 8, 1, 6, 11, 0);
  SHUFFLED(8x16, 1, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  SHUFFLED(8x16, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
  SHUFFLED(8x16, 1, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  SHUFFLED(8x16, 1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  SHUFFLED(8x16, 1, 24, 8, 25, 9, 26, 10, 27, 11, 28, 12, 29, 13, 30, 14, 31, 15);
  SHUFFLED(8x16, 1, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  SHUFFLED(8x16, 1, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 1, 4, 7, 10, 13);
  SHUFFLED(8x16, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7);
  SHUFFLED(8x16, 1, 0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31);
  SHUFFLED(8x16, 1, 31, 2, 19, 11, 4, 8, 30, 16, 0, 9, 9, 27, 22, 14, 5, 21);
}
static uint8_t* put(int at, const V* v) {
  static uint8_t buffer[64];
  memcpy(buffer + at, v, 16);
  __asm__ volatile("" : : "r"(buffer) : "memory");
  return buffer + at;
}
#define MEMORY(name, field, lanes, scalar, ...)                                                           \
  for (int at = 0; at < 3; at++) TEST_AS(as_it_is, #name, (place = put(at, &b), wasm_##name(__VA_ARGS__)), field, lanes, scalar)
#define STORED(name, size, ...)                                                                           \
  TEST_AS(as_it_is, #name, (place = put(0, &b), wasm_##name(place + 3, a.v, __VA_ARGS__), wasm_v128_load(place)), u8, 16, \
          i >= 3 && i < 3 + size ? a.u8[__VA_ARGS__ * size + i - 3] : b.u8[i])
static void memory(void) {
  uint8_t* place;
  MEMORY(v128_load, u8, 16, b.u8[i], place);
  MEMORY(v128_load8_splat, u8, 16, b.u8[0], place);
  MEMORY(v128_load16_splat, u16, 8, b.u16[0], place);
  MEMORY(v128_load32_splat, u32, 4, b.u32[0], place);
  MEMORY(v128_load64_splat, u64, 2, b.u64[0], place);
  MEMORY(v128_load32_zero, u32, 4, i ? 0 : b.u32[0], place);
  MEMORY(v128_load64_zero, u64, 2, i ? 0 : b.u64[0], place);
  MEMORY(i16x8_load8x8, i16, 8, b.i8[i], place);
  MEMORY(u16x8_load8x8, u16, 8, b.u8[i], place);
  MEMORY(i32x4_load16x4, i32, 4, b.i16[i], place);
  MEMORY(u32x4_load16x4, u32, 4, b.u16[i], place);
  MEMORY(i64x2_load32x2, i64, 2, b.i32[i], place);
  MEMORY(u64x2_load32x2, u64, 2, b.u32[i], place);
  MEMORY(v128_load8_lane, u8, 16, i == 13 ? b.u8[0] : a.u8[i], place, a.v, 13);
  MEMORY(v128_load16_lane, u16, 8, i == 5 ? b.u16[0] : a.u16[i], place, a.v, 5);
  MEMORY(v128_load32_lane, u32, 4, i == 2 ? b.u32[0] : a.u32[i], place, a.v, 2);
  MEMORY(v128_load64_lane, u64, 2, i == 1 ? b.u64[0] : a.u64[i], place, a.v, 1);
  STORED(v128_store8_lane, 1, 11);
  STORED(v128_store16_lane, 2, 6);
  STORED(v128_store32_lane, 4, 3);
  STORED(v128_store64_lane, 8, 0);
}

// Vectors across calls.
typedef v128_t (*operation)(v128_t, v128_t);
static __attribute__((noinline)) v128_t sum_of(v128_t a, v128_t b) { return wasm_i32x4_add(a, b); }
static __attribute__((noinline)) v128_t difference_of(v128_t a, v128_t b) { return wasm_i32x4_sub(a, b); }
static __attribute__((noinline)) v128_t twisted(v128_t a, v128_t b) { return wasm_i32x4_shuffle(a, b, 1, 7, 0, 6); }
static operation volatile operations[] = {sum_of, difference_of, twisted};
static __attribute__((noinline)) v128_t of_many(int k, v128_t a, double x, v128_t b, v128_t c, float y, v128_t d, v128_t e, v128_t f, int64_t l, v128_t g, v128_t h, v128_t i) {
  v128_t s = wasm_f64x2_add(wasm_f64x2_splat(x), wasm_f64x2_convert_low_i32x4(a));
  s = wasm_v128_xor(s, wasm_i32x4_mul(b, wasm_i32x4_add(c, wasm_i32x4_splat(k))));
  s = wasm_v128_xor(s, wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(d), wasm_f32x4_splat(y))));
  return wasm_v128_xor(wasm_i64x2_add(wasm_i64x2_add(s, e), wasm_i64x2_splat(l)), wasm_i16x8_sub(wasm_i16x8_add(f, g), wasm_i16x8_mul(h, i)));
}
static __attribute__((noinline)) v128_t deep(int n, v128_t a) {
  if (!n) return a;
  v128_t below = deep(n - 1, wasm_i32x4_add(a, wasm_i32x4_splat(n)));
  return wasm_v128_xor(wasm_i32x4_shuffle(below, a, 1, 2, 3, 4), a);  // `a` lives across the call
}
static void show(const char* name, v128_t v) {
  V a = {v};
  printf("%s %08x %08x %08x %08x\n", name, a.u32[0], a.u32[1], a.u32[2], a.u32[3]);
}
static void calls(void) {
  v128_t a = wasm_i32x4_make(1, -2, 3, -4), b = wasm_i32x4_make(100, 200, 300, 400);
  for (int i = 0; i < 9; i++) {
    v128_t was = a;
    a = operations[i % 3](a, b);
    b = wasm_i32x4_add(was, wasm_i32x4_shl(b, 1));
  }
  show("through pointers", a);
  show("many parameters", of_many(7, a, 1.5, b, a, 2.25f, b, a, b, 1234567890123, a, b, a));
  show("recursion", deep(300, a));
  v128_t live[24];  // more than there are registers
  for (int i = 0; i < 24; i++) live[i] = wasm_i32x4_add(a, wasm_i32x4_splat(i * i));
  for (int round = 0; round < 50; round++) {
    v128_t first = live[0];
#pragma clang loop unroll(full)
    for (int i = 0; i < 23; i++) live[i] = wasm_i32x4_add(wasm_v128_xor(live[i], wasm_i32x4_shl(live[i + 1], 3)), wasm_u32x4_shr(live[(i + 7) % 24], 5));
    live[23] = wasm_v128_xor(first, live[11]);
  }
  for (int i = 0; i < 24; i += 8) show("many at once", live[i]);
  V x;
  x.f32[0] = 0.1f, x.f32[1] = -0.0f, x.f32[2] = 1e10f, x.f32[3] = 3;
  for (int i = 0; i < 100; i++) x.v = wasm_f32x4_div(wasm_f32x4_add(x.v, wasm_f32x4_const(1, 2, 3, 4)), wasm_f32x4_sqrt(wasm_f32x4_add(wasm_f32x4_mul(x.v, x.v), wasm_f32x4_splat(1))));
  show("floats", x.v);
  printf("as numbers %.9g %.9g %.9g %.9g\n", x.f32[0], x.f32[1], x.f32[2], x.f32[3]);
}

int main(void) {
  make_inputs();
  integers();
  bits();
  widths();
  floats();
  shuffles();
  memory();
  calls();
  printf("%d operations are wrong\n", failures);
  return failures != 0;
}

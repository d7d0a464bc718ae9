// The vectors of the kernels of the part `simd`: one source for the wasm (with -msimd128) and for its native twin.
//
// What C's vector extension can say is said with it in both builds: arithmetic, comparisons, shifts by a constant,
// __builtin_shufflevector, __builtin_convertvector; wasm_simd128.h is written in it as well. The rest is below, one
// function an operation, as a programmer of either platform writes it: no side has an operation that the other lacks, and
// where the two differ for some operands (said there), no kernel has those. Vectors have 128 bits in both builds.
#pragma once
#include "bench.h"

#ifdef __wasm__
#include <wasm_simd128.h>
#else
#include <immintrin.h>
#endif

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));
typedef int8_t i8x8 __attribute__((vector_size(8)));

// At any address.
#define LOAD(type, p)                    \
  ({                                     \
    type loaded;                         \
    memcpy(&loaded, (p), sizeof loaded); \
    loaded;                              \
  })
#define STORE(p, value)                  \
  do {                                   \
    __auto_type stored = (value);        \
    memcpy((p), &stored, sizeof stored); \
  } while (0)
#define SHUFFLE __builtin_shufflevector
#define CONVERT __builtin_convertvector
#define LOW(v) SHUFFLE(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define HIGH(v) SHUFFLE(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
// The same four bytes of each lane: a rotation by 8, 16 or 24, which neither platform has for vectors.
#define BY_BYTES(x, i, j, k, l)                                                                                       \
  (u32x4) SHUFFLE((u8x16)(x), (u8x16)(x), i, j, k, l, i + 4, j + 4, k + 4, l + 4, i + 8, j + 8, k + 8, l + 8, i + 12, \
                  j + 12, k + 12, l + 12)
#define ALL4(x) {x, x, x, x}
#define ALL8(x) {x, x, x, x, x, x, x, x}
#define ALL16(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}

// Eight bytes from memory, widened.
static inline i16x8 load_i8x8(const void* p) {
  return CONVERT(LOAD(i8x8, p), i16x8);
}

// name, result and parameters, on wasm, natively
#define OPERATIONS(F)                                                                \
  /* a[b[i]]; no index is above 15, where the two differ */                          \
  F(swizzle, u8x16, (u8x16 a, u8x16 b), wasm_i8x16_swizzle, _mm_shuffle_epi8)        \
  F(sub_sat_u8, u8x16, (u8x16 a, u8x16 b), wasm_u8x16_sub_sat, _mm_subs_epu8)        \
  /* signed 16 bits to unsigned 8, saturating */                                     \
  F(narrow_u8, u8x16, (u16x8 a, u16x8 b), wasm_u8x16_narrow_i16x8, _mm_packus_epi16) \
  /* a[2i] b[2i] + a[2i+1] b[2i+1] */                                                \
  F(dot_i16, i32x4, (i16x8 a, i16x8 b), wasm_i32x4_dot_i16x8, _mm_madd_epi16)        \
  /* a b / 32768, rounded; never -1 by -1 (which wasm saturates) */                  \
  F(mul_q15, i16x8, (i16x8 a, i16x8 b), wasm_i16x8_q15mulr_sat, _mm_mulhrs_epi16)
#ifdef __wasm__
typedef v128_t bits128;
#define F(name, result, parameters, wasm, native) \
  static inline result name parameters {          \
    return (result)wasm((bits128)a, (bits128)b);  \
  }
static inline uint32_t bitmask_8(u8x16 a) {
  return wasm_i8x16_bitmask((bits128)a);
}
static inline uint32_t bitmask_32(u32x4 a) {
  return wasm_i32x4_bitmask((bits128)a);
}
#else
typedef __m128i bits128;
#define F(name, result, parameters, wasm, native)  \
  static inline result name parameters {           \
    return (result)native((bits128)a, (bits128)b); \
  }
static inline uint32_t bitmask_8(u8x16 a) {
  return (uint32_t)_mm_movemask_epi8((bits128)a);
}
static inline uint32_t bitmask_32(u32x4 a) {
  return (uint32_t)_mm_movemask_ps((__m128)a);
}
#endif
OPERATIONS(F)
#undef F

// A loop that is measured: a function on buffers that walks its pointers, as a library has them. Its compiler knows neither
// where the buffers are (they are from malloc: of a static array the addresses are constants plus an index, which wasm
// cannot fold) nor how long (or it unrolls natively what it does not in wasm).
#define LOOP static __attribute__((noinline))
static inline int unknown(int length) {
  __asm__("" : "+r"(length));
  return length;
}

// The checksum so far and what a round adds to it.
static inline uint64_t mix(uint64_t sum, u32x4 v) {
  return ((sum * 31 + v[0]) * 31 + v[1]) * 31 * 31 + v[2] * 31ull + v[3];
}
static inline void fill(void* p, uint32_t size, uint32_t seed) {
  for (uint32_t i = 0; i < size; i++) ((uint8_t*)p)[i] = (uint8_t)(xorshift(&seed) >> 11);
}

// A kernel: does work proportional to n and answers a checksum that depends on all of it.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __wasm__
#define EXPORT __attribute__((export_name("bench")))
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT uint64_t bench(uint32_t n);

static inline uint32_t xorshift(uint32_t* s) {
  uint32_t x = *s;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *s = x;
}

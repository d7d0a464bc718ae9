// Indirect calls: objects with methods behind function pointers.
#include "bench.h"
struct shape;
typedef int64_t (*method)(struct shape*, int32_t);
struct shape { method area; int32_t a, b; };
static int64_t square(struct shape* s, int32_t k) { return (int64_t)s->a * s->a + k; }
static int64_t rect(struct shape* s, int32_t k) { return (int64_t)s->a * s->b - k; }
static int64_t tri(struct shape* s, int32_t k) { return ((int64_t)s->a * s->b >> 1) ^ k; }
static int64_t line(struct shape* s, int32_t k) { return s->a + s->b * (int64_t)k; }
static const method methods[] = {square, rect, tri, line};
uint64_t bench(uint32_t n) {
  static struct shape shapes[1024];
  uint32_t seed = 7;
  for (int i = 0; i < 1024; i++) shapes[i] = (struct shape){methods[xorshift(&seed) & 3], i, 1024 - i};
  int64_t sum = 0;
  for (uint32_t round = 0; round < n; round++)
    for (int i = 0; i < 1024; i++) sum += shapes[i].area(&shapes[i], (int32_t)sum);
  return (uint64_t)sum;
}

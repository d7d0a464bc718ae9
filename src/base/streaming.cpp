#include "base/streaming.hpp"

#include <cstring>
#include <iterator>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace vitrine {

#ifdef __SSE2__

namespace {

constexpr size_t kLine = 64, kVector = sizeof(__m128i);

/// How many of `size` bytes stand before the first whole line.
size_t before_lines(const uint8_t* to, size_t size) {
  // SAFETY: only the low bits of the address are looked at.
  size_t head = -reinterpret_cast<uintptr_t>(to) % kLine;
  return head < size ? head : size;
}

/// SAFETY (both): `p` is `kLine` bytes of the caller's; streaming stores want it aligned, and it is a line.
__m128i* vectors(uint8_t* p) {
  return reinterpret_cast<__m128i*>(p);
}
const __m128i* vectors(const uint8_t* p) {
  return reinterpret_cast<const __m128i*>(p);
}

}  // namespace

void fill_streaming(uint8_t* to, uint8_t value, size_t size) {
  const size_t head = before_lines(to, size);
  std::memset(to, value, head);
  const __m128i v = _mm_set1_epi8(static_cast<char>(value));
  size_t at = head;
  for (; size - at >= kLine; at += kLine) {
    for (size_t i = 0; i < kLine / kVector; ++i) _mm_stream_si128(vectors(to + at) + i, v);
  }
  _mm_sfence();
  std::memset(to + at, value, size - at);
}

void copy_streaming(uint8_t* to, const uint8_t* from, size_t size) {
  const size_t head = before_lines(to, size);
  std::memmove(to, from, head);
  size_t at = head;
  for (; size - at >= kLine; at += kLine) {
    __m128i line[kLine / kVector];  // all of it is read before any of it is written: the two may overlap
    for (size_t i = 0; i < std::size(line); ++i) line[i] = _mm_loadu_si128(vectors(from + at) + i);
    for (size_t i = 0; i < std::size(line); ++i) _mm_stream_si128(vectors(to + at) + i, line[i]);
  }
  _mm_sfence();
  std::memmove(to + at, from + at, size - at);
}

#else

void fill_streaming(uint8_t* to, uint8_t value, size_t size) {
  std::memset(to, value, size);
}
void copy_streaming(uint8_t* to, const uint8_t* from, size_t size) {
  std::memmove(to, from, size);
}

#endif

}  // namespace vitrine

#include "wasm/byte_reader.hpp"

#include <fmt/format.h>

#include "base/casts.hpp"
#include "base/utf8.hpp"

namespace vitrine::wasm {

void ByteReader::fail(std::string_view message, uint32_t offset, ErrorKind kind) {
  if (failed_) return;
  failed_ = true;
  kind_ = kind;
  message_ = fmt::format("{}, at offset {:#x}", message, offset);
  pos_ = end_;
}

void ByteReader::fail_with(ByteReader& other) {
  if (failed_ || other.ok()) return;
  failed_ = true;
  kind_ = other.kind_;
  message_ = std::move(other.message_);
  pos_ = end_;
}

uint8_t ByteReader::fail_at_end() {
  fail("unexpected end of section or function", offset_of(end_));
  return 0;
}

// spec: binary/values, integers. A LEB128 number of n bits has at most ceil(n/7) bytes, and the unused bits of the last
// one are zero (unsigned) or copies of the sign (signed).

uint32_t ByteReader::long_u32() {
  uint32_t result = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    uint32_t at = offset();
    uint8_t byte = u8();
    if (failed_) return 0;
    if (shift == 28 && (byte & 0x70)) {
      fail("integer too large", at);
      return 0;
    }
    result |= uint32_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) return result;
  }
  fail("integer representation too long");
  return 0;
}

uint64_t ByteReader::long_u64() {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    uint32_t at = offset();
    uint8_t byte = u8();
    if (failed_) return 0;
    if (shift == 63 && (byte & 0x7e)) {
      fail("integer too large", at);
      return 0;
    }
    result |= uint64_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) return result;
  }
  fail("integer representation too long");
  return 0;
}

int64_t ByteReader::long_signed(unsigned bits) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < bits; shift += 7) {
    uint32_t at = offset();
    uint8_t byte = u8();
    if (failed_) return 0;
    unsigned left = bits - shift;
    if (left < 7) {
      uint8_t sign_bits = static_cast<uint8_t>((0x7f << (left - 1)) & 0x7f);
      if ((byte & sign_bits) != 0 && (byte & sign_bits) != sign_bits) {
        fail("integer too large", at);
        return 0;
      }
    }
    result |= uint64_t{byte & 0x7fu} << shift;
    if (byte & 0x80) continue;
    unsigned used = shift + 7;
    if (used < 64 && (byte & 0x40)) result |= ~uint64_t{0} << used;
    return static_cast<int64_t>(result);
  }
  fail("integer representation too long");
  return 0;
}

uint32_t ByteReader::length() {
  uint32_t at = offset();
  uint32_t n = u32();
  if (n > remaining()) {
    fail(fmt::format("unexpected end: length out of bounds ({} bytes announced, {} left)", n, remaining()), at);
    return 0;
  }
  return n;
}

uint32_t ByteReader::count(uint32_t limit, const char* what) {
  uint32_t at = offset();
  uint32_t n = u32();
  if (n > remaining()) {
    fail(fmt::format("unexpected end: length out of bounds ({} {} announced, {} bytes left)", n, what, remaining()),
         at);
    return 0;
  }
  if (n > limit) {
    fail(fmt::format("too many {}: {}, the limit is {}", what, n, limit), at, ErrorKind::Limit);
    return 0;
  }
  return n;
}

std::string_view ByteReader::name() {
  uint32_t n = length();
  uint32_t at = offset();
  auto view = bytes(n);
  const std::string_view text = text_of(view);
  if (!is_utf8(text)) {
    fail("malformed UTF-8 encoding", at);
    return {};
  }
  return text;
}

ByteReader ByteReader::sub(size_t n) {
  uint32_t at = offset();
  return ByteReader(bytes(n), at);
}

}  // namespace vitrine::wasm

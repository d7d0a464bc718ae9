#include "wasm/byte_reader.hpp"

#include <fmt/format.h>

namespace vitrine::wasm {

bool is_utf8(std::string_view text) {
  auto* p = reinterpret_cast<const uint8_t*>(text.data());
  auto* end = p + text.size();
  while (p < end) {
    uint8_t lead = *p++;
    if (lead < 0x80) continue;
    // How many continuation bytes, and what the first of them may be: that excludes overlong forms, surrogates and
    // everything above U+10FFFF.
    int more;
    uint8_t low = 0x80, high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - p < more) return false;
    if (*p < low || *p > high) return false;
    for (int i = 1; i < more; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    p += more;
  }
  return true;
}

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
  std::string_view text(reinterpret_cast<const char*>(view.data()), view.size());
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

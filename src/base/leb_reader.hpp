// Reads the unsigned LEB128 numbers that a ByteWriter wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vitrine {

/// Never leaves its bytes: from their end on it answers 0.
struct LebReader {
  std::span<const uint8_t> bytes;
  size_t at = 0;

  bool at_end() const { return at >= bytes.size(); }
  uint64_t get() {
    uint64_t v = 0;
    for (unsigned shift = 0; at < bytes.size() && shift < 64; shift += 7) {
      const uint8_t byte = bytes[at++];
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return v;
  }
  uint32_t get32() { return static_cast<uint32_t>(get()); }
};

}  // namespace vitrine

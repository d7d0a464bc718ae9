// The casts that are right whatever stands there; every other reinterpret_cast says why it is.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vitrine {

/// An address as a number.
inline uintptr_t address_of(const void* place) {
  // SAFETY: a number, which nothing is read through.
  return reinterpret_cast<uintptr_t>(place);
}

// SAFETY: of both: chars and bytes may stand for one another.
inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace vitrine

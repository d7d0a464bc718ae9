// Hashing for tables inside one process: fast, good enough to resist accidents; seeded where input is hostile.
#pragma once

#include <cstdint>
#include <string_view>

namespace vitrine {

/// Mixes `v` into `h` (the finaliser of MurmurHash3 over a multiply-add).
constexpr uint64_t hash_mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e37'79b9'7f4a'7c15ull + (h << 6) + (h >> 2);
  h ^= h >> 33;
  h *= 0xff51'afd7'ed55'8ccdull;
  h ^= h >> 33;
  return h;
}

}  // namespace vitrine

// Vectors of WebAssembly (v128) as the host sees them.
//
//   V128 v = V128::of<float>({1, 2, 3, 4});
//   std::array<uint32_t, 4> bits = v.lanes<uint32_t>();
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vitrine {

/// What the lanes of a vector may be read as: an integer of 1, 2, 4 or 8 bytes, a float or a double.
template <class T>
concept V128Lane =
    std::same_as<T, std::remove_cv_t<T>> && ((std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8) ||
                                             std::same_as<T, float> || std::same_as<T, double>);

/// 128 bits, which have no lanes of their own: operators, and the host, take them as they like. Zero by default.
struct V128 {
  /// As a guest's memory would hold it: lane 0 first, each lane with its low byte first.
  std::array<uint8_t, 16> bytes{};

  template <V128Lane Lane>
  using Lanes = std::array<Lane, 16 / sizeof(Lane)>;

  template <V128Lane Lane>
  static constexpr V128 of(const Lanes<Lane>& lanes) {
    return std::bit_cast<V128>(lanes);
  }
  /// The same value in every lane.
  template <V128Lane Lane>
  static constexpr V128 splat(Lane lane) {
    Lanes<Lane> all;
    all.fill(lane);
    return of<Lane>(all);
  }
  template <V128Lane Lane>
  constexpr Lanes<Lane> lanes() const {
    return std::bit_cast<Lanes<Lane>>(bytes);
  }
  /// Whether all bits are equal: a NaN in a lane is equal to the same one, and 0.0 is not equal to -0.0.
  friend constexpr bool operator==(const V128&, const V128&) = default;
};
static_assert(sizeof(V128) == 16 && std::is_trivially_copyable_v<V128>);
static_assert(std::endian::native == std::endian::little, "lanes are their bytes, as the CPU has them");

}  // namespace vitrine

// Which memory instructions touch, as alias regions of the function at hand.
#pragma once

#include <array>

#include "compiler/ir/func.hpp"

namespace vitrine::opt {

/// One bit a region; a write to region 0 has all of them, and any write has bit 0.
using RegionSet = uint32_t;

/// Numbers the regions of a function densely, in the order in which they are met, so that what a pass keeps for each
/// depends on how many the function touches, not on how many there are. Of a function that touches more than there are
/// numbers, the rest is region 0, which may be anything.
class RegionMap {
 public:
  static constexpr uint32_t kRegions = 16;
  static constexpr RegionSet kAll = (1u << kRegions) - 1;

  void reset() {
    map_.fill(0);
    used_ = 1;
  }
  /// The number of the region that a load or store touches.
  uint32_t of(const ir::InstData& d) {
    uint8_t& n = map_[d.region];
    if (n == 0 && d.region != 0 && used_ < kRegions) n = static_cast<uint8_t>(used_++);
    return n;
  }
  /// All numbers given so far are below.
  uint32_t used() const { return used_; }

  RegionSet written_by(const ir::InstData& d) {
    if (!has_effects(d.op, ir::kWrites)) return 0;
    if (has_effects(d.op, ir::kBarrier)) return kAll;
    if (d.op == ir::Op::StackStore) return 0;  // its slot is reached by no region
    uint32_t r = of(d);
    return r == 0 ? kAll : 1u | 1u << r;
  }

 private:
  std::array<uint8_t, 256> map_{};
  uint32_t used_ = 1;
};
static_assert(sizeof(ir::AliasRegion) == 1, "the map has an entry for each");

}  // namespace vitrine::opt

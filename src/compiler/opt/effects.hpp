// What memory an instruction writes, as a set of alias regions.
#pragma once

#include "compiler/ir/func.hpp"

namespace vitrine::opt {

/// Regions are tracked one by one up to this number; those above are treated as region 0, which may be anything.
inline constexpr uint32_t kRegions = 16;

inline uint32_t region_of(const ir::InstData& d) {
  return d.region < kRegions ? d.region : 0;
}

/// One bit a region; a write to region 0 has all of them, and any write has bit 0.
using RegionSet = uint32_t;
inline constexpr RegionSet kAllRegions = (1u << kRegions) - 1;

inline RegionSet written_by(const ir::InstData& d) {
  if (!has_effects(d.op, ir::kWrites)) return 0;
  if (has_effects(d.op, ir::kBarrier)) return kAllRegions;
  if (d.op == ir::Op::StackStore) return 0;  // its slot is reached by no region
  uint32_t r = region_of(d);
  return r == 0 ? kAllRegions : 1u | 1u << r;
}

}  // namespace vitrine::opt

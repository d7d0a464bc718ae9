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
  switch (info(d.op).effect) {
    case ir::Effect::Call:
      return kAllRegions;
    case ir::Effect::Write: {
      if (d.op == ir::Op::StackStore) return 0;  // its slot is reached by no region
      uint32_t r = region_of(d);
      return r == 0 ? kAllRegions : 1u | 1u << r;
    }
    default:
      return 0;
  }
}

/// May end the function here (and so let its caller see memory), apart from terminators.
inline bool may_trap(const ir::InstData& d) {
  switch (info(d.op).effect) {
    case ir::Effect::CanTrap:
    case ir::Effect::Trap:
    case ir::Effect::Call:
      return true;
    case ir::Effect::Read:
    case ir::Effect::Write:
      return d.trap != 0;
    default:
      return false;
  }
}

/// The bytes a load or store touches.
inline uint32_t access_bytes(const ir::InstData& d) {
  constexpr uint8_t kBytes[] = {0, 1, 1, 2, 2, 4, 4};
  return d.mem() == ir::MemKind::Full ? bytes_of(d.type) : kBytes[d.aux];
}

}  // namespace vitrine::opt

// Slots for the bundles that are somewhere in memory: two that are live at different times may share one.
//
// A bundle's slot is taken from its first position to its last, holes and all, so that it does not matter when it is
// stored. Slots of 16 bytes come first and are apart from those of 8, so that no two overlap in part.
// Cost: O(n log n) in bundles with a slot.
#include <algorithm>

#include "compiler/regalloc/linear_scan.hpp"

namespace vitrine::regalloc {

void LinearScan::assign_slots() {
  struct Extent {
    uint32_t from, to, bundle;
  };
  std::vector<Extent> extents[2];
  for (uint32_t v = 0; v < t_.vregs.size(); ++v) {
    const VRegData& data = t_.vregs[v];
    if (data.parent != kNone || !data.needs_slot || data.first_child == kNone) continue;
    uint32_t from = t_.ranges[data.ranges].from & ~3u, to = (data.end + 3) & ~3u;
    extents[slots_of(in_->vregs[v].bytes) - 1].push_back({from, to, v});
  }
  for (uint32_t slots : {2u, 1u}) {
    auto& list = extents[slots - 1];
    std::ranges::sort(list, [](const Extent& a, const Extent& b) {
      return a.from != b.from ? a.from < b.from : a.bundle < b.bundle;
    });
    std::vector<std::pair<uint32_t, uint32_t>> taken;  // until, slot: the first to be free on top
    for (const Extent& e : list) {
      uint32_t slot;
      if (!taken.empty() && taken.front().first <= e.from) {
        std::ranges::pop_heap(taken, std::greater<>());
        slot = taken.back().second;
        taken.pop_back();
      } else {
        slot = out_->spill_slots;
        out_->spill_slots += slots;
      }
      taken.push_back({e.to, slot});
      std::ranges::push_heap(taken, std::greater<>());
      t_.vregs[e.bundle].slot = slot;
    }
  }
}

}  // namespace vitrine::regalloc

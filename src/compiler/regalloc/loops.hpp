// Where loops lie in the layout, and how often blocks run: what heuristics ask. Nothing here decides correctness.
//
// A loop is the extent from its header to the last block that jumps back to it and is not cold. Extents nest; one that
// would stick out of its parent is cut. Cost: O(blocks + edges).
#pragma once

#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

class Loops {
 public:
  static constexpr uint32_t kNone = ~0u;
  struct Loop {
    uint32_t first_block, end_block;
    uint32_t parent;
  };

  void compute(const Input& in);
  /// The innermost loop with the block in its extent.
  uint32_t of(uint32_t block) const { return innermost_[block]; }
  const Loop& operator[](uint32_t loop) const { return loops_[loop]; }
  /// How often the block runs for one run of the function: ten times more for each loop round it.
  float frequency(uint32_t block) const { return frequency_[block]; }

 private:
  std::vector<Loop> loops_;
  std::vector<uint32_t> innermost_;
  std::vector<float> frequency_;
};

}  // namespace vitrine::regalloc

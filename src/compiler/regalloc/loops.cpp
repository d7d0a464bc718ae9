#include "compiler/regalloc/loops.hpp"

#include <algorithm>

namespace vitrine::regalloc {

void Loops::compute(const Input& in) {
  static constexpr float kTimes[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  auto blocks = static_cast<uint32_t>(in.blocks.size());
  loops_.clear();
  innermost_.assign(blocks, kNone);
  frequency_.resize(blocks);
  uint32_t open = kNone;
  for (uint32_t b = 0; b < blocks; ++b) {
    const BlockInfo& block = in.blocks[b];
    frequency_[b] = kTimes[std::min<uint32_t>(block.loop_depth, 6)] * (block.cold ? 0.01f : 1.0f);
    while (open != kNone && loops_[open].end_block <= b) open = loops_[open].parent;
    uint32_t end = 0;
    for (uint32_t p : block.preds) {
      if (p >= b && (!in.blocks[p].cold || block.cold)) end = std::max(end, p + 1);
    }
    if (end > b) {
      if (open != kNone) end = std::min(end, loops_[open].end_block);
      loops_.push_back({b, end, open});
      open = static_cast<uint32_t>(loops_.size() - 1);
    }
    innermost_[b] = open;
  }
}

}  // namespace vitrine::regalloc

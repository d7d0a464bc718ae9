#include "compiler/mach/jump_threads.hpp"

namespace vitrine::mach {

void JumpThreads::find(const VCode& code, const regalloc::Output& allocation) {
  const auto blocks = static_cast<uint32_t>(code.blocks.size());
  alias_.resize(blocks);
  first_edit_.resize(blocks);
  for (uint32_t b = 0; b < blocks; ++b) alias_[b] = b;
  size_t e = 0;
  const auto& edits = allocation.edits;
  for (uint32_t b = 0; b < blocks; ++b) {
    const auto& info = code.blocks[b];
    while (e < edits.size() && edits[e].inst < info.first_inst) ++e;
    first_edit_[b] = static_cast<uint32_t>(e);
    // An instruction alone in its block that has one successor is a jump. The entry stays: the prologue leads to it. A
    // landing stays: it has to put the frame in order.
    if (b == 0 || code.landing[b] || info.end_inst - info.first_inst != 1 || info.succs.size() != 1) continue;
    if (e < edits.size() && edits[e].inst == info.first_inst) continue;
    const uint32_t to = target(info.succs[0]);
    if (to != b) alias_[b] = to;  // else a loop of nothing: it stays one
  }
}

}  // namespace vitrine::mach

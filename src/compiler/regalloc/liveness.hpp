// Which vregs are live out of which blocks, sparsely.
//
// From each use that is not in the block of its definition, a walk goes backwards over predecessors until it meets the
// definition, once for each (vreg, block). Most vregs live in one block and cost nothing here.
// Cost and memory: O(operands + pairs). Pairs are what a hostile function can make quadratic, so there is a budget:
// over it `compute` answers false and the caller takes the fast mode.
#pragma once

#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

class Liveness {
 public:
  static constexpr uint32_t kNone = ~0u;

  bool compute(const Input& in, uint64_t max_pairs);

  /// Calls `f(vreg)` for each vreg live out of `block` (its branch arguments are not counted).
  template <class F>
  void for_live_out(uint32_t block, F&& f) const {
    for (uint32_t n = heads_[block]; n != kNone; n = nodes_[n].next) f(nodes_[n].value);
  }
  uint32_t def_block(uint32_t vreg) const { return vregs_[vreg].def_block; }

 private:
  struct Node {
    uint32_t value, next;
  };
  struct VRegState {
    uint32_t def_block = kNone;
    uint32_t last_use_block = kNone;  // the last one noted in `uses`
    uint32_t uses = kNone;            // blocks that use it and do not define it
  };
  void note_use(uint32_t vreg, uint32_t block);

  std::vector<VRegState> vregs_;
  std::vector<Node> use_blocks_;
  std::vector<uint32_t> crossing_;
  std::vector<uint32_t> heads_;  // by block
  std::vector<Node> nodes_;
  std::vector<uint32_t> mark_, stack_;
};

}  // namespace vitrine::regalloc

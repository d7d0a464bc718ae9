// The control-flow graph: predecessors by edge, and a reverse postorder of what the entry reaches.
//
// A snapshot: valid until a terminator or the set of blocks changes. `compute` may be called again; memory is kept.
// Cost: O(blocks + edges), no recursion.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

/// One edge into a block: the block it comes from and which of the function's block calls it is.
struct Edge {
  Block from;
  uint32_t call;  // index into Func::block_calls
};

class Cfg {
 public:
  void compute(const Func& func);

  /// Edges from reachable blocks, in reverse postorder of their source; a branch with two equal targets gives two.
  std::span<const Edge> preds(Block b) const {
    return {edges_.data() + first_[b.raw()], first_[b.raw() + 1] - first_[b.raw()]};
  }
  std::span<const Block> rpo() const { return rpo_; }
  /// The position in reverse postorder; kUnreachable if there is none.
  uint32_t number(Block b) const { return number_[b.raw()]; }
  bool reachable(Block b) const { return b.raw() < number_.size() && number_[b.raw()] != kUnreachable; }
  uint32_t num_blocks() const { return static_cast<uint32_t>(number_.size()); }

  static constexpr uint32_t kUnreachable = ~0u;

 private:
  struct Frame {
    Block block;
    uint32_t next;
  };
  std::vector<Edge> edges_;
  std::vector<uint32_t> first_;   // per block, and one more
  std::vector<uint32_t> number_;  // per block
  std::vector<Block> rpo_;
  std::vector<Frame> stack_;
};

/// Takes what `cfg` does not reach out of the layout. `cfg` stays valid.
void remove_unreachable(Func& func, const Cfg& cfg);

}  // namespace vitrine::ir

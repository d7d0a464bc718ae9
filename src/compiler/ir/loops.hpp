// Natural loops: which innermost loop a block is in, how deep, and each loop's header and parent.
//
// A loop is what can reach a back edge (to a header that dominates its source) without passing the header. Back edges
// to the same header make one loop. Edges of an irreducible region that close no natural loop are not loops here. Cost:
// O(edges * log blocks): blocks already gathered are skipped by union-find.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/dominators.hpp"

namespace vitrine::ir {

struct LoopTag {
  static constexpr const char* kPrefix = "loop";
};
using Loop = Index<LoopTag>;

struct LoopData {
  Block header;
  Loop parent;         // none: outermost
  uint32_t depth = 1;  // 1: outermost
};

class LoopForest {
 public:
  void compute(const Cfg& cfg, const DomTree& dom);

  /// The innermost loop around `b`, or none.
  Loop loop_of(Block b) const { return b.raw() < loop_of_.size() ? loop_of_[b.raw()] : Loop(); }
  uint32_t depth(Block b) const {
    Loop l = loop_of(b);
    return l.valid() ? loops_[l].depth : 0;
  }
  bool is_header(Block b) const {
    Loop l = loop_of(b);
    return l.valid() && loops_[l].header == b;
  }
  /// Whether `l` is `outer` or inside it. O(difference in depth).
  bool within(Loop l, Loop outer) const {
    while (l.valid() && loops_[l].depth > loops_[outer].depth) l = loops_[l].parent;
    return l == outer;
  }
  const LoopData& operator[](Loop l) const { return loops_[l]; }
  uint32_t num_loops() const { return loops_.size(); }
  /// Inner loops have smaller numbers than the loops around them.
  std::span<const LoopData> loops() const { return loops_.all(); }
  /// `b` is new and belongs to `l` (or to none).
  void add_block(Block b, Loop l);

 private:
  uint32_t outermost(uint32_t l);

  IndexTable<Loop, LoopData> loops_;
  std::vector<Loop> loop_of_;    // by block
  std::vector<uint32_t> union_;  // by loop: towards the outermost found so far
  std::vector<Block> work_;
};

}  // namespace vitrine::ir

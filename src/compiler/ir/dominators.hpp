// The dominator tree of the reachable blocks.
//
// Lengauer and Tarjan's algorithm with path compression: O(edges * log blocks) whatever the shape of the graph (the
// usual iterative algorithm is quadratic on a ladder, which a module can choose). No recursion. See: Lengauer & Tarjan,
// "A Fast Algorithm for Finding Dominators in a Flowgraph", TOPLAS 1979.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/cfg.hpp"

namespace vitrine::ir {

class DomTree {
 public:
  void compute(const Func& func, const Cfg& cfg);

  /// None for the entry and for unreachable blocks.
  Block idom(Block b) const { return idom_[b.raw()]; }
  /// Reflexive. Both blocks must be reachable.
  bool dominates(Block a, Block b) const { return pre_[a.raw()] <= pre_[b.raw()] && end_[b.raw()] <= end_[a.raw()]; }
  /// The reachable blocks so that each stands after its dominator and a subtree is contiguous.
  std::span<const Block> preorder() const { return order_; }
  /// How many blocks dominate `b` strictly.
  uint32_t depth(Block b) const { return depth_[b.raw()]; }
  /// The subtree of `b` is preorder()[pre(b) .. end(b)).
  uint32_t pre(Block b) const { return pre_[b.raw()]; }
  uint32_t end(Block b) const { return end_[b.raw()]; }

 private:
  void number_from_entry(const Func& func, const Cfg& cfg);
  uint32_t evaluate(uint32_t v);
  void build_tree(const Cfg& cfg);

  // By block
  std::vector<Block> idom_;
  std::vector<uint32_t> pre_, end_, depth_;
  std::vector<Block> order_;
  // By number in the depth-first search (scratch)
  struct Node {
    Block block;
    uint32_t parent, semi, idom, ancestor, label, bucket, bucket_next;
  };
  std::vector<Node> nodes_;
  std::vector<uint32_t> dfs_;  // number by block
  std::vector<uint32_t> path_;
  struct Frame {
    Block block;
    uint32_t next;
  };
  std::vector<Frame> stack_;
  std::vector<uint32_t> child_, sibling_;
};

}  // namespace vitrine::ir

// Critical edges, split: afterwards a block with several successors passes no arguments and leads to no block with
// several predecessors. So each edge of an invoke leads to a block that nothing else enters.
#pragma once

#include <vector>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

/// Whether the edge `call` of a terminator is hinted to be seldom taken; that to a landing block is.
bool is_unlikely(const Func& func, Inst terminator, uint32_t call);

class EdgeSplitter {  // keeps its memory from function to function
 public:
  /// Gives each critical edge a block of its own, which stands behind the block that the edge leaves. Cases of one
  /// br_table that pass the same arguments to one target share theirs. Answers whether there were any. Cost: O(blocks +
  /// edges + arguments).
  bool run(Func& func);

 private:
  void split(Func& func, Block from);

  std::vector<uint32_t> preds_;  // by block: edges into it
  std::vector<uint32_t> last_;   // by block: 1 + the block call of the last split edge to it
  std::vector<Block> order_;
};

}  // namespace vitrine::ir

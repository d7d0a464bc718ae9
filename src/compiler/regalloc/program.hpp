// An Input that owns its arrays: what tests, fuzzers and the text form build. Not used by the compiler itself.
#pragma once

#include <deque>
#include <string_view>

#include "base/result.hpp"
#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

class Program {
 public:
  /// r0..r9 (r6..r9 callee-saved) and f0..f9, scratch f15.
  Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  Program(Program&&) = default;
  Program& operator=(Program&&) = default;

  struct Block {
    std::vector<uint32_t> succs, preds;
    std::vector<VReg> params, branch_args;
    uint32_t first_inst = 0, end_inst = 0, loop_depth = 0;
    uint8_t edge_defs = 0, landing_defs = 0;
    bool cold = false;
  };

  VReg add_vreg(RegClass cls, uint8_t bytes, bool remat = false);
  /// Blocks are filled one after the other, in order; `end_block` closes the one being filled.
  uint32_t add_inst(std::span<const Operand> ops, PRegSet clobbers = {}, bool is_move = false);
  void begin_block(uint32_t block);
  /// Computes the predecessors and answers the Input, which points into this object.
  Input finish();

  std::vector<Block> blocks;
  std::vector<InstInfo> insts;
  std::vector<Operand> operands;
  std::vector<PRegSet> clobber_sets;
  std::vector<VRegInfo> vregs;
  std::vector<PReg> order[kClasses];
  PRegSet callee_saved;
  PReg scratch, int_scratch;

 private:
  std::vector<BlockInfo> infos_;
  uint32_t open_ = ~0u;
};

/// Reads the text form that `print` (print.hpp) writes; the grammar stands in parse.cpp.
Result<Program> parse(std::string_view text);

}  // namespace vitrine::regalloc

#include "compiler/regalloc/liveness.hpp"

namespace vitrine::regalloc {

bool Liveness::compute(const Input& in, uint64_t max_pairs) {
  auto blocks = static_cast<uint32_t>(in.blocks.size());
  vregs_.assign(in.vregs.size(), VRegState());
  use_blocks_.clear();
  crossing_.clear();
  nodes_.clear();
  heads_.assign(blocks, kNone);
  mark_.assign(blocks, kNone);
  for (uint32_t b = 0; b < blocks; ++b) {
    const BlockInfo& block = in.blocks[b];
    for (VReg p : block.params) vregs_[p.raw()].def_block = b;
    if (block.first_inst == block.end_inst) continue;
    const InstInfo& last = in.insts[block.end_inst - 1];
    uint32_t from = in.insts[block.first_inst].first_operand, to = last.first_operand + last.operand_count;
    for (const Operand& op : in.operands.subspan(from, to - from)) {
      // SSA: a use in the block of its definition comes after it. The layout may show other uses before definitions.
      if (op.role == Role::Def) {
        vregs_[op.vreg.raw()].def_block = b;
      } else if (vregs_[op.vreg.raw()].def_block != b) {
        note_use(op.vreg.raw(), b);
      }
    }
    for (VReg a : block.branch_args) {
      if (vregs_[a.raw()].def_block != b) note_use(a.raw(), b);
    }
  }
  for (uint32_t v : crossing_) {
    for (uint32_t n = vregs_[v].uses; n != kNone; n = use_blocks_[n].next) stack_.push_back(use_blocks_[n].value);
    while (!stack_.empty()) {
      uint32_t b = stack_.back();
      stack_.pop_back();
      for (uint32_t p : in.blocks[b].preds) {
        if (mark_[p] == v) continue;
        mark_[p] = v;
        nodes_.push_back({v, heads_[p]});
        heads_[p] = static_cast<uint32_t>(nodes_.size() - 1);
        if (p != vregs_[v].def_block) stack_.push_back(p);
      }
      if (nodes_.size() > max_pairs) {
        stack_.clear();
        return false;
      }
    }
  }
  return true;
}

void Liveness::note_use(uint32_t vreg, uint32_t block) {
  VRegState& v = vregs_[vreg];
  if (v.last_use_block == block) return;
  v.last_use_block = block;
  if (v.uses == kNone) crossing_.push_back(vreg);
  use_blocks_.push_back({block, v.uses});
  v.uses = static_cast<uint32_t>(use_blocks_.size() - 1);
}

}  // namespace vitrine::regalloc

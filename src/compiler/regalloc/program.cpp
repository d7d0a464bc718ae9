#include "compiler/regalloc/program.hpp"

#include <algorithm>

namespace vitrine::regalloc {

Program::Program() {
  clobber_sets.push_back({});
  for (unsigned i = 0; i < 10; ++i) {
    order[0].push_back(int_reg(i));
    order[1].push_back(float_reg(i));
  }
  for (unsigned i = 6; i < 10; ++i) callee_saved.add(int_reg(i));
  scratch = float_reg(15);
}

VReg Program::add_vreg(RegClass cls, uint8_t bytes, bool remat) {
  vregs.push_back({.cls = cls, .bytes = bytes, .remat = remat});
  return VReg(static_cast<uint32_t>(vregs.size() - 1));
}

void Program::begin_block(uint32_t block) {
  if (blocks.size() <= block) blocks.resize(block + 1);
  blocks[block].first_inst = blocks[block].end_inst = static_cast<uint32_t>(insts.size());
  open_ = block;
}

uint32_t Program::add_inst(std::span<const Operand> ops, PRegSet clobbers, bool is_move) {
  InstInfo info;
  info.first_operand = static_cast<uint32_t>(operands.size());
  info.operand_count = static_cast<uint16_t>(ops.size());
  info.is_move = is_move;
  auto same = [&](PRegSet s) { return s.bits == clobbers.bits; };
  auto it = std::ranges::find_if(clobber_sets, same);
  info.clobbers = static_cast<uint8_t>(it - clobber_sets.begin());
  if (it == clobber_sets.end()) clobber_sets.push_back(clobbers);
  operands.insert(operands.end(), ops.begin(), ops.end());
  insts.push_back(info);
  blocks[open_].end_inst = static_cast<uint32_t>(insts.size());
  return blocks[open_].end_inst - 1;
}

Input Program::finish() {
  for (Block& b : blocks) b.preds.clear();
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    for (uint32_t s : blocks[b].succs) blocks[s].preds.push_back(b);
  }
  infos_.clear();
  for (const Block& b : blocks) {
    infos_.push_back({.first_inst = b.first_inst,
                      .end_inst = b.end_inst,
                      .succs = b.succs,
                      .preds = b.preds,
                      .params = b.params,
                      .branch_args = b.branch_args,
                      .loop_depth = b.loop_depth,
                      .cold = b.cold,
                      .edge_defs = b.edge_defs,
                      .landing_defs = b.landing_defs});
  }
  Input in{.blocks = infos_,
           .insts = insts,
           .operands = operands,
           .clobber_sets = clobber_sets,
           .vregs = vregs,
           .order = {},
           .callee_saved = callee_saved,
           .scratch = scratch,
           .int_scratch = int_scratch};
  for (unsigned c = 0; c < kClasses; ++c) in.order[c] = order[c];
  return in;
}

}  // namespace vitrine::regalloc

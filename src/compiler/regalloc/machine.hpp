// The registers of an Input as bit masks, for allocators that choose among them quickly.
#pragma once

#include <bit>

#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

constexpr uint64_t bit(PReg r) {
  return 1ull << r.index;
}
constexpr uint64_t bit(uint8_t index) {
  return 1ull << index;
}

struct Machine {
  uint64_t allocatable[kClasses] = {};
  uint64_t any_allocatable = 0;

  explicit Machine(const Input& in) {
    for (unsigned c = 0; c < kClasses; ++c) {
      for (PReg r : in.order[c]) allocatable[c] |= bit(r);
      any_allocatable |= allocatable[c];
    }
  }
};

inline std::span<const Operand> operands_of(const Input& in, uint32_t inst) {
  const InstInfo& info = in.insts[inst];
  return in.operands.subspan(info.first_operand, info.operand_count);
}

/// How many spill slots of 8 bytes a vreg takes.
constexpr uint32_t slots_of(uint8_t bytes) {
  return bytes > 8 ? 2 : 1;
}

/// The block that alone gets what operand `k` of the terminator of `block`, one of its `edge_defs`, defines.
inline uint32_t edge_of_def(const Input& in, const BlockInfo& block, uint32_t k) {
  return block.succs[k + block.landing_defs >= in.insts[block.end_inst - 1].operand_count ? 1 : 0];
}

/// For every operand of an instruction that is used by a tied def: which def. Answers -1 if `operand` is not tied.
inline int tied_def_of(std::span<const Operand> ops, unsigned operand) {
  for (unsigned k = 0; k < ops.size(); ++k) {
    if (ops[k].role == Role::Def && ops[k].constraint == Constraint::Reuse && ops[k].arg == operand) return int(k);
  }
  return -1;
}

}  // namespace vitrine::regalloc

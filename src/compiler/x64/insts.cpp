#include "compiler/x64/insts.hpp"

#include <fmt/format.h>

#include "compiler/x64/regs.hpp"

namespace vitrine::x64 {

CC cc_of(ir::IntCC cc) {
  static constexpr CC kCodes[] = {CC::E, CC::Ne, CC::L, CC::Ge, CC::G, CC::Le, CC::B, CC::Ae, CC::A, CC::Be};
  return kCodes[static_cast<uint8_t>(cc)];
}

namespace {

const char* op_name(uint16_t op) {
  return info(static_cast<MOp>(op)).text;
}

// An instruction without a condition has cc 0, which no lowering uses (the overflow flag is only read inside of
// expansions).
const char* cc_name(uint8_t cc) {
  static constexpr const char* kNames[] = {nullptr, "no", "b",  "ae", "e",  "ne", "be", "a",    "s",
                                           "ns",    "p",  "np", "l",  "ge", "le", "g",  "e&np", "ne|p"};
  return kNames[cc];
}

}  // namespace

const mach::Printing kPrinting = {op_name, cc_name, name_of};

std::string verify_flags(const mach::VCode& code) {
  for (uint32_t b = 0; b < code.blocks.size(); ++b) {
    bool defined = false;
    for (uint32_t i = code.blocks[b].first_inst; i < code.blocks[b].end_inst; ++i) {
      const auto op = static_cast<MOp>(code.insts[i].op);
      const FlagsEffect flags = info(op).flags;
      if (flags == FlagsEffect::Writes) {
        // A flags writer right before a reader is a comparison or carries; constants stand above it.
        defined = op != MOp::MovImm && op != MOp::Call && op != MOp::CallInd;
      } else if (flags != FlagsEffect::None && !defined) {
        return fmt::format("{} at instruction {} of block{} reads flags that nothing set", info(op).text, i, b);
      }
    }
  }
  return {};
}

std::string verify_operands(const mach::VCode& code) {
  using regalloc::Constraint, regalloc::Point, regalloc::Role;
  auto suits = [](char role, const regalloc::Operand& o) {
    const bool def = o.role == Role::Def, late = o.point == Point::Late, tied = o.constraint == Constraint::Reuse;
    switch (role) {
      case 'D':
        return def && late && !tied;
      case 'E':
        return def && !late && !tied;
      case 'T':
        return def && late && (tied || o.constraint == Constraint::Reg);
      case 'L':
        return !def && late;
      default:
        return !def && !late;
    }
  };
  for (uint32_t i = 0; i < code.insts.size(); ++i) {
    const mach::MInst& m = code.insts[i];
    const MOpInfo& row = info(static_cast<MOp>(m.op));
    const char* role = row.roles;
    if (*role == '*') continue;
    auto ops = code.operands_of(i);
    bool memory_left = m.has_mem();
    uint32_t n = 0;
    auto skip_address = [&] {
      while (n < ops.size() && m.has_mem() && (n == m.base || n == m.index)) ++n;
    };
    bool ok = true;
    for (; *role && ok; ++role) {
      if (*role == ' ') continue;
      skip_address();
      if (memory_left && (*role == 'M' || *role == 'R' || *role == 'I')) {
        memory_left = false;
      } else if (*role != 'M' && n < ops.size() && suits(*role, ops[n])) {
        // An Alu is tied unless it has an AVX form.
        ok = *role != 'T' || ops[n].constraint == Constraint::Reuse || row.has_avx;
        ++n;
      } else {
        ok = *role == 'O' || (*role == 'I' && m.has_imm());
      }
    }
    skip_address();
    ok = ok && !memory_left;
    if (!ok || n != ops.size()) {
      return fmt::format("{} at instruction {} has other operands than \"{}\"", row.text, i, row.roles);
    }
  }
  return {};
}

}  // namespace vitrine::x64

#include "compiler/x64/regs.hpp"

#include <fmt/format.h>

namespace vitrine::x64 {

namespace {
// Registers without a REX prefix in 32-bit instructions come first; argument registers late, so that calls find them
// free; callee-saved ones last.
constexpr PReg kIntOrder[] = {kRax, kRcx, kRdx, kRsi, kRdi, kR8, kR9, kR10, kR11, kRbx, kR12, kR13, kR14};
constexpr PReg kFloatOrder[] = {float_reg(0),  float_reg(1),  float_reg(2),  float_reg(3),  float_reg(4),
                                float_reg(5),  float_reg(6),  float_reg(7),  float_reg(8),  float_reg(9),
                                float_reg(10), float_reg(11), float_reg(12), float_reg(13), float_reg(14)};
}  // namespace

std::span<const PReg> allocation_order(regalloc::RegClass cls) {
  if (cls == regalloc::RegClass::Int) return kIntOrder;
  return kFloatOrder;
}

PRegSet callee_saved() {
  PRegSet set;
  for (PReg r : {kRbx, kR12, kR13, kR14}) set.add(r);
  return set;
}

PRegSet call_clobbers() {
  PRegSet set;
  for (PReg r : kIntOrder)
    if (!callee_saved().has(r)) set.add(r);
  for (PReg r : kFloatOrder) set.add(r);
  return set;
}

std::string name_of(PReg reg) {
  static constexpr const char* kNames[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                           "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  if (!reg.valid()) return "-";
  if (reg.cls() == regalloc::RegClass::Float) return fmt::format("xmm{}", reg.hw());
  return reg.hw() < 16 ? kNames[reg.hw()] : "?";
}

}  // namespace vitrine::x64

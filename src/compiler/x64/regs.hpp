// The registers of x86-64, what each is for, and the order in which they are given out.
#pragma once

#include <span>
#include <string>

#include "compiler/regalloc/interface.hpp"

namespace vitrine::x64 {

using regalloc::float_reg;
using regalloc::int_reg;
using regalloc::PReg;
using regalloc::PRegSet;

inline constexpr PReg kRax = int_reg(0), kRcx = int_reg(1), kRdx = int_reg(2), kRbx = int_reg(3), kRsp = int_reg(4),
                      kRbp = int_reg(5), kRsi = int_reg(6), kRdi = int_reg(7), kR8 = int_reg(8), kR9 = int_reg(9),
                      kR10 = int_reg(10), kR11 = int_reg(11), kR12 = int_reg(12), kR13 = int_reg(13),
                      kR14 = int_reg(14), kR15 = int_reg(15);

/// The context of the running instance; never allocated.
inline constexpr PReg kContext = kR15;
/// Never allocated: moves between memory and memory, and temporaries inside of an instruction's expansion.
inline constexpr PReg kScratchFloat = float_reg(15);

std::span<const PReg> allocation_order(regalloc::RegClass cls);
PRegSet callee_saved();
/// What a call destroys, in either convention.
PRegSet call_clobbers();
std::string name_of(PReg reg);

}  // namespace vitrine::x64

// The machine instructions as an enumeration and their properties; expanded from insts.def.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/ir/opcode.hpp"
#include "compiler/mach/vcode.hpp"

namespace vitrine::x64 {

enum class MOp : uint16_t {
#define INST(name, ...) name,
#include "compiler/x64/insts.def"
#undef INST
  kCount
};

enum class Form : uint8_t {
  Rm,
  RmImm,
  Alu,
  Cmp,
  Unary,
  Shift,
  Vex3,
  VexShift,
  Store,
  AluImm,
  ShiftImm,
  Vec,
  VecImm,
  ToInt,
  ToIntImm,
  Insert,
  StoreLane,
  Fma,
  FmaImm,
  Special
};
enum class Bank : uint8_t { I, F };
enum class FlagsEffect : uint8_t { None, Writes, Reads, Both };

struct MOpInfo {
  const char* text;
  Form form;
  const char* roles;
  Bank bank;
  FlagsEffect flags;
  bool has_avx;  // another encoding where the CPU has AVX
};
inline constexpr MOpInfo kMOps[] = {
#define INST(name, text, form, roles, bank, id4, id8, avx4, avx8, flags) \
  {text, Form::form, roles, Bank::bank, FlagsEffect::flags, std::string_view(#id4) != #avx4},
#include "compiler/x64/insts.def"
#undef INST
};
constexpr const MOpInfo& info(MOp op) {
  return kMOps[static_cast<uint16_t>(op)];
}

/// The CPU's condition codes, and two that need both the zero and the parity flag after a float comparison.
enum class CC : uint8_t { O, No, B, Ae, E, Ne, Be, A, S, Ns, P, Np, L, Ge, Le, G, EqOrdered, NeUnordered };
constexpr CC negate(CC cc) {
  return static_cast<CC>(static_cast<uint8_t>(cc) ^ 1);
}
constexpr bool needs_parity(CC cc) {
  return cc >= CC::EqOrdered;
}
CC cc_of(ir::IntCC cc);

/// What a division has to do besides dividing.
enum DivFlags : uint8_t {
  kDivCheckZero = 1,
  kDivCheckOverflow = 2,  // IDiv: trap IntegerOverflow for INT_MIN / -1
  kDivRemainder = 4,      // IDiv: the remainder is wanted, and that of INT_MIN by -1 is 0
};
/// Float to integer; the operand size of the instruction is the float's.
enum TruncFlags : uint8_t { kTruncTo64 = 1, kTruncSaturating = 2 };

extern const mach::Printing kPrinting;

/// The flags are live between the instruction that sets them and the one that reads them: nothing there may write
/// them. Answers the first violation, or an empty string.
std::string verify_flags(const mach::VCode& code);
/// Instructions have the operands that their rows say. Answers the first one that has not, or an empty string.
std::string verify_operands(const mach::VCode& code);

}  // namespace vitrine::x64

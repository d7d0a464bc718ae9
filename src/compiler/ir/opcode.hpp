// The IR's opcodes and what each may do; expanded from opcodes.def.
#pragma once

#include <cstdint>

namespace vitrine::ir {

enum class Op : uint8_t {
#define OP(name, ...) name,
#include "compiler/ir/opcodes.def"
#undef OP
  kCount
};

enum class Effect : uint8_t { Pure, CanTrap, Read, Write, Call, Trap, Term };

struct OpInfo {
  const char* text;
  uint8_t args;     // kVariable: a list
  uint8_t results;  // kVariable: by signature
  Effect effect;
};
inline constexpr uint8_t kVariable = 0xff;

inline constexpr OpInfo kOps[] = {
#define V kVariable
#define OP(name, text, args, results, effect) {text, args, results, Effect::effect},
#include "compiler/ir/opcodes.def"
#undef OP
#undef V
};
constexpr const OpInfo& info(Op op) {
  return kOps[static_cast<uint8_t>(op)];
}
constexpr bool is_terminator(Op op) {
  return info(op).effect == Effect::Term;
}
constexpr bool is_call(Op op) {
  return info(op).effect == Effect::Call;
}

/// Integer conditions, in the order eq ne, then signed, then unsigned; `^ 1` negates.
enum class IntCC : uint8_t { Eq, Ne, SLt, SGe, SGt, SLe, ULt, UGe, UGt, ULe };
/// Float conditions; all but Ne are false when an operand is NaN. Negating Lt does not give Ge.
enum class FloatCC : uint8_t { Eq, Ne, Lt, Gt, Le, Ge };

constexpr IntCC negate(IntCC cc) {
  return static_cast<IntCC>(static_cast<uint8_t>(cc) ^ 1);
}
/// The condition with the operands exchanged.
constexpr IntCC swap(IntCC cc) {
  constexpr IntCC kSwapped[] = {IntCC::Eq,  IntCC::Ne,  IntCC::SGt, IntCC::SLe, IntCC::SLt,
                                IntCC::SGe, IntCC::UGt, IntCC::ULe, IntCC::ULt, IntCC::UGe};
  return kSwapped[static_cast<uint8_t>(cc)];
}

/// How many bytes a memory access touches and how a load widens them to the result type. Full is the width of the type.
enum class MemKind : uint8_t { Full, U8, S8, U16, S16, U32, S32 };

}  // namespace vitrine::ir

// Evaluation of operations on constants, with WebAssembly's semantics.
//
// Bits of a 32-bit type are zero-extended to 64. An operation that would trap, or whose result is a NaN that the
// specification leaves open, is not folded: the answer is none, and the machine decides at run time.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/opcode.hpp"
#include "compiler/ir/type.hpp"

namespace vitrine::ir {

/// `bits` cut to the width of `type`.
constexpr uint64_t canonical(Type type, uint64_t bits) {
  return bytes_of(type) == 4 ? static_cast<uint32_t>(bits) : bits;
}
/// The bits of an integer of `type` as a signed number.
constexpr int64_t as_signed(Type type, uint64_t bits) {
  return bytes_of(type) == 4 ? static_cast<int32_t>(static_cast<uint32_t>(bits)) : static_cast<int64_t>(bits);
}

bool eval_icmp(IntCC cc, Type type, uint64_t x, uint64_t y);
bool eval_fcmp(FloatCC cc, Type type, uint64_t x, uint64_t y);

/// `type` is the controlling type (of the result), `from` the argument's.
std::optional<uint64_t> fold_unary(Op op, Type type, Type from, uint64_t x);
/// `type` is the controlling type; `aux` the condition of a comparison.
std::optional<uint64_t> fold_binary(Op op, Type type, uint8_t aux, uint64_t x, uint64_t y);

/// The halves of what a wide operation answers; `args` has as many as it takes.
Bits128 fold_wide(Op op, const uint64_t* args);

/// op(x, y) == op(y, x), to the bit (so no float arithmetic: which NaN is propagated may depend on the order).
constexpr bool is_commutative(Op op) {
  switch (op) {
    case Op::IAdd:
    case Op::IMul:
    case Op::UMulHi:
    case Op::SMulHi:
    case Op::UMulWide:
    case Op::SMulWide:
    case Op::And:
    case Op::Or:
    case Op::Xor:
      return true;
    default:
      return false;
  }
}

}  // namespace vitrine::ir

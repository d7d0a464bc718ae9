// The rewrite rules by group of root opcodes. Each function tries its rules in order and answers as rewriter.hpp says.
//
// Notation in the comments: (op x y) => what takes its place; c, d constants; w the width; all arithmetic modulo 2^w.
#pragma once

#include "compiler/opt/rewriter.hpp"

namespace vitrine::opt::rules {

inline constexpr Value kNo = Value();

Value arithmetic(Rewriter& r, Inst i);  // iadd isub imul
Value division(Rewriter& r, Inst i);    // sdiv udiv srem urem
Value bitwise(Rewriter& r, Inst i);     // and or xor
Value shift(Rewriter& r, Inst i);       // shl ushr sshr rotl rotr
Value extension(Rewriter& r, Inst i);   // sext8 sext16 sext32 uextend sextend wrap
Value compare(Rewriter& r, Inst i);     // icmp
Value choice(Rewriter& r, Inst i);      // select
Value floating(Rewriter& r, Inst i);    // everything float
Value vector(Rewriter& r, Inst i);      // vsplat and what follows in opcodes.def
Value access(Rewriter& r, Inst i);      // load store

/// The condition with the meaning `cond == 0`, if it costs nothing; else none.
Value inverted(Rewriter& r, Value cond);
/// Whether `v` is 0 or 1.
inline bool is_bool(Rewriter& r, Value v) {
  return (r.possible_bits(v) & ~1ull) == 0;
}

}  // namespace vitrine::opt::rules

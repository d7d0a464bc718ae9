// Rules for and, or and xor.
#include <bit>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

Value and_rules(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t all = canonical(type, ~0ull), c, d;
  Value inner;
  // (and x x) => x
  if (x == y) return x;
  if (!r.constant(y, &c)) {
    // (and x (xor x -1)) => 0, both ways
    for (int side = 0; side < 2; ++side)
      if (r.is_with_constant(side ? x : y, Op::Xor, &inner, &d) && d == all && inner == (side ? y : x))
        return r.iconst(type, 0);
    return kNo;
  }
  // (and x 0) => 0
  if (c == 0) return y;
  // (and x c) => x where c has all bits that x can have
  uint64_t possible = r.possible_bits(x);
  if ((possible & ~c) == 0) return x;
  // ... => 0 where it has none
  if ((possible & c) == 0) return r.iconst(type, 0);
  // (and (and x d) c) => (and x c&d)
  if (r.is_with_constant(x, Op::And, &inner, &d)) return r.become(i, Op::And, inner, c & d);
  // (and (or x d) c) => (and x c) where c and d have no bit in common
  if (r.is_with_constant(x, Op::Or, &inner, &d) && (c & d) == 0) return r.become(i, Op::And, inner, c);
  if (r.is_with_constant(x, Op::Xor, &inner, &d) && (c & d) == 0) return r.become(i, Op::And, inner, c);
  // (and (sext8 x) c) => (and x c) where c is within the low 8 bits; so for 16 and 32
  struct {
    Op op;
    uint64_t mask;
  } constexpr kNarrow[] = {{Op::SExt8, 0xff}, {Op::SExt16, 0xffff}, {Op::SExt32, 0xffff'ffff}};
  for (auto [op, mask] : kNarrow)
    if (Inst s = r.is(x, op); s.valid() && (c & ~mask) == 0) return r.become(i, Op::And, r.arg(s, 0), c);
  if (type == Type::I64 && c == 0xffff'ffff) {
    // (and x 0xffffffff) => (uextend (wrap x)): no mask to load
    Value low = r.unary(Op::Wrap, Type::I32, x);
    return r.become(i, Op::UExtend, low);
  }
  // (and (uextend x) c) => (uextend (and x c))
  if (Inst s = r.is(x, Op::UExtend); s.valid() && r.type_of(r.arg(s, 0)) == Type::I32) {
    Value low = r.binary(Op::And, r.arg(s, 0), c & 0xffff'ffff);
    return r.become(i, Op::UExtend, low);
  }
  return kNo;
}

/// (or (shl x a) (ushr x b)) => (rotl x a) where a + b is a multiple of the width; also for xor and iadd of such.
Value rotation(Rewriter& r, Inst i, Value x, Value y) {
  Inst left = r.is(x, Op::Shl), right = r.is(y, Op::UShr);
  if (!left.valid()) {
    left = r.is(y, Op::Shl);
    right = r.is(x, Op::UShr);
  }
  if (!left.valid() || !right.valid() || r.arg(left, 0) != r.arg(right, 0)) return kNo;
  Value value = r.arg(left, 0), a = r.arg(left, 1), b = r.arg(right, 1);
  unsigned w = bits_of(r.type_of(value));
  uint64_t ca, cb;
  if (r.constant(a, &ca) && r.constant(b, &cb)) {
    if ((ca + cb) % w != 0 || ca % w == 0) return kNo;
    return r.become(i, Op::Rotl, value, a);
  }
  auto negated = [&](Value n, Value of) {
    Inst s = r.is(n, Op::ISub);
    uint64_t c;
    return s.valid() && r.constant(r.arg(s, 0), &c) && c % w == 0 && r.arg(s, 1) == of;
  };
  // With a count that is not constant only `or` is right: for a count of 0 both sides are x.
  if (r.f()[i].op != Op::Or) return kNo;
  if (negated(b, a)) return r.become(i, Op::Rotl, value, a);
  if (negated(a, b)) return r.become(i, Op::Rotr, value, b);
  return kNo;
}

Value or_rules(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t all = canonical(type, ~0ull), c, d;
  Value inner;
  // (or x x) => x
  if (x == y) return x;
  if (!r.constant(y, &c)) return rotation(r, i, x, y);
  // (or x 0) => x, (or x -1) => -1
  if (c == 0) return x;
  if (c == all) return y;
  // (or (or x d) c) => (or x c|d)
  if (r.is_with_constant(x, Op::Or, &inner, &d)) return r.become(i, Op::Or, inner, c | d);
  // (or (and x d) c) => (or x c) where every bit is in c or d
  if (r.is_with_constant(x, Op::And, &inner, &d) && (c | d) == all) return r.become(i, Op::Or, inner, c);
  return kNo;
}

Value xor_rules(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t c, d;
  Value inner;
  // (xor x x) => 0
  if (x == y) return r.iconst(type, 0);
  if (!r.constant(y, &c)) {
    // (xor (xor x y) y) => x, all ways
    for (int side = 0; side < 2; ++side) {
      Inst s = r.is(side ? x : y, Op::Xor);
      Value other = side ? y : x;
      if (!s.valid()) continue;
      if (r.arg(s, 0) == other) return r.arg(s, 1);
      if (r.arg(s, 1) == other) return r.arg(s, 0);
    }
    return rotation(r, i, x, y);
  }
  // (xor x 0) => x
  if (c == 0) return x;
  // (xor (xor x d) c) => (xor x c^d)
  if (r.is_with_constant(x, Op::Xor, &inner, &d)) return r.become(i, Op::Xor, inner, c ^ d);
  // (xor cond 1) => the inverted condition
  if (c == 1 && type == Type::I32)
    if (Value v = inverted(r, x); v.valid()) return v;
  return kNo;
}

/// Of the same operations on vectors, those that need no look at single lanes.
Value vector_bits(Rewriter& r, Inst i, Value x, Value y) {
  constexpr Bits128 kZero, kOnes{~0ull, ~0ull};
  Op op = r.f()[i].op;
  // (and x x), (or x x) => x; (xor x x) => 0
  if (x == y) return op == Op::Xor ? r.vconst(kZero) : x;
  Bits128 c, d;
  bool kx = r.f().is_vconst(x, &c);
  if (kx) std::swap(x, y);
  if (!kx && !r.f().is_vconst(y, &c)) {
    // (and x (xor x -1)) => 0, both ways
    for (int side = 0; side < 2 && op == Op::And; ++side) {
      const Inst inverted = r.is(side ? x : y, Op::Xor);
      if (inverted.valid() && r.f().is_vconst(r.arg(inverted, 1), &d) && d == kOnes &&
          r.arg(inverted, 0) == (side ? y : x))
        return r.vconst(kZero);
    }
    return kNo;
  }
  if (r.f().is_vconst(x, &d)) {
    auto both = [&](uint64_t a, uint64_t b) { return op == Op::And ? a & b : op == Op::Or ? a | b : a ^ b; };
    return r.vconst({both(c.lo, d.lo), both(c.hi, d.hi)});
  }
  // (and (and x d) c) => (and x c&d), so for or and xor
  if (const Inst inner = r.is(x, op); inner.valid() && r.f().is_vconst(r.arg(inner, 1), &d)) {
    auto both = [&](uint64_t a, uint64_t b) { return op == Op::And ? a & b : op == Op::Or ? a | b : a ^ b; };
    return r.binary(op, r.arg(inner, 0), r.vconst({both(c.lo, d.lo), both(c.hi, d.hi)}));
  }
  switch (op) {
    case Op::And:
      // (and x 0) => 0, (and x -1) => x
      return c == kZero ? y : c == kOnes ? x : kNo;
    case Op::Or:
      // (or x 0) => x, (or x -1) => -1
      return c == kZero ? x : c == kOnes ? y : kNo;
    default:
      // (xor x 0) => x
      return c == kZero ? x : kNo;
  }
}

}  // namespace

Value bitwise(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  if (r.f()[i].type == Type::V128) return vector_bits(r, i, x, y);
  switch (r.f()[i].op) {
    case Op::And:
      return and_rules(r, i, x, y);
    case Op::Or:
      return or_rules(r, i, x, y);
    default:
      return xor_rules(r, i, x, y);
  }
}

Value inverted(Rewriter& r, Value cond) {
  if (Inst c = r.is(cond, Op::ICmp); c.valid()) {
    Value x = r.arg(c, 0), y = r.arg(c, 1);
    return r.icmp(negate(r.f()[c].int_cc()), x, y);
  }
  // Of the float conditions only eq and ne are each other's opposite: the others are both false for a NaN.
  if (Inst c = r.is(cond, Op::FCmp); c.valid()) {
    FloatCC cc = r.f()[c].float_cc();
    if (cc != FloatCC::Eq && cc != FloatCC::Ne) return kNo;
    Value x = r.arg(c, 0), y = r.arg(c, 1);
    return r.fcmp(cc == FloatCC::Eq ? FloatCC::Ne : FloatCC::Eq, x, y);
  }
  return kNo;
}

}  // namespace vitrine::opt::rules

// Rules for iadd, isub and imul.
#include <bit>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

Value add(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t c, d;
  Value inner;
  if (r.constant(y, &c)) {
    // (iadd x 0) => x
    if (c == 0) return x;
    // (iadd (iadd x d) c) => (iadd x d+c)
    if (r.is_with_constant(x, Op::IAdd, &inner, &d)) return r.become(i, Op::IAdd, inner, c + d);
    // (iadd (isub d x) c) => (isub d+c x)
    if (Inst s = r.is(x, Op::ISub); s.valid() && r.constant(r.arg(s, 0), &d)) {
      Value sum = r.iconst(type, d + c);
      return r.become(i, Op::ISub, sum, r.arg(s, 1));
    }
    return kNo;
  }
  // (iadd x (isub 0 y)) => (isub x y), and with the sides exchanged
  for (int side = 0; side < 2; ++side) {
    Inst s = r.is(side ? x : y, Op::ISub);
    if (!s.valid()) continue;
    Value other = side ? y : x;
    if (r.is_constant(r.arg(s, 0), 0)) return r.become(i, Op::ISub, other, r.arg(s, 1));
    // (iadd (isub x y) y) => x
    if (r.arg(s, 1) == other) return r.arg(s, 0);
  }
  // (iadd (iadd x c) y) => (iadd (iadd x y) c): only where it is an address, whose constant ends in the displacement
  if (type == Type::I64) {
    if (r.is_with_constant(x, Op::IAdd, &inner, &c)) {
      Value sum = r.binary(Op::IAdd, inner, y);
      return r.become(i, Op::IAdd, sum, c);
    }
    if (r.is_with_constant(y, Op::IAdd, &inner, &c)) {
      Value sum = r.binary(Op::IAdd, x, inner);
      return r.become(i, Op::IAdd, sum, c);
    }
  }
  return kNo;
}

Value sub(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t c;
  // (isub x x) => 0
  if (x == y) return r.iconst(type, 0);
  // (isub x c) => (iadd x -c)
  if (r.constant(y, &c)) return r.become(i, Op::IAdd, x, 0 - c);
  if (Inst s = r.is(x, Op::IAdd); s.valid()) {
    // (isub (iadd x y) y) => x
    if (r.arg(s, 1) == y) return r.arg(s, 0);
    if (r.arg(s, 0) == y) return r.arg(s, 1);
  }
  if (Inst s = r.is(y, Op::IAdd); s.valid()) {
    // (isub x (iadd x y)) => (isub 0 y)
    for (uint32_t n = 0; n < 2; ++n) {
      if (r.arg(s, n) != x) continue;
      Value zero = r.iconst(type, 0);
      return r.become(i, Op::ISub, zero, r.arg(s, 1 - n));
    }
  }
  if (Inst s = r.is(y, Op::ISub); s.valid()) {
    // (isub x (isub x y)) => y
    if (r.arg(s, 0) == x) return r.arg(s, 1);
    // (isub x (isub 0 y)) => (iadd x y)
    if (r.is_constant(r.arg(s, 0), 0)) return r.become(i, Op::IAdd, x, r.arg(s, 1));
  }
  return kNo;
}

Value mul(Rewriter& r, Inst i, Value x, Value y) {
  Type type = r.type_of(x);
  uint64_t c, d;
  Value inner;
  if (!r.constant(y, &c)) return kNo;
  // (imul x 0) => 0, (imul x 1) => x, (imul x -1) => (isub 0 x)
  if (c == 0) return y;
  if (c == 1) return x;
  if (c == canonical(type, ~0ull)) {
    Value zero = r.iconst(type, 0);
    return r.become(i, Op::ISub, zero, x);
  }
  // (imul x 2^k) => (shl x k)
  if (std::has_single_bit(c)) return r.become(i, Op::Shl, x, static_cast<uint64_t>(std::countr_zero(c)));
  // (imul (imul x d) c) => (imul x d*c)
  if (r.is_with_constant(x, Op::IMul, &inner, &d)) return r.become(i, Op::IMul, inner, c * d);
  // (imul (shl x d) c) => (imul x c<<d)
  if (r.is_with_constant(x, Op::Shl, &inner, &d)) return r.become(i, Op::IMul, inner, c << (d & (bits_of(type) - 1)));
  return kNo;
}

}  // namespace

Value arithmetic(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  switch (r.f()[i].op) {
    case Op::IAdd:
      return add(r, i, x, y);
    case Op::ISub:
      return sub(r, i, x, y);
    default:
      return mul(r, i, x, y);
  }
}

}  // namespace vitrine::opt::rules

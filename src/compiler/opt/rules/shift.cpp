// Rules for shl, ushr, sshr, rotl and rotr.
#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

/// A shift of a shift, both by constants below the width and not 0.
Value twice(Rewriter& r, Inst i, Inst inner, uint64_t c, uint64_t d) {
  Op op = r.f()[i].op, inner_op = r.f()[inner].op;
  Value x = r.arg(inner, 0);
  Type type = r.type_of(x);
  unsigned w = bits_of(type);
  uint64_t all = canonical(type, ~0ull);
  if (op == inner_op) {
    // (rotl (rotl x d) c) => (rotl x c+d)
    if (op == Op::Rotl) return r.become(i, op, x, (c + d) % w);
    // (shl (shl x d) c) => (shl x c+d) or 0; so for the others
    if (c + d < w) return r.become(i, op, x, c + d);
    if (op == Op::SShr) return r.become(i, op, x, uint64_t{w - 1});
    return r.iconst(type, 0);
  }
  // (shl (ushr x c) c), (shl (sshr x c) c) => (and x -1<<c)
  if (op == Op::Shl && c == d && (inner_op == Op::UShr || inner_op == Op::SShr))
    return r.become(i, Op::And, x, canonical(type, all << c));
  // (ushr (shl x c) c) => (and x -1>>c)
  if (op == Op::UShr && inner_op == Op::Shl && c == d) {
    return r.become(i, Op::And, x, all >> c);
  }
  // (sshr (shl x w-8) w-8) => (sext8 x); so for 16 and 32
  if (op == Op::SShr && inner_op == Op::Shl && c == d) {
    if (c == w - 8) return r.become(i, Op::SExt8, x);
    if (c == w - 16) return r.become(i, Op::SExt16, x);
    if (c == 32 && w == 64) return r.become(i, Op::SExt32, x);
  }
  // (ushr (sshr x d) w-1) => (ushr x w-1): the sign is the same
  if (op == Op::UShr && inner_op == Op::SShr && c == w - 1) return r.become(i, Op::UShr, x, c);
  return kNo;
}

}  // namespace

Value shift(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  Op op = r.f()[i].op;
  Type type = r.type_of(x);
  unsigned w = bits_of(type);
  uint64_t c, d;
  // 0 shifted is 0
  if (r.is_constant(x, 0)) return x;
  if (!r.constant(y, &c)) {
    // (shl x (and y w-1)) => (shl x y): the count is taken modulo the width
    if (Inst a = r.is(y, Op::And); a.valid() && r.constant(r.arg(a, 1), &d) && (d & (w - 1)) == w - 1)
      return r.become(i, op, x, r.arg(a, 0));
    return kNo;
  }
  if (c >= w) return r.become(i, op, x, c & (w - 1));
  if (c == 0) return x;
  // (rotr x c) => (rotl x w-c)
  if (op == Op::Rotr) return r.become(i, Op::Rotl, x, w - c);
  Inst inner = r.def(x);
  if (inner.valid()) {
    switch (r.f()[inner].op) {
      case Op::Shl:
      case Op::UShr:
      case Op::SShr:
      case Op::Rotl:
        if (r.constant(r.arg(inner, 1), &d) && d != 0 && d < w)
          if (Value v = twice(r, i, inner, c, d); v.valid()) return v;
        break;
      default:
        break;
    }
  }
  if (op == Op::UShr || op == Op::SShr) {
    uint64_t possible = r.possible_bits(x);
    // (ushr x c) => 0 where x has no bit there
    if (possible >> c == 0) return r.iconst(type, 0);
    // (sshr x c) => (ushr x c) where the sign is 0
    if (op == Op::SShr && !(possible >> (w - 1) & 1)) return r.become(i, Op::UShr, x, y);
  }
  return kNo;
}

}  // namespace vitrine::opt::rules

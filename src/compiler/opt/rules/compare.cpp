// Rules for icmp.
#include <bit>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

bool is_equality(IntCC cc) {
  return cc == IntCC::Eq || cc == IntCC::Ne;
}
bool is_signed(IntCC cc) {
  return cc >= IntCC::SLt && cc <= IntCC::SLe;
}
IntCC unsigned_of(IntCC cc) {
  switch (cc) {
    case IntCC::SLt:
      return IntCC::ULt;
    case IntCC::SGe:
      return IntCC::UGe;
    case IntCC::SGt:
      return IntCC::UGt;
    case IntCC::SLe:
      return IntCC::ULe;
    default:
      return cc;
  }
}

/// (icmp eq x c), (icmp ne x c)
Value equality(Rewriter& r, Inst i, IntCC cc, Value x, uint64_t c) {
  Type type = r.type_of(x);
  bool eq = cc == IntCC::Eq;
  uint64_t possible = r.possible_bits(x), d;
  // x cannot be c
  if (c & ~possible) return r.iconst(Type::I32, !eq);
  Inst def = r.def(x);
  if (possible == 1 && type == Type::I32) {
    // (icmp eq cond 0), (icmp ne cond 1) => the inverted condition; the others => cond
    if (eq == (c == 1)) return x;
    if (Value v = inverted(r, x); v.valid()) return v;
  }
  if (!def.valid()) return kNo;
  switch (r.f()[def].op) {
    case Op::ISub:
    case Op::Xor:
      // (icmp eq (isub x y) 0), (icmp eq (xor x y) 0) => (icmp eq x y)
      if (c == 0) return r.become_icmp(i, cc, r.arg(def, 0), r.arg(def, 1));
      // (icmp eq (xor x d) c) => (icmp eq x c^d)
      if (r.f()[def].op == Op::Xor && r.constant(r.arg(def, 1), &d)) return r.become_icmp(i, cc, r.arg(def, 0), c ^ d);
      return kNo;
    // Not (icmp eq (iadd x d) c) => (icmp eq x c-d): where x + d is a loop's next counter, x would have to live on
    // beside it, and the addition sets the flags for a comparison with 0.
    case Op::UExtend:
      // (icmp eq (uextend x) c) => (icmp eq x c); c fits, or x could not be c
      return r.become_icmp(i, cc, r.arg(def, 0), c);
    case Op::SExtend:
      if (c != static_cast<uint64_t>(int64_t{static_cast<int32_t>(c)})) return r.iconst(Type::I32, !eq);
      return r.become_icmp(i, cc, r.arg(def, 0), c & 0xffff'ffff);
    case Op::And:
      // (icmp eq (and x 2^k) 2^k) => (icmp ne (and x 2^k) 0)
      if (c != 0 && std::has_single_bit(c) && r.is_constant(r.arg(def, 1), c))
        return r.become_icmp(i, negate(cc), x, uint64_t{0});
      return kNo;
    default:
      return kNo;
  }
}

/// An ordering with a constant on the right.
Value ordering(Rewriter& r, Inst i, IntCC cc, Value x, uint64_t c) {
  Type type = r.type_of(x);
  uint64_t all = canonical(type, ~0ull), top = all ^ all >> 1, possible = r.possible_bits(x);
  auto answer = [&](bool b) { return r.iconst(Type::I32, b); };
  // A signed comparison of numbers whose sign is 0 is unsigned.
  if (is_signed(cc) && !(possible & top) && !(c & top)) return r.become_icmp(i, unsigned_of(cc), x, c);
  switch (cc) {
    case IntCC::ULt:
      if (c == 0) return answer(false);
      if (possible < c) return answer(true);
      if (c == 1) return r.become_icmp(i, IntCC::Eq, x, uint64_t{0});
      return kNo;
    case IntCC::UGe:
      if (c == 0) return answer(true);
      if (possible < c) return answer(false);
      if (c == 1) return r.become_icmp(i, IntCC::Ne, x, uint64_t{0});
      return kNo;
    case IntCC::UGt:
      if (possible <= c) return answer(false);
      if (c == 0) return r.become_icmp(i, IntCC::Ne, x, uint64_t{0});
      return kNo;
    case IntCC::ULe:
      if (possible <= c) return answer(true);
      if (c == 0) return r.become_icmp(i, IntCC::Eq, x, uint64_t{0});
      return kNo;
    case IntCC::SLt:
      return c == top ? answer(false) : kNo;
    case IntCC::SGe:
      return c == top ? answer(true) : kNo;
    case IntCC::SGt:
      return c == (all >> 1) ? answer(false) : kNo;
    case IntCC::SLe:
      return c == (all >> 1) ? answer(true) : kNo;
    default:
      return kNo;
  }
}

}  // namespace

Value compare(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  IntCC cc = r.f()[i].int_cc();
  uint64_t c;
  // (icmp cc x x)
  if (x == y) return r.iconst(Type::I32, eval_icmp(cc, Type::I64, 0, 0));
  if (r.constant(y, &c)) {
    if (Value v = is_equality(cc) ? equality(r, i, cc, x, c) : ordering(r, i, cc, x, c); v.valid()) return v;
    // (icmp ult (uextend x) c) => (icmp ult x c); signed is unsigned there
    if (Inst d = r.is(x, Op::UExtend); d.valid() && c >> 32 == 0)
      return r.become_icmp(i, unsigned_of(cc), r.arg(d, 0), c);
    if (Inst d = r.is(x, Op::SExtend); d.valid() && c == static_cast<uint64_t>(int64_t{static_cast<int32_t>(c)}))
      return r.become_icmp(i, cc, r.arg(d, 0), c & 0xffff'ffff);
    return kNo;
  }
  // (icmp cc (uextend x) (uextend y)) => (icmp ucc x y); (icmp cc (sextend x) (sextend y)) => (icmp cc x y)
  for (Op op : {Op::UExtend, Op::SExtend}) {
    Inst dx = r.is(x, op), dy = r.is(y, op);
    if (!dx.valid() || !dy.valid() || r.type_of(r.arg(dx, 0)) != r.type_of(r.arg(dy, 0))) continue;
    return r.become_icmp(i, op == Op::UExtend ? unsigned_of(cc) : cc, r.arg(dx, 0), r.arg(dy, 0));
  }
  return kNo;
}

}  // namespace vitrine::opt::rules

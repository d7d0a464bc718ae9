// Rules for sign and zero extension and for wrap.
#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

unsigned width_of(Op op) {
  return op == Op::SExt8 ? 8 : op == Op::SExt16 ? 16 : 32;
}

/// (sext8 x), (sext16 x), (sext32 x): the low bits of x, with their sign.
Value sign_extend(Rewriter& r, Inst i, Value x) {
  Op op = r.f()[i].op;
  unsigned w = width_of(op);
  uint64_t low = (1ull << w) - 1, c;
  // (sext8 x) => x where x has nothing above the low 7 bits
  if ((r.possible_bits(x) & ~(low >> 1)) == 0) return x;
  Inst d = r.def(x);
  if (!d.valid()) return kNo;
  const InstData& data = r.f()[d];
  switch (data.op) {
    case Op::SExt8:
    case Op::SExt16:
    case Op::SExt32:
      // (sext16 (sext8 x)) => (sext8 x); (sext8 (sext16 x)) => (sext8 x)
      if (width_of(data.op) <= w) return x;
      return r.become(i, op, r.arg(d, 0));
    case Op::Load:
      if (data.mem() == MemKind::S8 || (data.mem() == MemKind::S16 && w >= 16) ||
          (data.mem() == MemKind::S32 && w == 32))
        return x;
      return kNo;
    case Op::And:
      // (sext8 (and x c)) => (sext8 x) where c has the low bits
      if (r.constant(r.arg(d, 1), &c) && (c & low) == low) return r.become(i, op, r.arg(d, 0));
      return kNo;
    case Op::SExtend:
      // (sext32 (sextend x)) => (sextend x)
      return w == 32 ? x : kNo;
    case Op::UExtend:
      // (sext32 (uextend x)) => (sextend x)
      return w == 32 ? r.become(i, Op::SExtend, r.arg(d, 0)) : kNo;
    default:
      return kNo;
  }
}

/// The i32 whose extension `v` is, or the low half of a constant; none otherwise.
Value narrow(Rewriter& r, Value v) {
  uint64_t c;
  if (r.constant(v, &c)) return r.iconst(Type::I32, c);
  Inst d = r.is(v, Op::UExtend);
  if (!d.valid()) d = r.is(v, Op::SExtend);
  if (!d.valid() || r.type_of(r.arg(d, 0)) != Type::I32) return kNo;
  return r.arg(d, 0);
}

Value wrap(Rewriter& r, Inst i, Value x) {
  Inst d = r.def(x);
  if (!d.valid()) return kNo;
  uint64_t c;
  Type result = r.type_of(r.f()[i].result);
  switch (Op op = r.f()[d].op) {
    case Op::UExtend:
    case Op::SExtend:
      // (wrap (uextend x)), (wrap (sextend x)) => x
      return r.type_of(r.arg(d, 0)) == result ? r.arg(d, 0) : kNo;
    case Op::SExt32:
      return r.become(i, Op::Wrap, r.arg(d, 0));
    case Op::And:
      // (wrap (and x c)) => (wrap x) where c has the low half
      if (r.constant(r.arg(d, 1), &c) && (c & 0xffff'ffff) == 0xffff'ffff) return r.become(i, Op::Wrap, r.arg(d, 0));
      [[fallthrough]];
    case Op::IAdd:
    case Op::ISub:
    case Op::IMul:
    case Op::Or:
    case Op::Xor: {
      // (wrap (iadd (uextend x) (uextend y))) => (iadd x y): the low half depends on the low halves alone
      if (result != Type::I32) return kNo;
      Value a = r.arg(d, 0), b = r.arg(d, 1);
      if (r.constant(a, &c) || !narrow(r, a).valid()) return kNo;
      Value y = narrow(r, b);
      if (!y.valid()) return kNo;
      return r.become(i, op, narrow(r, a), y);
    }
    case Op::Shl: {
      // (wrap (shl (uextend x) c)) => (shl x c) for c below 32
      if (result != Type::I32 || !r.constant(r.arg(d, 1), &c) || (c & 63) >= 32) return kNo;
      Value a = r.arg(d, 0);
      uint64_t k;
      if (r.constant(a, &k)) return kNo;
      Value n = narrow(r, a);
      if (!n.valid()) return kNo;
      return r.become(i, Op::Shl, n, c & 63);
    }
    default:
      return kNo;
  }
}

}  // namespace

Value extension(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0);
  switch (r.f()[i].op) {
    case Op::Wrap:
      return wrap(r, i, x);
    case Op::UExtend: {
      // (uextend (wrap x)) => x where x has no upper half
      Inst d = r.is(x, Op::Wrap);
      if (d.valid() && r.type_of(r.f()[i].result) == Type::I64 && r.possible_bits(r.arg(d, 0)) >> 32 == 0)
        return r.arg(d, 0);
      return kNo;
    }
    case Op::SExtend: {
      // (sextend x) => (uextend x) where the sign is 0
      if (!(r.possible_bits(x) >> 31 & 1)) return r.become(i, Op::UExtend, x);
      // (sextend (wrap x)) => (sext32 x)
      if (Inst d = r.is(x, Op::Wrap); d.valid()) return r.become(i, Op::SExt32, r.arg(d, 0));
      return kNo;
    }
    default:
      return sign_extend(r, i, x);
  }
}

}  // namespace vitrine::opt::rules

// Rules for floating point: only those that are exact to the bit.
//
// x + -0, x - 0 and x * 1 are x, except that they make a signalling NaN quiet: so they apply where x is itself the
// result of arithmetic, which is never signalling.
#include <bit>
#include <cmath>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

/// Never a signalling NaN.
bool is_quiet(Rewriter& r, Value v) {
  Inst d = r.def(v);
  if (!d.valid()) return false;
  switch (r.f()[d].op) {
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FDiv:
    case Op::FSqrt:
    case Op::FMin:
    case Op::FMax:
    case Op::FCeil:
    case Op::FFloor:
    case Op::FTrunc:
    case Op::FNearest:
    case Op::FPromote:
    case Op::FDemote:
    case Op::FFromSInt:
    case Op::FFromUInt:
      return true;
    default:
      return false;
  }
}

double value_of(Type type, uint64_t bits) {
  return type == Type::F32 ? std::bit_cast<float>(static_cast<uint32_t>(bits)) : std::bit_cast<double>(bits);
}
uint64_t bits_of_value(Type type, double x) {
  return type == Type::F32 ? std::bit_cast<uint32_t>(static_cast<float>(x)) : std::bit_cast<uint64_t>(x);
}

/// 1/x if x is a power of two and both are normal: then dividing by x is multiplying by it.
bool exact_reciprocal(Type type, double x, double* out) {
  int exponent;
  if (!std::isnormal(x) || std::fabs(std::frexp(x, &exponent)) != 0.5) return false;
  int limit = type == Type::F32 ? 126 : 1022;
  if (exponent - 1 > limit || exponent - 1 < -limit) return false;
  *out = 1 / x;
  return true;
}

Value binary_with_constant(Rewriter& r, Inst i, Value x, uint64_t bits) {
  Type type = r.type_of(x);
  double c = value_of(type, bits);
  switch (r.f()[i].op) {
    case Op::FAdd:
      // (fadd x -0) => x
      return c == 0 && std::signbit(c) && is_quiet(r, x) ? x : kNo;
    case Op::FSub:
      // (fsub x 0) => x
      return c == 0 && !std::signbit(c) && is_quiet(r, x) ? x : kNo;
    case Op::FMul:
      // (fmul x 1) => x
      if (c == 1 && is_quiet(r, x)) return x;
      // (fmul x 2) => (fadd x x)
      return c == 2 ? r.become(i, Op::FAdd, x, x) : kNo;
    case Op::FDiv: {
      if (c == 1 && is_quiet(r, x)) return x;
      // (fdiv x 2^k) => (fmul x 2^-k)
      double inverse;
      if (!exact_reciprocal(type, c, &inverse)) return kNo;
      Value y = r.fconst(type, bits_of_value(type, inverse));
      return r.become(i, Op::FMul, x, y);
    }
    case Op::FCopysign: {
      // (fcopysign x c) => (fabs x) or (fneg (fabs x))
      if (!std::signbit(c)) return r.become(i, Op::FAbs, x);
      Value magnitude = r.unary(Op::FAbs, type, x);
      return r.become(i, Op::FNeg, magnitude);
    }
    default:
      return kNo;
  }
}

}  // namespace

Value floating(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0);
  uint64_t c;
  switch (r.f()[i].op) {
    case Op::FNeg:
      // (fneg (fneg x)) => x
      if (Inst d = r.is(x, Op::FNeg); d.valid()) return r.arg(d, 0);
      return kNo;
    case Op::FAbs:
      // (fabs (fneg x)) => (fabs x), (fabs (fabs x)) => (fabs x)
      if (Inst d = r.is(x, Op::FNeg); d.valid()) return r.become(i, Op::FAbs, r.arg(d, 0));
      return r.is(x, Op::FAbs).valid() ? x : kNo;
    case Op::FDemote:
      // (fdemote (fpromote x)) => x
      if (Inst d = r.is(x, Op::FPromote); d.valid() && is_quiet(r, r.arg(d, 0))) return r.arg(d, 0);
      return kNo;
    case Op::Bitcast: {
      // (bitcast (bitcast x)) => x, or one bitcast
      Type type = r.type_of(r.f()[i].result);
      if (r.type_of(x) == type) return x;
      Inst d = r.is(x, Op::Bitcast);
      if (!d.valid()) return kNo;
      return r.type_of(r.arg(d, 0)) == type ? r.arg(d, 0) : r.become(i, Op::Bitcast, r.arg(d, 0));
    }
    default:
      if (info(r.f()[i].op).args != 2) return kNo;
      break;
  }
  Value y = r.arg(i, 1);
  if (r.constant(y, &c)) return binary_with_constant(r, i, x, c);
  switch (r.f()[i].op) {
    case Op::FMul:
      // A constant of these two goes right: the result is no NaN that x is not.
      if (r.constant(x, &c)) return r.become(i, Op::FMul, y, x);
      return kNo;
    case Op::FAdd:
      if (r.constant(x, &c)) return r.become(i, Op::FAdd, y, x);
      return kNo;
    case Op::FCopysign:
      // (fcopysign (fneg x) y), (fcopysign (fabs x) y) => (fcopysign x y)
      for (Op op : {Op::FNeg, Op::FAbs})
        if (Inst d = r.is(x, op); d.valid()) return r.become(i, Op::FCopysign, r.arg(d, 0), y);
      return x == y ? x : kNo;
    default:
      return kNo;
  }
}

}  // namespace vitrine::opt::rules

// Vectors of floats, and conversions between them and integers.
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using abi::kAvx;
using ir::Bits128;
using ir::FloatCC;
using ir::InstData;
using ir::Lanes;
using ir::Op;
using ir::Value;

namespace {

// Immediates of the comparison.
enum Compare : uint8_t { kEqual = 0, kLess = 1, kLessOrEqual = 2, kUnordered = 3, kNotEqual = 4 };

}  // namespace

void Lower::lower_vector_float(const InstData& d) {
  const bool is_32 = d.vec().lanes() == Lanes::F32x4;
  auto sized = [&](MOp ps, MOp pd) { return is_32 ? ps : pd; };
  auto rounded = [&](int64_t how) {
    vec_unary_imm(sized(MOp::Roundps, MOp::Roundpd), vector_src(arg(d, 0)), how, result_of(d));
  };
  switch (d.op) {
    case Op::VFAdd:
      return lower_vector_binary(d, sized(MOp::Addps, MOp::Addpd), true);
    case Op::VFSub:
      return lower_vector_binary(d, sized(MOp::Subps, MOp::Subpd), false);
    case Op::VFMul:
      return lower_vector_binary(d, sized(MOp::Mulps, MOp::Mulpd), true);
    case Op::VFDiv:
      return lower_vector_binary(d, sized(MOp::Divps, MOp::Divpd), false);
    case Op::VFMin:
    case Op::VFMax:
      return lower_vector_min_max(d);
    case Op::VFPMin:
    case Op::VFPMax: {
      // The machine's is a < b ? a : b, with the operands the other way round.
      const Src b = vector_src(arg(d, 0));
      const MOp op = d.op == Op::VFPMin ? sized(MOp::Minps, MOp::Minpd) : sized(MOp::Maxps, MOp::Maxpd);
      vec(op, use_reg(arg(d, 1)), b, result_of(d));
      return;
    }
    case Op::VFMulAddAny:
    case Op::VFNegMulAddAny:
      return lower_multiply_add(d);
    case Op::VFSqrt:
      vec_unary(sized(MOp::Sqrtps, MOp::Sqrtpd), vector_src(arg(d, 0)), result_of(d));
      return;
    // As of scalars: lower_float.cpp.
    case Op::VFNearest:
      return rounded(8);
    case Op::VFFloor:
      return rounded(9);
    case Op::VFCeil:
      return rounded(10);
    case Op::VFTrunc:
      return rounded(11);
    case Op::VFCmp: {
      Value x = arg(d, 0), y = arg(d, 1);
      FloatCC cc = d.vec().float_cc();
      if (cc == FloatCC::Gt || cc == FloatCC::Ge) std::swap(x, y);
      const int64_t how = cc == FloatCC::Eq                        ? kEqual
                          : cc == FloatCC::Ne                      ? kNotEqual
                          : cc == FloatCC::Lt || cc == FloatCC::Gt ? kLess
                                                                   : kLessOrEqual;
      const Src b = vector_src(y);
      vec_imm(sized(MOp::Cmpps, MOp::Cmppd), use_reg(x), b, how, result_of(d));
      return;
    }
    default:
      return lower_vector_conversion(d);
  }
}

// Both orders of the machine's minimum differ where one is a NaN (each answers its second operand) or where they are
// zeros of both signs. Min: the or of both has the sign of -0, and is a NaN if one is. Max: the difference of both, taken
// away from their or, leaves +0. A NaN is made canonical by clearing the low bits of its payload.
void Lower::lower_vector_min_max(const InstData& d) {
  const bool is_32 = d.vec().lanes() == Lanes::F32x4, is_min = d.op == Op::VFMin;
  const MOp choose = is_min ? (is_32 ? MOp::Minps : MOp::Minpd) : is_32 ? MOp::Maxps : MOp::Maxpd;
  const MOp compare = is_32 ? MOp::Cmpps : MOp::Cmppd;
  const VReg x = use_reg(arg(d, 0)), y = use_reg(arg(d, 1));
  const VReg a = vec(choose, x, reg_src(y));
  const VReg b = vec(choose, y, reg_src(x));
  VReg result, other;
  if (is_min) {
    other = b;
    result = vec(MOp::Por, a, reg_src(b));
  } else {
    other = vec(MOp::Pxor, b, reg_src(a));
    result = vec(is_32 ? MOp::Subps : MOp::Subpd, vec(MOp::Por, a, reg_src(other)), reg_src(other));
  }
  const VReg is_nan = vec_imm(compare, other, reg_src(result), kUnordered);
  if (is_min) result = vec(MOp::Por, result, reg_src(is_nan));
  const VReg payload = vec_shift(is_32 ? MOp::PsrldI : MOp::PsrlqI, is_nan, is_32 ? 10 : 13);
  vec(MOp::Pandn, payload, reg_src(result), result_of(d));
}

void Lower::lower_multiply_add(const InstData& d) {
  const bool is_32 = d.vec().lanes() == Lanes::F32x4, negative = d.op == Op::VFNegMulAddAny;
  Value x = arg(d, 0), y = arg(d, 1);
  const Value z = arg(d, 2);
  if (!has(abi::kFma)) {
    const Src b = vector_src(y);
    const VReg product = vec(is_32 ? MOp::Mulps : MOp::Mulpd, use_reg(x), b);
    const VReg c = use_reg(z);
    if (negative)
      vec(is_32 ? MOp::Subps : MOp::Subpd, c, reg_src(product), result_of(d));
    else
      vec(is_32 ? MOp::Addps : MOp::Addpd, product, reg_src(c), result_of(d));
    return;
  }
  // The one whose register the result takes should not be needed afterwards.
  if (may_fold_vector(x) && !may_fold_vector(y)) std::swap(x, y);
  const bool into_sum = !lives_on(z) || may_fold_vector(y);
  const MOp op = into_sum   ? (negative ? (is_32 ? MOp::Fnmadd231ps : MOp::Fnmadd231pd)
                                        : (is_32 ? MOp::Fmadd231ps : MOp::Fmadd231pd))
                 : negative ? (is_32 ? MOp::Fnmadd213ps : MOp::Fnmadd213pd)
                            : (is_32 ? MOp::Fmadd213ps : MOp::Fmadd213pd);
  const Src last_source = vector_src(into_sum ? y : z);
  const VReg first = use_reg(into_sum ? z : x), second = use_reg(into_sum ? x : y);
  begin(op, 16);
  def_tied(result_of(d), 1);
  use(first);
  use(second);
  src(last_source);
  end();
}

void Lower::lower_vector_conversion(const InstData& d) {
  auto constant = [&](uint64_t bits, unsigned bytes) {
    const Bits128 c = repeated(bits, bytes);
    return mask(c.lo, c.hi);
  };
  const Value x = arg(d, 0);
  const VReg r = result_of(d);
  const bool from_32 = d.vec().lanes() == Lanes::F32x4;
  switch (d.op) {
    case Op::VFFromSInt:
      vec_unary(MOp::Cvtdq2ps, vector_src(x), r);
      return;
    case Op::VFFromUInt: {
      if (has(abi::kAvx512)) {
        vec_unary(MOp::Cvtudq2ps, vector_src(x), r);
        return;
      }
      // The halves as the lowest bits of 2^23 and of 2^39; what is too much is taken away from the upper one, exactly, so
      // that their sum is rounded once.
      const VReg v = use_reg(x);
      const VReg low = vec_imm(MOp::Pblendw, v, constant(0x4b00'0000, 4), 0xaa);
      const VReg high = vec_imm(MOp::Pblendw, vec_shift(MOp::PsrldI, v, 16), constant(0x5300'0000, 4), 0xaa);
      const VReg upper = vec(MOp::Subps, high, constant(0x5300'0080, 4));
      vec(MOp::Addps, upper, reg_src(low), r);
      return;
    }
    case Op::VFFromLowS:
      vec_unary(MOp::Cvtdq2pd, low_half(x), r, 8);
      return;
    case Op::VFFromLowU: {
      // As the lowest bits of 2^52.
      const VReg wide = vec(MOp::Unpcklps, use_reg(x), constant(0x4330'0000, 4));
      vec(MOp::Subpd, wide, constant(0x4330'0000'0000'0000, 8), r);
      return;
    }
    case Op::VFDemote:
      vec_unary(MOp::Cvtpd2ps, vector_src(x), r);
      return;
    case Op::VFPromote:
      vec_unary(MOp::Cvtps2pd, low_half(x), r, 8);
      return;
    case Op::VFToSIntAny:
      vec_unary(from_32 ? MOp::Cvttps2dq : MOp::Cvttpd2dq, vector_src(x), r);
      return;
    case Op::VFToSIntSat: {
      const VReg v = use_reg(x);
      const VReg is_number = vec_imm(from_32 ? MOp::Cmpps : MOp::Cmppd, v, reg_src(v), kEqual);
      if (!from_32) {
        // At most the largest; a NaN meets a zero, which the machine's minimum answers then.
        const VReg bound = vec(MOp::Pand, is_number, constant(0x41df'ffff'ffc0'0000, 8));
        vec_unary(MOp::Cvttpd2dq, reg_src(vec(MOp::Minpd, v, reg_src(bound))), r);
        return;
      }
      // What does not fit becomes the smallest integer; where it was positive all bits are flipped.
      const VReg number = vec(MOp::Pand, v, reg_src(is_number));
      const VReg bound = vector_const(repeated(0x4f00'0000, 4));
      const VReg too_large = vec_imm(MOp::Cmpps, bound, reg_src(number), kLessOrEqual);
      vec(MOp::Pxor, vec_unary(MOp::Cvttps2dq, reg_src(number)), reg_src(too_large), r);
      return;
    }
    case Op::VFToUIntAny:
    case Op::VFToUIntSat: {
      const VReg v = use_reg(x), zero = vector_const({});
      if (!from_32) {
        // Between zero (which a NaN becomes) and the largest; then as the lowest bits of 2^52.
        const VReg positive = vec(MOp::Maxpd, v, reg_src(zero));
        const VReg bounded = vec(MOp::Minpd, positive, constant(0x41ef'ffff'ffe0'0000, 8));
        const VReg whole = vec_unary_imm(MOp::Roundpd, reg_src(bounded), 11);
        const VReg bits = vec(MOp::Addpd, whole, constant(0x4330'0000'0000'0000, 8));
        vec_imm(MOp::Shufps, bits, reg_src(zero), 0x88, r);
        return;
      }
      // In two parts: below 2^31, and what is above it. Each is zero or the smallest integer where the other is meant.
      const VReg positive = vec(MOp::Maxps, v, reg_src(zero));
      const VReg low = vec_unary(MOp::Cvttps2dq, reg_src(positive));
      const VReg rest = vec(MOp::Subps, positive, constant(0x4f00'0000, 4));
      const VReg bound = vector_const(repeated(0x4f00'0000, 4));
      const VReg too_large = vec_imm(MOp::Cmpps, bound, reg_src(rest), kLessOrEqual);
      const VReg flipped = vec(MOp::Pxor, vec_unary(MOp::Cvttps2dq, reg_src(rest)), reg_src(too_large));
      const VReg high = vec(MOp::Pmaxsd, flipped, reg_src(zero));
      vec(MOp::Paddd, low, reg_src(high), r);
      return;
    }
    default:
      VITRINE_ASSERT(false && "every vector operation is lowered");
  }
}

}  // namespace vitrine::x64

// Floating point and conversions.
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using abi::kAvx;
using ir::Inst;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;

void Lower::lower_float(Inst, const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  auto unary = [&](MOp op, int64_t immediate, bool has_immediate) {
    VReg a = use_reg(arg(d, 0));
    begin(op, size);
    def(result_of(d));
    use(a);
    if (has_immediate) imm(immediate);
    end();
  };
  switch (d.op) {
    case Op::FAdd:
      return lower_float_binary(d, MOp::AddF);
    case Op::FSub:
      return lower_float_binary(d, MOp::SubF);
    case Op::FMul:
      return lower_float_binary(d, MOp::MulF);
    case Op::FDiv:
      return lower_float_binary(d, MOp::DivF);
    case Op::FMin:
    case Op::FMax: {
      VReg a = use_reg(arg(d, 0)), b = use_reg(arg(d, 1));
      begin(d.op == Op::FMin ? MOp::FMin : MOp::FMax, size);
      def_tied(result_of(d), 1);
      use(a);
      use(b, Point::Late);
      return end();
    }
    case Op::FNeg:
    case Op::FAbs:
    case Op::FCopysign:
      return lower_float_bits(d);
    case Op::FSqrt:
      return unary(MOp::SqrtF, 0, false);
    // Bit 3: no precision exception. Bits 0..1: to nearest even, down, up, towards zero.
    case Op::FNearest:
      return unary(MOp::RoundF, 8, true);
    case Op::FFloor:
      return unary(MOp::RoundF, 9, true);
    case Op::FCeil:
      return unary(MOp::RoundF, 10, true);
    case Op::FTrunc:
      return unary(MOp::RoundF, 11, true);
    default:
      return lower_conversion(d);
  }
}

// With AVX every operation has three operands.
void Lower::emit_float(MOp op, unsigned size, VReg d, VReg a, const Src& b) {
  if (has(kAvx))
    emit_vex3(op, size, d, a, b);
  else
    emit_alu(op, size, d, a, b);
}

void Lower::lower_float_binary(const InstData& d, MOp op) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  // Which of two NaNs a sum propagates depends on the order of its operands, which the specification leaves open.
  if ((op == MOp::AddF || op == MOp::MulF) && !may_fold_load(y, size)) {
    if (may_fold_load(x, size) || is_const(x, nullptr) || (!has(kAvx) && lives_on(x) && !lives_on(y))) std::swap(x, y);
  }
  Src b = rm(y, size);
  VReg a = use_reg(x);
  emit_float(op, size, result_of(d), a, b);
}

Src Lower::mask(uint64_t lo, uint64_t hi) {
  return Src{.kind = Src::Kind::Mem,
             .mem = {.kind = mach::kMemConst, .disp = static_cast<int32_t>(out_->add_const(lo, hi, 16))}};
}

void Lower::lower_float_bits(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  const uint64_t sign = size == 4 ? 0x8000'0000u : 0x8000'0000'0000'0000u;
  const uint64_t rest = size == 4 ? 0x7fff'ffffu : 0x7fff'ffff'ffff'ffffu;
  VReg a = use_reg(arg(d, 0));
  if (d.op == Op::FNeg) return emit_float(MOp::XorF, size, result_of(d), a, mask(sign, 0));
  if (d.op == Op::FAbs) return emit_float(MOp::AndF, size, result_of(d), a, mask(rest, 0));
  VReg magnitude = fresh(d.type), from = fresh(d.type);
  uint64_t bits;
  if (is_const(arg(d, 1), &bits)) {
    const bool negative = bits & sign;
    emit_float(MOp::AndF, size, negative ? magnitude : result_of(d), a, mask(rest, 0));
    if (negative) emit_float(MOp::OrF, size, result_of(d), magnitude, mask(sign, 0));
    return;
  }
  VReg b = use_reg(arg(d, 1));
  emit_float(MOp::AndF, size, from, b, mask(sign, 0));
  emit_float(MOp::AndF, size, magnitude, a, mask(rest, 0));
  begin(MOp::OrF, size);
  if (has(kAvx))
    def(result_of(d));
  else
    def_tied(result_of(d), 1);
  use(magnitude);
  use(from);
  end();
}

void Lower::lower_conversion(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0);
  const Type from = f_->type_of(x);
  const unsigned from_size = ir::bytes_of(from);
  switch (d.op) {
    case Op::FPromote:
    case Op::FDemote: {
      VReg a = use_reg(x);
      begin(MOp::CvtFF, size);
      def(result_of(d));
      use(a);
      return end();
    }
    case Op::FFromSInt: {
      Src a = rm(x, from_size);
      begin(MOp::CvtIF, size);
      def(result_of(d));
      src(a);
      imm(from_size);
      return end();
    }
    case Op::FFromUInt: {
      VReg a = use_reg(x);
      if (from_size == 4) {  // zero-extended as it is: a nonnegative 64-bit integer
        begin(MOp::CvtIF, size);
        def(result_of(d));
        use(a);
        imm(8);
        return end();
      }
      begin(MOp::CvtUF, size);
      def(result_of(d), Point::Early);
      def(fresh(Type::I64), Point::Early);
      use(a, Point::Late);
      return end();
    }
    case Op::FToSInt:
    case Op::FToSIntSat: {
      VReg a = use_reg(x);
      begin(MOp::TruncS, from_size);
      def(d.result.valid() ? result_of(d) : fresh(d.type), Point::Early);
      use(a, Point::Late);
      imm((size == 8 ? kTruncTo64 : 0) | (d.op == Op::FToSIntSat ? kTruncSaturating : 0));
      return end();
    }
    case Op::FToUInt:
    case Op::FToUIntSat: {
      VReg a = use_reg(x);
      begin(MOp::TruncU, from_size);
      def(d.result.valid() ? result_of(d) : fresh(d.type), Point::Early);
      def(fresh(Type::I64), Point::Early);
      use(a, Point::Late);
      imm((size == 8 ? kTruncTo64 : 0) | (d.op == Op::FToUIntSat ? kTruncSaturating : 0));
      return end();
    }
    case Op::Bitcast: {
      // A load of the one is a load of the other.
      if (may_fold_load(x, size)) {
        Src s = fold_load(x);
        emit_load(d.type, ir::MemKind::Full, result_of(d), s.mem);
        last().trap = s.trap;
        last().srcloc = s.srcloc;
        return;
      }
      VReg a = use_reg(x);
      begin(ir::is_int(d.type) ? MOp::MovFI : MOp::MovIF, size);
      def(result_of(d));
      use(a);
      return end();
    }
    default:
      VITRINE_ASSERT(false && "every conversion is lowered");
  }
}

}  // namespace vitrine::x64

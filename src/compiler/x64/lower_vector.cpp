// Values of 128 bits.
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using ir::Bits128;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;

void Lower::load_vector_const(VReg r, Bits128 bits) {
  if (bits == Bits128()) {
    begin(MOp::ZeroF, 16);
    def(r);
  } else {
    begin(MOp::LoadV, 16);
    def(r);
    mem({.kind = mach::kMemConst, .disp = static_cast<int32_t>(out_->add_const(bits.lo, bits.hi, 16))});
  }
  end();
}

VReg Lower::vector_const(Bits128 bits) {
  VReg r = fresh(Type::V128);
  load_vector_const(r, bits);
  return r;
}

// A memory operand has to be aligned in the encodings without AVX: a constant is, and so is a spill slot.
Src Lower::vector_src(Value v) {
  Bits128 bits;
  if (f_->is_vconst(v, &bits) && bits != Bits128())
    return Src{.kind = Src::Kind::Mem,
               .mem = {.kind = mach::kMemConst, .disp = static_cast<int32_t>(out_->add_const(bits.lo, bits.hi, 16))}};
  if (has(abi::kAvx) && may_fold_load(v, 16)) return fold_load(v);
  return reg_src(use_reg(v));
}

void Lower::lower_vector(const InstData& d) {
  if (d.op == Op::VConst) {
    load_vector_const(result_of(d), d.imm128());
    out_->set_remat(result_of(d), last());
    return;
  }
  const MOp op = d.op == Op::And ? MOp::AndF : d.op == Op::Or ? MOp::OrF : MOp::XorF;
  const Src b = vector_src(arg(d, 1));
  const VReg a = use_reg(arg(d, 0));
  emit_float(op, 16, result_of(d), a, b);
}

}  // namespace vitrine::x64

// Instructions on vectors.
#include "compiler/x64/emit_impl.hpp"

namespace vitrine::x64 {

using asmjit::Imm;
using mach::MInst;

void EmitterImpl::vector(const MInst& m, Form form) {
  const auto op = static_cast<MOp>(m.op);
  const asmjit::InstId id = this->id(op, 16);
  const Imm imm(m.imm);
  switch (form) {
    case Form::AluImm:
      if (avx_) return with_vector(m, id, 2, true, xmm(reg(0)), xmm(reg(1)));
      return with_vector(m, id, 2, true, xmm(reg(0)));
    case Form::ShiftImm:
      if (avx_) return asm_.e(id, xmm(reg(0)), xmm(reg(1)), imm);
      return asm_.e(id, xmm(reg(0)), imm);
    case Form::Vec:
      return with_vector(m, id, 1, false, xmm(reg(0)));
    case Form::VecImm:
      return with_vector(m, id, 1, true, xmm(reg(0)));
    case Form::ToInt:
      return asm_.e(id, gp(reg(0), 4), xmm(reg(1)));
    case Form::ToIntImm:
      return asm_.e(id, gp(reg(0), op == MOp::Pextrq ? 8 : 4), xmm(reg(1)), imm);
    case Form::Insert: {
      const unsigned size = op == MOp::Pinsrq ? 8 : 4;
      auto put = [&](const auto& from) {
        if (avx_) return asm_.e(id, xmm(reg(0)), xmm(reg(1)), from, imm);
        asm_.e(id, xmm(reg(0)), from, imm);
      };
      if (!m.has_mem()) return alloc(2).is_spill() ? put(spill(alloc(2).slot(), size)) : put(gp(reg(2), size));
      site(m);
      return put(memory(m, m.size));
    }
    case Form::StoreLane:
      site(m);
      return asm_.e(id, memory(m, m.size), xmm(reg(0)), imm);
    case Form::Fma:
      return with_vector(m, id, 3, false, xmm(reg(0)), xmm(reg(2)));
    case Form::FmaImm:
      return with_vector(m, id, 3, true, xmm(reg(0)), xmm(reg(2)));
    default:
      VITRINE_ASSERT(false && "no form of a vector instruction");
  }
}

// The mask stands behind the registers of the address.
void EmitterImpl::blend(const MInst& m) {
  const asmjit::InstId id = this->id(static_cast<MOp>(m.op), 16);
  const x86::Xmm d = xmm(reg(0)), a = xmm(reg(1));
  if (m.has_mem()) {
    unsigned mask = 2;
    if (m.base <= mach::kMaxMemOperand) ++mask;
    if (m.index != mach::kMemNone) ++mask;
    site(m);
    if (m.base == mach::kMemConst)
      return asm_.e_const(static_cast<uint32_t>(m.disp), 1, id, d, a, memory(m, 16), xmm(reg(mask)));
    return asm_.e(id, d, a, memory(m, 16), xmm(reg(mask)));
  }
  if (alloc(2).is_spill()) return asm_.e(id, d, a, spill(alloc(2).slot(), 16), xmm(reg(3)));
  asm_.e(id, d, a, xmm(reg(2)), xmm(reg(3)));
}

void EmitterImpl::ones(PReg r) {
  if (avx_) return asm_.e(id(MOp::OnesV, 16), xmm(r), xmm(r), xmm(r));
  asm_.e(id(MOp::OnesV, 16), xmm(r), xmm(r));
}

}  // namespace vitrine::x64

// Conditions: comparisons fused into the branch, trap or select that reads them.
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using ir::FloatCC;
using ir::Inst;
using ir::InstData;
using ir::IntCC;
using ir::MemKind;
using ir::Op;
using ir::Type;
using ir::Value;

namespace {

/// Whether it is computed in the flags.
bool is_condition(Op op) {
  return op == Op::ICmp || op == Op::FCmp || op == Op::VAnyTrue || op == Op::VAllTrue;
}

}  // namespace

// Sets the flags by `cond`; the answer is the condition under which it is nonzero (or zero, if `negated`).
CC Lower::lower_cond(Value cond, bool negated) {
  // A comparison is computed here alone if nothing else needs it, nor any of the conditions between it and here.
  bool once = true;
  for (int depth = 0; depth < 8; ++depth) {
    Inst inst;
    const InstData* d = def_of(cond, &inst);
    if (!d || !(d->block == block_ || uses(cond) == 1)) break;
    once &= uses(cond) == 1;
    if (d->op == Op::VAnyTrue || d->op == Op::VAllTrue) {
      CC cc = lower_vector_test(*d, once);
      return negated ? negate(cc) : cc;
    }
    if (d->op == Op::FCmp) {
      CC cc = lower_fcmp(*d, once);
      return negated ? negate(cc) : cc;
    }
    if (d->op != Op::ICmp) break;
    // (icmp eq c 0), (icmp ne c 0): of a condition, the condition or its opposite
    uint64_t bits;
    if ((d->int_cc() == IntCC::Eq || d->int_cc() == IntCC::Ne) && is_const(arg(*d, 1), &bits) && bits == 0) {
      const InstData* inner = def_of(arg(*d, 0));
      if (inner && is_condition(inner->op) && (inner->block == block_ || uses(arg(*d, 0)) == 1)) {
        cond = arg(*d, 0);
        negated ^= d->int_cc() == IntCC::Eq;
        continue;
      }
    }
    CC cc = lower_icmp(*d, inst, once);
    return negated ? negate(cc) : cc;
  }
  // As (icmp ne cond 0).
  InstData compare;
  compare.op = Op::ICmp;
  compare.type = f_->type_of(cond);
  compare.aux = static_cast<uint8_t>(IntCC::Ne);
  compare.a[0] = cond.raw();
  CC cc = lower_icmp(compare, Inst(), once);
  return negated ? negate(cc) : cc;
}

// Whether the flags that the definition of `v` leaves can serve as a comparison of `v` with 0: when it stands right
// before the branch, with nothing but the comparison in between.
bool Lower::reuse_flags(Value v, IntCC cc, Inst compare) {
  if (cc != IntCC::Eq && cc != IntCC::Ne && cc != IntCC::SLt && cc != IntCC::SGe) return false;
  const Op root = (*f_)[inst_].op;
  if (root != Op::BrIf && root != Op::TrapIf && root != Op::TrapIfNot) return false;
  Inst inst;
  const InstData* d = def_of(v, &inst);
  if (!d || d->block != block_) return false;
  switch (d->op) {
    case Op::IAdd:
    case Op::ISub:
    case Op::And:
    case Op::Or:
    case Op::Xor:
      break;
    default:
      return false;
  }
  Inst before = f_->prev(inst_);
  if (before == compare && compare.valid() && uses((*f_)[compare].result) == 1) before = f_->prev(before);
  if (before != inst) return false;
  vreg_of(v);
  force_flags_ = inst;
  return true;
}

CC Lower::lower_icmp(const InstData& d, Inst inst, bool once) {
  IntCC cc = d.int_cc();
  const unsigned size = ir::bytes_of(d.type);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  auto may_fold = [&](Value v) { return once && may_fold_load(v, size); };
  Value x = arg(d, 0);
  Value y = inst.valid() ? arg(d, 1) : Value();
  int64_t value = 0;
  if (y.valid() && imm32(x, &value) && !imm32(y, &value)) {
    std::swap(x, y);
    cc = ir::swap(cc);
  }
  const bool immediate = !y.valid() || imm32(y, &value);
  if (!y.valid()) value = 0;

  if (immediate && value == 0) {
    if (const InstData* both = foldable(x, Op::And); both && uses(x) == 1) {
      Value p = arg(*both, 0), q = arg(*both, 1);
      int64_t mask;
      Src b;
      if (imm32(q, &mask)) {
        b = Src{.kind = Src::Kind::Imm, .imm = mask};
        if (once && may_fold_load(p, size)) {
          Src m = fold_load(p);
          begin(MOp::Test, size);
          src(m);
          imm(mask);
          end();
          return cc_of(cc);
        }
      } else {
        if (may_fold(p) && !may_fold(q)) std::swap(p, q);
        b = may_fold(q) ? fold_load(q) : reg_src(low(q));
      }
      VReg a = low(p);
      begin(MOp::Test, size);
      use(a);
      src(b);
      end();
      return cc_of(cc);
    }
    if (reuse_flags(x, cc, inst)) return cc == IntCC::SLt ? CC::S : cc == IntCC::SGe ? CC::Ns : cc_of(cc);
  }
  if (immediate) {
    // A byte or half word against a constant in its range, where it is in memory.
    Inst load_inst;
    const InstData* load = def_of(x, &load_inst);
    if (once && load && load->op == Op::Load && (load->mem() == MemKind::U8 || load->mem() == MemKind::U16) &&
        load->block == block_ && uses(x) == 1 && may_sink(load_inst) && !vregs_[x.raw()].valid() && value >= 0 &&
        value <= (load->mem() == MemKind::U8 ? 0xff : 0x7fff)) {
      const unsigned bytes = load->mem() == MemKind::U8 ? 1 : 2;
      // Both are nonnegative: a signed comparison is the unsigned one.
      if (cc >= IntCC::SLt && cc <= IntCC::SLe)
        cc = static_cast<IntCC>(static_cast<uint8_t>(cc) +
                                (static_cast<uint8_t>(IntCC::ULt) - static_cast<uint8_t>(IntCC::SLt)));
      Src m = fold_load(x);
      begin(MOp::Cmp, bytes);
      src(m);
      imm(bytes == 1 ? static_cast<int8_t>(value) : value);
      end();
      return cc_of(cc);
    }
    if (may_fold(x)) {
      Src m = fold_load(x);
      begin(MOp::Cmp, size);
      src(m);
      imm(value);
      end();
      return cc_of(cc);
    }
    VReg a = low(x);
    if (value == 0) {
      begin(MOp::Test, size);
      use(a);
      use(a);
    } else {
      begin(MOp::Cmp, size);
      use_any(a);
      imm(value);
    }
    end();
    return cc_of(cc);
  }
  if (may_fold(x) && !may_fold(y)) {
    std::swap(x, y);
    cc = ir::swap(cc);
  }
  Src b = may_fold(y) ? fold_load(y) : reg_src(low(y));
  VReg a = low(x);
  begin(MOp::Cmp, size);
  use(a);
  src(b);
  end();
  return cc_of(cc);
}

// Unordered sets the zero, parity and carry flags, so "greater" needs no second look; "less" exchanges the operands.
CC Lower::lower_fcmp(const InstData& d, bool once) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  if (d.float_cc() == FloatCC::Lt || d.float_cc() == FloatCC::Le) std::swap(x, y);
  uint64_t bits;
  Src b;
  if ((once && may_fold_load(y, size)) || (is_const(y, &bits) && bits != 0))
    b = rm(y, size);
  else
    b = reg_src(use_reg(y));
  VReg a = use_reg(x);
  begin(MOp::Ucomis, size);
  use(a);
  src(b);
  end();
  switch (d.float_cc()) {
    case FloatCC::Eq:
      return CC::EqOrdered;
    case FloatCC::Ne:
      return CC::NeUnordered;
    case FloatCC::Lt:
    case FloatCC::Gt:
      return CC::A;
    case FloatCC::Le:
    case FloatCC::Ge:
      return CC::Ae;
  }
  return CC::A;
}

void Lower::lower_compare_value(const InstData& d, Inst inst) {
  VReg result = result_of(d);
  auto zero = [&] { return int_const(Type::I32, 0); };
  auto setcc = [&](VReg r, VReg z, CC cc) {
    begin(MOp::Setcc, 1, cc);
    def_tied(r, 1);
    use(z);
    end();
  };
  VReg z = zero();
  if (d.op == Op::ICmp) return setcc(result, z, lower_icmp(d, inst, true));
  const bool parity = d.float_cc() == FloatCC::Eq || d.float_cc() == FloatCC::Ne;
  if (!parity) return setcc(result, z, lower_fcmp(d, true));
  VReg z2 = zero(), p = fresh(Type::I32), e = fresh(Type::I32);
  const bool equal = lower_fcmp(d, true) == CC::EqOrdered;
  setcc(p, z, equal ? CC::Np : CC::P);
  setcc(e, z2, equal ? CC::E : CC::Ne);
  emit_alu(equal ? MOp::And : MOp::Or, 4, result, e, reg_src(p));
}

void Lower::lower_select(const InstData& d) {
  const bool is_float = !ir::is_int(d.type);
  const unsigned size = ir::bytes_of(d.type);
  Value cond = arg(d, 0), x = arg(d, 1), y = arg(d, 2);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  // The result starts as `keep` and becomes `take` when the condition holds. Both come before the comparison.
  VReg if_nonzero = low(x), if_zero = low(y);
  CC cc = lower_cond(cond, false);
  VReg keep = if_zero, take = if_nonzero;
  if (cc == CC::EqOrdered) {  // take when equal and ordered: keep when unequal or unordered
    std::swap(keep, take);
    cc = CC::NeUnordered;
  }
  auto choose = [&](VReg r, VReg from, CC when) {
    begin(is_float ? MOp::FCmov : MOp::Cmov, size, when);
    def_tied(r, 1);
    use(from);
    if (is_float)
      use(take);
    else
      use_any(take);
    end();
  };
  if (cc == CC::NeUnordered) {
    VReg half = fresh(d.type);
    choose(half, keep, CC::Ne);
    choose(result_of(d), half, CC::P);
  } else {
    choose(result_of(d), keep, cc);
  }
}

void Lower::lower_trapif(const InstData& d) {
  CC cc = lower_cond(arg(d, 0), d.op == Op::TrapIfNot);
  begin(MOp::TrapIf, 0, cc);
  last().trap = d.trap;
  end();
}

}  // namespace vitrine::x64

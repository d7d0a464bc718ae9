// Integer arithmetic.
#include <bit>

#include "abi/trap.hpp"
#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using abi::kBmi1;
using abi::kBmi2;
using abi::kLzcnt;
using ir::Inst;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;

void Lower::lower_int(Inst i, const InstData& d) {
  switch (d.op) {
    case Op::IConst: {
      VReg r = result_of(d);
      begin(MOp::MovImm, ir::bytes_of(d.type));
      def(r);
      imm(static_cast<int64_t>(d.imm64()));
      end();
      out_->set_remat(r, last());
      return;
    }
    case Op::FConst: {
      VReg r = result_of(d);
      begin(MOp::LoadF, ir::bytes_of(d.type));
      def(r);
      mem({.kind = mach::kMemConst,
           .disp = static_cast<int32_t>(out_->add_const(d.imm64(), 0, static_cast<uint8_t>(ir::bytes_of(d.type))))});
      end();
      out_->set_remat(r, last());
      return;
    }
    case Op::VMContext:
      begin(MOp::MovCtx, 8);
      def(result_of(d));
      end();
      out_->set_remat(result_of(d), last());
      return;
    case Op::StackAddr:
      emit_lea(8, result_of(d), slot(d));
      return;
    case Op::FuncAddr:
      begin(MOp::FuncAddr, 8);
      def(result_of(d));
      imm(f_->funcs[ir::FuncRef(d.imm)].symbol);
      end();
      return;
    case Op::IAdd:
      lower_add(i, d);
      return;
    case Op::ISub: {
      const unsigned size = ir::bytes_of(d.type);
      Value x = arg(d, 0), y = arg(d, 1);
      uint64_t bits;
      int64_t value;
      if (is_const(x, &bits) && bits == 0) {
        VReg a = size == 4 ? use_low(y) : use_reg(y);
        begin(MOp::Neg, size);
        def_tied(result_of(d), 1);
        use(a);
        end();
      } else if (imm32(y, &value) && value != INT32_MIN && lives_on(x) && !flags_wanted(i)) {
        VReg base = size == 4 ? use_low(x) : use_reg(x);
        emit_lea(size, result_of(d), {.kind = Amode::kReg, .disp = static_cast<int32_t>(-value), .base = base});
      } else {
        Src b = rmi(y, size);
        emit_alu(MOp::Sub, size, result_of(d), size == 4 ? use_low(x) : use_reg(x), b);
      }
      return;
    }
    case Op::IMul:
      lower_mul(d);
      return;
    case Op::UMulHi:
    case Op::SMulHi:
      lower_mul_hi(d);
      return;
    case Op::UMulWide:
    case Op::SMulWide:
      lower_mul_wide(i, d);
      return;
    case Op::IAdd128:
    case Op::ISub128:
      lower_add128(i);
      return;
    case Op::SDiv:
    case Op::UDiv:
    case Op::SRem:
    case Op::URem:
      lower_div(d);
      return;
    case Op::And:
      lower_and(i, d);
      return;
    case Op::Or:
      lower_commutative(d, MOp::Or);
      return;
    case Op::Xor: {
      const unsigned size = ir::bytes_of(d.type);
      uint64_t bits;
      if (is_const(arg(d, 1), &bits) && bits == (size == 4 ? 0xffff'ffffu : ~0ull) && !flags_wanted(i)) {
        VReg a = size == 4 ? use_low(arg(d, 0)) : use_reg(arg(d, 0));
        begin(MOp::Not, size);
        def_tied(result_of(d), 1);
        use(a);
        end();
        return;
      }
      lower_commutative(d, MOp::Xor);
      return;
    }
    case Op::Shl:
    case Op::UShr:
    case Op::SShr:
    case Op::Rotl:
    case Op::Rotr:
      lower_shift(d);
      return;
    case Op::Clz:
    case Op::Ctz:
    case Op::Popcnt:
      lower_bits(d);
      return;
    case Op::SExt8:
    case Op::SExt16:
    case Op::SExt32:
    case Op::UExtend:
    case Op::SExtend:
    case Op::Wrap:
      lower_extend(d);
      return;
    default:
      VITRINE_ASSERT(false && "every integer operation is lowered");
  }
}

void Lower::lower_commutative(const InstData& d, MOp op) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  int64_t value;
  // The tied operand is overwritten: better one that nobody else needs.
  if (!imm32(y, &value) && !may_fold_load(y, size) &&
      (imm32(x, &value) || may_fold_load(x, size) || (lives_on(x) && !lives_on(y))))
    std::swap(x, y);
  Src b = rmi(y, size);
  VReg a = size == 4 ? use_low(x) : use_reg(x);
  emit_alu(op, size, result_of(d), a, b);
}

void Lower::lower_add(Inst i, const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  if (flags_wanted(i)) return lower_commutative(d, MOp::Add);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  int64_t value;
  // x + imm; x + y*scale; x + imm and x + y where x and y live on
  if (imm32(y, &value)) {
    Amode a{.kind = Amode::kReg, .disp = static_cast<int32_t>(value)};
    if (const InstData* sum = foldable(x, Op::IAdd); sum && uses(x) == 1) {
      int64_t inner;
      if (!imm32(arg(*sum, 1), &inner) && !may_fold_load(arg(*sum, 0), size) && !may_fold_load(arg(*sum, 1), size)) {
        a.base = low(arg(*sum, 0));
        a.index = low(arg(*sum, 1));
        return emit_lea(size, result_of(d), a);
      }
    }
    if (uses(x) == 1 && split_scaled(foldable(x), a)) {
      a.kind = mach::kMemAbsolute;
      return emit_lea(size, result_of(d), a);
    }
    if (!lives_on(x)) return lower_commutative(d, MOp::Add);
    a = {.kind = Amode::kReg, .disp = static_cast<int32_t>(value), .base = low(x)};
    return emit_lea(size, result_of(d), a);
  }
  for (int turn = 0; turn < 2; ++turn) {
    Amode a{.kind = Amode::kReg};
    if (split_scaled(foldable(y), a)) {
      a.base = low(x);
      return emit_lea(size, result_of(d), a);
    }
    std::swap(x, y);
  }
  if (lives_on(x) && lives_on(y)) {
    Amode a{.kind = Amode::kReg};
    a.base = low(x);
    a.index = low(y);
    return emit_lea(size, result_of(d), a);
  }
  lower_commutative(d, MOp::Add);
}

void Lower::lower_and(Inst i, const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  if (flags_wanted(i)) return lower_commutative(d, MOp::And);
  uint64_t bits;
  if (is_const(y, &bits)) {
    if (bits == 0xff) return emit_rm(MOp::MovzxB, 4, result_of(d), reg_src(low(x)));
    if (bits == 0xffff) return emit_rm(MOp::MovzxW, 4, result_of(d), reg_src(low(x)));
    if (bits == 0xffff'ffff && size == 8) return emit_rm(MOp::Mov, 4, result_of(d), reg_src(low(x)));
    // A mask of the low half: the 32-bit form clears the upper one.
    if (size == 8 && bits <= 0xffff'ffff)
      return emit_alu_imm(MOp::And, 4, result_of(d), low(x), static_cast<int32_t>(bits));
    return lower_commutative(d, MOp::And);
  }
  if (has(kBmi1)) {
    const uint64_t ones = size == 4 ? 0xffff'ffffu : ~0ull;
    for (int turn = 0; turn < 2; ++turn) {
      if (const InstData* n = foldable(x, Op::Xor); n && uses(x) == 1 && is_const(arg(*n, 1), &bits) && bits == ones) {
        Src b = rm(y, size);
        return emit_vex3(MOp::Andn, size, result_of(d), low(arg(*n, 0)), b);
      }
      if (const InstData* n = foldable(x, Op::IAdd);
          n && uses(x) == 1 && is_const(arg(*n, 1), &bits) && bits == ones && arg(*n, 0) == y)
        return emit_rm(MOp::Blsr, size, result_of(d), reg_src(low(y)));
      if (const InstData* n = foldable(x, Op::ISub);
          n && uses(x) == 1 && is_const(arg(*n, 0), &bits) && bits == 0 && arg(*n, 1) == y)
        return emit_rm(MOp::Blsi, size, result_of(d), reg_src(low(y)));
      std::swap(x, y);
    }
  }
  lower_commutative(d, MOp::And);
}

void Lower::lower_mul(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0), y = arg(d, 1);
  int64_t value;
  if (imm32(x, &value)) std::swap(x, y);
  if (imm32(y, &value)) {
    if (value == 3 || value == 5 || value == 9) {
      VReg a = size == 4 ? use_low(x) : use_reg(x);
      const auto shift = static_cast<uint8_t>(value == 3 ? 1 : value == 5 ? 2 : 3);
      return emit_lea(size, result_of(d), {.kind = Amode::kReg, .shift = shift, .base = a, .index = a});
    }
    Src a = rm(x, size);
    begin(MOp::Imul3, size);
    def(result_of(d));
    src(a);
    imm(value);
    return end();
  }
  lower_commutative(d, MOp::Imul);
}

void Lower::lower_mul_hi(const InstData& d) {
  VReg a = use_reg(arg(d, 0));
  Src b = rm(arg(d, 1), 8);
  begin(d.op == Op::UMulHi ? MOp::MulHi : MOp::IMulHi, 8);
  def_fixed(result_of(d), kRdx);
  def_fixed(fresh(Type::I64), kRax);
  use_fixed(a, kRax);
  src(b);
  end();
}

void Lower::lower_mul_wide(Inst i, const InstData& d) {
  VReg lo = vregs_[f_->result(i, 0).raw()], hi = vregs_[f_->result(i, 1).raw()];
  VReg a = use_reg(arg(d, 0));
  Src b = rm(arg(d, 1), 8);
  if (!hi.valid()) return emit_alu(MOp::Imul, 8, lo, a, b);  // the lower half has no sign
  if (!lo.valid()) lo = fresh(Type::I64);
  const bool any_registers = d.op == Op::UMulWide && has(kBmi2);
  begin(any_registers ? MOp::Mulx : d.op == Op::UMulWide ? MOp::MulHi : MOp::IMulHi, 8);
  if (any_registers) {
    def(hi);
    def(lo);
    use_fixed(a, kRdx);
  } else {
    def_fixed(hi, kRdx);
    def_fixed(lo, kRax);
    use_fixed(a, kRax);
  }
  src(b);
  end();
}

// The carry goes from one instruction to the next through the flags: whatever an operand needs comes before both.
void Lower::lower_add128(Inst i) {
  const InstData& d = (*f_)[i];
  const std::span<const Value> args = f_->args(i);
  const bool add = d.op == Op::IAdd128, upper = vregs_[f_->result(i, 1).raw()].valid();
  const VReg lo = result_or_none(i, 0, Type::I64);
  const VReg x_lo = use_reg(args[0]), x_hi = upper ? use_reg(args[1]) : VReg();
  const Src y_lo = rmi(args[2], 8), y_hi = upper ? rmi(args[3], 8) : Src();
  emit_alu(add ? MOp::Add : MOp::Sub, 8, lo, x_lo, y_lo);
  if (upper) emit_alu(add ? MOp::Adc : MOp::Sbb, 8, vregs_[f_->result(i, 1).raw()], x_hi, y_hi);
}

void Lower::lower_div(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  const bool is_signed = d.op == Op::SDiv || d.op == Op::SRem;
  const bool remainder = d.op == Op::SRem || d.op == Op::URem;
  Value y = arg(d, 1);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  uint8_t flags = remainder ? kDivRemainder : 0;
  uint64_t divisor;
  const bool known = is_const(y, &divisor) && divisor != 0;
  if (!known) flags |= kDivCheckZero;
  if (is_signed && (!known || divisor == (size == 4 ? 0xffff'ffffu : ~0ull))) flags |= kDivCheckOverflow;
  VReg a = low(arg(d, 0));
  VReg b = low(y);
  VReg result = d.result.valid() ? result_of(d) : fresh(d.type);
  VReg other = fresh(d.type);
  begin(is_signed ? MOp::IDiv : MOp::Div, size);
  def_fixed(remainder ? other : result, kRax);
  def_fixed(remainder ? result : other, kRdx, Point::Early);
  use_fixed(a, kRax);
  use(b);
  imm(flags);
  last().trap = static_cast<uint8_t>(abi::TrapCode::IntegerDivisionByZero);
  end();
}

void Lower::lower_shift(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  const unsigned bits = size * 8;
  Value x = arg(d, 0), y = arg(d, 1);
  auto low = [&](Value v) { return size == 4 ? use_low(v) : use_reg(v); };
  uint64_t count;
  if (is_const(y, &count)) {
    count &= bits - 1;
    if (d.op == Op::Shl && count >= 1 && count <= 3 && lives_on(x)) {
      VReg a = low(x);
      if (count == 1) return emit_lea(size, result_of(d), {.kind = Amode::kReg, .base = a, .index = a});
      return emit_lea(size, result_of(d), {.shift = static_cast<uint8_t>(count), .index = a});
    }
    if ((d.op == Op::Rotl || d.op == Op::Rotr) && has(kBmi2) && lives_on(x)) {
      Src a = rm(x, size);
      begin(MOp::Rorx, size);
      def(result_of(d));
      src(a);
      imm(static_cast<int64_t>(d.op == Op::Rotr ? count : (bits - count) & (bits - 1)));
      return end();
    }
    MOp op = d.op == Op::Shl    ? MOp::Shl
             : d.op == Op::UShr ? MOp::Shr
             : d.op == Op::SShr ? MOp::Sar
             : d.op == Op::Rotl ? MOp::Rol
                                : MOp::Ror;
    return emit_alu_imm(op, size, result_of(d), low(x), static_cast<int64_t>(count));
  }
  // The CPU takes the count modulo the width itself.
  uint64_t mask;
  if (const InstData* m = foldable(y, Op::And); m && is_const(arg(*m, 1), &mask) && (mask & (bits - 1)) == bits - 1)
    y = arg(*m, 0);
  else if (m = foldable(y, Op::UExtend); m)
    y = arg(*m, 0);
  VReg b = use_low(y);
  if (has(kBmi2) && d.op != Op::Rotl && d.op != Op::Rotr) {
    Src a = rm(x, size);
    begin(d.op == Op::Shl ? MOp::Shlx : d.op == Op::UShr ? MOp::Shrx : MOp::Sarx, size);
    def(result_of(d));
    src(a);
    use(b);
    return end();
  }
  VReg a = low(x);
  begin(d.op == Op::Shl    ? MOp::Shl
        : d.op == Op::UShr ? MOp::Shr
        : d.op == Op::SShr ? MOp::Sar
        : d.op == Op::Rotl ? MOp::Rol
                           : MOp::Ror,
        size);
  def_tied(result_of(d), 1);
  use(a);
  use_fixed(b, kRcx);
  end();
}

void Lower::lower_bits(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  const unsigned bits = size * 8;
  Value x = arg(d, 0);
  if (d.op == Op::Popcnt) return emit_rm(MOp::Popcnt, size, result_of(d), rm(x, size));
  if (d.op == Op::Clz && has(kLzcnt)) return emit_rm(MOp::Lzcnt, size, result_of(d), rm(x, size));
  if (d.op == Op::Ctz && has(kBmi1)) return emit_rm(MOp::Tzcnt, size, result_of(d), rm(x, size));
  // bsr and bsf leave their result open for 0, but say so in the zero flag.
  const bool clz = d.op == Op::Clz;
  VReg if_zero = int_const(d.type, clz ? bits * 2 - 1 : bits);
  Src s = rm(x, size);
  VReg found = fresh(d.type);
  emit_rm(clz ? MOp::Bsr : MOp::Bsf, size, found, s);
  VReg chosen = clz ? fresh(d.type) : result_of(d);
  begin(MOp::Cmov, size, CC::E);
  def_tied(chosen, 1);
  use(found);
  use_any(if_zero);
  end();
  if (clz) emit_alu_imm(MOp::Xor, size, result_of(d), chosen, bits - 1);
}

void Lower::lower_extend(const InstData& d) {
  const unsigned size = ir::bytes_of(d.type);
  Value x = arg(d, 0);
  switch (d.op) {
    case Op::SExt8:
      return emit_rm(MOp::MovsxB, size, result_of(d), reg_src(size == 4 ? use_low(x) : use_reg(x)));
    case Op::SExt16:
      return emit_rm(MOp::MovsxW, size, result_of(d), reg_src(size == 4 ? use_low(x) : use_reg(x)));
    case Op::SExt32:
      return emit_rm(MOp::Movsxd, 8, result_of(d), reg_src(use_reg(x)));
    case Op::SExtend:
      return emit_rm(MOp::Movsxd, 8, result_of(d), rm(x, 4));
    case Op::Wrap:
      return emit_rm(MOp::Mov, 4, result_of(d), reg_src(use_reg(x)));
    default:
      // Uses of a uextend ask for its operand's register; one that passes the value itself on copies.
      return emit_move(result_of(d), use_reg(x));
  }
}

}  // namespace vitrine::x64

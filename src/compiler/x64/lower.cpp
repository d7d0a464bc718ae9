#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using ir::Inst;
using ir::InstData;
using ir::Op;
using ir::Type;
using ir::Value;
using mach::MInst;

void Lower::begin_function() {
  force_flags_ = Inst();
  out_->callee_pops = f_->sig.conv == ir::CallConv::Wasm;
  out_->incoming_args = stack_arg_bytes(f_->sig);
}

void Lower::lower_inst(Inst i, const InstData& d) {
  switch (d.op) {
    case Op::Load:
    case Op::StackLoad:
      lower_load(i, d);
      return;
    case Op::Store:
    case Op::StackStore:
      lower_store(i, d);
      return;
    case Op::Call:
    case Op::CallIndirect:
      lower_call(i, d);
      return;
    case Op::TrapIf:
    case Op::TrapIfNot:
      lower_trapif(d);
      return;
    case Op::Select:
      lower_select(d);
      return;
    case Op::ICmp:
    case Op::FCmp:
      lower_compare_value(d, i);
      return;
    case Op::VConst:
      load_vector_const(result_of(d), d.imm128());
      out_->set_remat(result_of(d), last());
      return;
    case Op::Label:
      begin(MOp::Label, 0);
      last().imm = d.imm;
      return end();
    case Op::And:
    case Op::Or:
    case Op::Xor:
      if (d.type == Type::V128) return lower_vector_bits(d);
      lower_int(i, d);
      return;
    default:
      if (ir::info(d.op).group == ir::Group::Float) return lower_float(i, d);
      if (ir::info(d.op).group == ir::Group::Vector) return lower_vector(d);
      lower_int(i, d);
      return;
  }
}

// The parameters: one instruction that defines those in registers, then loads of those on the stack.
void Lower::lower_entry() {
  const auto& params = (*f_)[f_->layout.front()].params;
  auto wanted = [&](Value v) { return vregs_[v.raw()]; };
  begin(MOp::Args, 0);
  ParamAssigner in_regs(f_->sig.conv);
  for (Value v : params) {
    ArgLoc loc = in_regs.next(f_->type_of(v));
    if (loc.in_reg() && loc.reg != kContext && wanted(v).valid()) def_fixed(wanted(v), loc.reg);
  }
  end();
  ParamAssigner on_stack(f_->sig.conv);
  for (Value v : params) {
    Type type = f_->type_of(v);
    ArgLoc loc = on_stack.next(type);
    VReg r = wanted(v);
    if (!r.valid()) continue;
    if (loc.in_reg()) {
      if (loc.reg != kContext) continue;
      begin(MOp::MovCtx, 8);
      def(r);
      end();
    } else {
      emit_load(type, ir::MemKind::Full, r, {.kind = mach::kMemIncoming, .disp = static_cast<int32_t>(loc.offset)});
    }
    out_->set_remat(r, last());
  }
}

void Lower::emit_jump() {
  begin(MOp::Jmp, 0);
  end();
}

void Lower::lower_terminator(Inst inst, const InstData& d) {
  switch (d.op) {
    case Op::BrIf: {
      CC cc = lower_cond(arg(d, 0), false);
      begin(MOp::Jcc, 0, cc);
      return end();
    }
    case Op::BrTable: {
      VReg index = use_reg(arg(d, 0));
      begin(MOp::JmpTable, 4);
      use(index, Point::Late);
      def(fresh(Type::I64), Point::Early);
      def(fresh(Type::I64), Point::Early);
      return end();
    }
    case Op::Return:
      return lower_return(inst);
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
      return lower_tail_call(inst, d);
    case Op::Trap:
      begin(MOp::Trap, 0);
      last().trap = d.trap;
      return end();
    case Op::Enter:
      begin(MOp::Enter, 0);
      return end();
    case Op::Leave:
      begin(MOp::Leave, 0);
      last().imm = d.imm;
      return end();
    default:
      VITRINE_ASSERT(false && "a block ends in a terminator");
  }
}

// -- values

VReg Lower::int_const(Type type, uint64_t value) {
  VReg r = fresh(type);
  begin(MOp::MovImm, ir::bytes_of(type));
  def(r);
  imm(static_cast<int64_t>(value));
  end();
  return r;
}

VReg Lower::float_const(Type type, uint64_t bits) {
  VReg r = fresh(type);
  if (bits == 0) {
    begin(MOp::ZeroF, ir::bytes_of(type));
    def(r);
  } else {
    begin(MOp::LoadF, ir::bytes_of(type));
    def(r);
    mem({.kind = mach::kMemConst,
         .disp = static_cast<int32_t>(out_->add_const(bits, 0, static_cast<uint8_t>(ir::bytes_of(type))))});
  }
  end();
  return r;
}

VReg Lower::context_reg() {
  VReg r = fresh(Type::I64);
  begin(MOp::MovCtx, 8);
  def(r);
  end();
  return r;
}

// -- operands

bool Lower::imm32(Value v, int64_t* out) const {
  uint64_t bits;
  if (!f_->is_iconst(v, &bits)) return false;
  if (f_->type_of(v) != Type::I64) {
    *out = static_cast<int32_t>(bits);
    return true;
  }
  *out = static_cast<int64_t>(bits);
  return *out == static_cast<int32_t>(*out);
}

Src Lower::fold_load(Value v) {
  Inst i;
  const InstData* d = def_of(v, &i);
  sink(i);
  return Src{.kind = Src::Kind::Mem, .trap = d->trap, .srcloc = d->srcloc, .mem = amode(arg(*d, 0), d->disp())};
}

Src Lower::rm(Value v, unsigned bytes) {
  if (may_fold_load(v, bytes)) return fold_load(v);
  uint64_t bits;
  if (ir::is_float(f_->type_of(v)) && is_const(v, &bits) && bits != 0)
    return Src{.kind = Src::Kind::Mem,
               .mem = {.kind = mach::kMemConst,
                       .disp = static_cast<int32_t>(out_->add_const(bits, 0, static_cast<uint8_t>(bytes)))}};
  return reg_src(bytes == 4 ? use_low(v) : use_reg(v));
}

Src Lower::rmi(Value v, unsigned bytes) {
  int64_t value;
  if (imm32(v, &value)) return Src{.kind = Src::Kind::Imm, .imm = value};
  return rm(v, bytes);
}

// -- building

void Lower::mem(const Amode& a) {
  MInst& m = insts_.back();
  m.disp = a.disp;
  m.flags |= a.shift;
  if (a.kind == Amode::kReg) {
    m.base = operand_number();
    use(a.base);
  } else {
    m.base = a.kind;
  }
  if (a.index.valid()) {
    m.index = operand_number();
    use(a.index);
  }
}

void Lower::imm(int64_t value) {
  insts_.back().flags |= mach::kImm;
  insts_.back().imm = value;
}

void Lower::src(const Src& s) {
  switch (s.kind) {
    case Src::Kind::Reg:
      use_any(s.reg);
      return;
    case Src::Kind::Imm:
      imm(s.imm);
      return;
    case Src::Kind::Mem:
      mem(s.mem);
      if (s.trap) {
        last().trap = s.trap;
        last().srcloc = s.srcloc;
      }
      return;
  }
}

void Lower::emit_rm(MOp op, unsigned size, VReg d, const Src& s) {
  begin(op, size);
  def(d);
  src(s);
  end();
}

void Lower::emit_alu(MOp op, unsigned size, VReg d, VReg a, const Src& b) {
  begin(op, size);
  def_tied(d, 1);
  use(a);
  src(b);
  end();
}

void Lower::emit_vex3(MOp op, unsigned size, VReg d, VReg a, const Src& b) {
  begin(op, size);
  def(d);
  use(a);
  src(b);
  end();
}

void Lower::emit_alu_imm(MOp op, unsigned size, VReg d, VReg a, int64_t value) {
  emit_alu(op, size, d, a, Src{.kind = Src::Kind::Imm, .imm = value});
}

void Lower::emit_move(VReg d, VReg s) {
  const bool is_int = out_->vregs[d.raw()].cls == RegClass::Int;
  begin(is_int ? MOp::Mov : MOp::MovF, out_->vregs[d.raw()].bytes);
  def(d);
  use(s);
  infos_.back().is_move = 1;
  end();
}

void Lower::emit_lea(unsigned size, VReg d, const Amode& a) {
  begin(MOp::Lea, size);
  def(d);
  mem(a);
  end();
}

}  // namespace vitrine::x64

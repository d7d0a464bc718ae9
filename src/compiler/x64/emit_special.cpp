// Instructions whose emission is more than one table row: moves of constants, divisions, float conversions, calls.
// Slow paths go to the end of the function; what they need is still in the instruction's registers.
#include "abi/trap.hpp"
#include "compiler/x64/emit_impl.hpp"

namespace vitrine::x64 {

using abi::TrapCode;
using asmjit::Imm;
using mach::MInst;

namespace {

constexpr uint8_t code_of(TrapCode c) {
  return static_cast<uint8_t>(c);
}

x86::CondCode cond(const MInst& m) {
  return static_cast<x86::CondCode>(m.cc);
}

}  // namespace

void EmitterImpl::move_imm(x86::Gp r64, unsigned size, int64_t value, bool flags_are_free) {
  if (size == 4) value = static_cast<uint32_t>(value);
  if (value == 0 && flags_are_free) return asm_.e(Inst::kIdXor, r64.r32(), r64.r32());
  if (value == static_cast<uint32_t>(value)) return asm_.e(Inst::kIdMov, r64.r32(), Imm(value));
  asm_.e(Inst::kIdMov, r64, Imm(value));
}

void EmitterImpl::zero_float(PReg r) {
  float_op(MOp::XorF, 4, r, r, xmm(r));
}

void EmitterImpl::move_float(PReg to, PReg from) {
  if (to != from) asm_.e(id(MOp::MovF, 16), xmm(to), xmm(from));
}

void EmitterImpl::load_float(PReg r, const x86::Mem& from, unsigned size) {
  asm_.e(id(size == 16 ? MOp::LoadV : MOp::LoadF, size), xmm(r), from);
}

// The flags are dead here: lowering puts nothing but a comparison in front of what reads them.
void EmitterImpl::lea(const MInst& m) {
  const unsigned size = m.size;
  const x86::Gp d = gp(reg(0), size);
  if (m.base <= mach::kMaxMemOperand) {
    const x86::Gp base = gp(reg(m.base), size);
    if (m.index == mach::kMemNone) {
      if (m.disp == 0) {
        if (size == 4 || base != d) asm_.e(Inst::kIdMov, d, base);
        return;
      }
      if (base == d) return asm_.e(Inst::kIdAdd, d, Imm(m.disp));
    } else if (m.disp == 0 && m.shift() == 0) {
      const x86::Gp index = gp(reg(m.index), size);
      if (base == d) return asm_.e(Inst::kIdAdd, d, index);
      if (index == d) return asm_.e(Inst::kIdAdd, d, base);
    }
  }
  asm_.e(Inst::kIdLea, d, memory(m, 0));
}

void EmitterImpl::special(uint32_t i, const MInst& m) {
  const unsigned size = m.size;
  const auto op = static_cast<MOp>(m.op);
  switch (op) {
    case MOp::MovImm:
      return move_imm(gp64(reg(0)), size, m.imm, true);
    case MOp::MovCtx:
      return asm_.e(Inst::kIdMov, gp64(reg(0)), gp64(kContext));
    case MOp::Lea:
      return lea(m);
    case MOp::FuncAddr:
      return asm_.lea_symbol(gp64(reg(0)), static_cast<uint32_t>(m.imm));
    case MOp::MulHi:
      return with_rm(m, Inst::kIdMul, 3, Bank::I, 8, 0, x86::rdx, x86::rax);
    case MOp::Mulx:
      return with_rm(m, Inst::kIdMulx, 3, Bank::I, 8, 0, gp64(reg(0)), gp64(reg(1)));
    case MOp::IMulHi:
      return with_rm(m, Inst::kIdImul, 3, Bank::I, 8, 0, x86::rdx, x86::rax);
    case MOp::Div:
    case MOp::IDiv:
      return divide(i, m);
    case MOp::Cmov:
      return with_rm(m, Inst::cmovccFromCond(cond(m)), 2, Bank::I, size, 0, gp(reg(0), size));
    case MOp::Setcc:
      return asm_.e(Inst::setccFromCond(cond(m)), gp(reg(0), 1));

    case MOp::LoadF:
    case MOp::LoadV:
      return with_rm(m, id(op, size), 0, Bank::F, size, 0, xmm(reg(0)));
    case MOp::StoreF:
    case MOp::StoreV:
      site(m);
      return asm_.e(id(op, size), memory(m, size), xmm(reg(0)));
    case MOp::ZeroF:
      return zero_float(reg(0));
    case MOp::OnesV:
      return ones(reg(0));
    case MOp::Movhps:
      site(m);
      return asm_.e(id(op, size), memory(m, 8), xmm(reg(0)));
    case MOp::LoadHigh:
      site(m);
      if (avx_) return asm_.e(id(op, size), xmm(reg(0)), xmm(reg(1)), memory(m, 8));
      return asm_.e(id(op, size), xmm(reg(0)), memory(m, 8));
    case MOp::Blendv:
    case MOp::Blendvps:
    case MOp::Blendvpd:
      return blend(m);
    case MOp::SqrtF:
      return float_unary(op, size, reg(0), reg(1));
    case MOp::RoundF:
      return float_unary(op, size, reg(0), reg(1), Imm(m.imm));
    case MOp::FMin:
    case MOp::FMax:
      return min_max(m);
    case MOp::FCmov: {
      Label skip = asm_.make_label();
      asm_.jcc(negate(static_cast<CC>(m.cc)), skip);
      move_float(reg(0), reg(2));
      return asm_.bind(skip);
    }
    case MOp::CvtIF: {
      // The conversion leaves the upper bits of its destination: break the dependency on them.
      zero_float(reg(0));
      const auto from = static_cast<unsigned>(m.imm);
      if (avx_) return with_rm(m, id(op, size), 1, Bank::I, from, 0, xmm(reg(0)), xmm(reg(0)));
      return with_rm(m, id(op, size), 1, Bank::I, from, 0, xmm(reg(0)));
    }
    case MOp::CvtUF:
      return from_unsigned(i, m);
    case MOp::CvtFF:
      return float_unary(op, size, reg(0), reg(1));
    case MOp::MovIF:
      return asm_.e(id(op, size), xmm(reg(0)), gp(reg(1), size));
    case MOp::MovFI:
      return asm_.e(id(op, size), gp(reg(0), size), xmm(reg(1)));
    case MOp::TruncS:
      return trunc_signed(i, m);
    case MOp::TruncU:
      return trunc_unsigned(i, m);

    case MOp::Args:
      return;
    case MOp::Jmp:
    case MOp::Jcc:
      return branch(m);
    case MOp::JmpTable:
      return jump_table(m);
    case MOp::Ret:
      return epilogue();
    case MOp::Call:
    case MOp::CallInd:
      return call(m, static_cast<MOp>(m.op) == MOp::Call);
    case MOp::Invoke:
    case MOp::InvokeInd:
      return invoke(i, m);
    case MOp::TailCall:
    case MOp::TailCallInd:
      return tail_call(m);
    case MOp::TrapIf:
      return trap_if(m);
    case MOp::Trap:
      return trap(m.trap);
    case MOp::Enter:
      return go_to(threads_.target(code_->entries[0]));
    case MOp::Label:
      return asm_.bind(piece_label(m.imm));
    case MOp::Leave:
      return asm_.jmp(piece_label(m.imm));
    default:
      VITRINE_ASSERT(false && "every special instruction is emitted");
  }
}

EmitterImpl::Stub& EmitterImpl::stub(uint32_t i) {
  Label entry = asm_.make_label(), back = asm_.make_label();
  stubs_.push_back({i, entry, back});
  return stubs_.back();
}

void EmitterImpl::slow_path(const Stub& s) {
  const MInst& m = code_->insts[s.inst];
  allocs_ = allocation_->allocs.data() + code_->infos[s.inst].first_operand;
  asm_.bind(s.entry);
  asm_.address(m.srcloc);
  switch (static_cast<MOp>(m.op)) {
    case MOp::IDiv:
      return slow_divide(m, s.back);
    case MOp::TruncS:
      return slow_trunc_signed(m, s.back);
    case MOp::TruncU:
      return slow_trunc_unsigned(m, s.back);
    case MOp::CvtUF:
      return slow_from_unsigned(m, s.back);
    default:
      VITRINE_ASSERT(false && "an instruction without slow path");
  }
}

// -- division

void EmitterImpl::divide(uint32_t i, const MInst& m) {
  const unsigned size = m.size;
  const x86::Gp b = gp(reg(3), size);
  if (m.imm & kDivCheckZero) {
    asm_.e(Inst::kIdTest, b, b);
    asm_.jcc(CC::E, trap_label(code_of(TrapCode::IntegerDivisionByZero), m.srcloc));
  }
  if (static_cast<MOp>(m.op) == MOp::Div) {
    asm_.e(Inst::kIdXor, x86::edx, x86::edx);
    return asm_.e(Inst::kIdDiv, gp(kRdx, size), gp(kRax, size), b);
  }
  Label back = ~0u;
  if (m.imm & kDivCheckOverflow) {
    asm_.e(Inst::kIdCmp, b, Imm(-1));
    Stub& s = stub(i);
    back = s.back;
    asm_.jcc(CC::E, s.entry);
  }
  if (size == 4)
    asm_.e(Inst::kIdCdq, x86::edx, x86::eax);
  else
    asm_.e(Inst::kIdCqo, x86::rdx, x86::rax);
  asm_.e(Inst::kIdIdiv, gp(kRdx, size), gp(kRax, size), b);
  if (back != ~0u) asm_.bind(back);
}

// By -1: the quotient is the negation, which overflows for one value; the remainder is 0.
void EmitterImpl::slow_divide(const MInst& m, Label back) {
  if (m.imm & kDivRemainder) {
    asm_.e(Inst::kIdXor, x86::edx, x86::edx);
  } else {
    asm_.e(Inst::kIdNeg, gp(kRax, m.size));
    asm_.jcc(CC::O, trap_label(code_of(TrapCode::IntegerOverflow), m.srcloc));
  }
  asm_.jmp(back);
}

// -- floats

void EmitterImpl::min_max(const MInst& m) {
  const auto op = static_cast<MOp>(m.op);
  const unsigned size = m.size;
  const PReg d = reg(0);
  const x86::Xmm b = xmm(reg(2));
  // minss answers its second operand for equal and unordered ones. Equal ones differ at most in sign: or them (min: -0
  // wins) or and them (max). Unordered ones: a sum propagates the NaN, made quiet.
  Label differ = asm_.make_label(), nan = asm_.make_label(), done = asm_.make_label();
  asm_.e(id(MOp::Ucomis, size), xmm(d), b);
  asm_.jcc(CC::Ne, differ);
  asm_.jcc(CC::P, nan);
  float_op(op == MOp::FMin ? MOp::OrF : MOp::AndF, size, d, d, b);
  asm_.jmp(done);
  asm_.bind(nan);
  float_op(MOp::AddF, size, d, d, b);
  asm_.jmp(done);
  asm_.bind(differ);
  float_op(op, size, d, d, b);
  asm_.bind(done);
}

void EmitterImpl::compare_const(PReg x, unsigned size, uint64_t bits) {
  const uint32_t constant = code_->add_const(bits, 0, static_cast<uint8_t>(size));
  asm_.e_const(constant, 0, id(MOp::Ucomis, size), xmm(x), x86::ptr(x86::rip, 0, size));
}

void EmitterImpl::compare_with_zero(PReg x, unsigned size) {
  zero_float(kScratchFloat);
  asm_.e(id(MOp::Ucomis, size), xmm(x), xmm(kScratchFloat));
}

// cvtt answers the smallest integer for everything that it cannot represent; only that takes a second look.
void EmitterImpl::trunc_signed(uint32_t i, const MInst& m) {
  const x86::Gp d = gp(reg(0), m.imm & kTruncTo64 ? 8 : 4);
  asm_.e(id(MOp::TruncS, m.size), d, xmm(reg(1)));
  asm_.e(Inst::kIdCmp, d, Imm(1));
  const Stub s = stub(i);
  asm_.jcc(CC::O, s.entry);
  asm_.bind(s.back);
}

void EmitterImpl::slow_trunc_signed(const MInst& m, Label back) {
  const bool to64 = m.imm & kTruncTo64;
  const PReg d = reg(0), x = reg(1);
  asm_.e(id(MOp::Ucomis, m.size), xmm(x), xmm(x));
  if (m.imm & kTruncSaturating) {
    Label nan = asm_.make_label();
    asm_.jcc(CC::P, nan);
    compare_with_zero(x, m.size);
    asm_.jcc(CC::B, back);
    move_imm(gp64(d), to64 ? 8 : 4, to64 ? INT64_MAX : INT32_MAX, true);
    asm_.jmp(back);
    asm_.bind(nan);
    move_imm(gp64(d), 4, 0, true);
    return asm_.jmp(back);
  }
  const Label overflow = trap_label(code_of(TrapCode::IntegerOverflow), m.srcloc);
  asm_.jcc(CC::P, trap_label(code_of(TrapCode::BadConversionToInteger), m.srcloc));
  // Below what truncates to the smallest integer? Only an f64 can be strictly between INT32_MIN - 1 and INT32_MIN.
  if (m.size == 8 && !to64) {
    compare_const(x, 8, 0xc1e0'0000'0020'0000);  // -2147483649
    asm_.jcc(CC::Be, overflow);
  } else {
    compare_const(x, m.size, m.size == 4 ? (to64 ? 0xdf00'0000 : 0xcf00'0000) : 0xc3e0'0000'0000'0000);
    asm_.jcc(CC::B, overflow);
  }
  compare_with_zero(x, m.size);
  asm_.jcc(CC::Ae, overflow);
  asm_.jmp(back);
}

void EmitterImpl::trunc_unsigned(uint32_t i, const MInst& m) {
  const PReg d = reg(0), t = reg(1), x = reg(2);
  asm_.e(id(MOp::TruncS, m.size), gp64(d), xmm(x));
  const Stub s = stub(i);
  if (m.imm & kTruncTo64) {
    asm_.e(Inst::kIdTest, gp64(d), gp64(d));
    asm_.jcc(CC::S, s.entry);
  } else {
    // In range just when the upper half is zero.
    asm_.e(Inst::kIdMov, gp(t, 4), gp(d, 4));
    asm_.e(Inst::kIdCmp, gp64(t), gp64(d));
    asm_.jcc(CC::Ne, s.entry);
  }
  asm_.bind(s.back);
}

void EmitterImpl::slow_trunc_unsigned(const MInst& m, Label back) {
  const PReg d = reg(0), t = reg(1), x = reg(2);
  const unsigned size = m.size;
  if (m.imm & kTruncTo64) {
    // At least 2^63, if it is in range at all: convert the rest and put the top bit back.
    const uint32_t two63 =
        code_->add_const(size == 4 ? 0x5f00'0000 : 0x43e0'0000'0000'0000, 0, static_cast<uint8_t>(size));
    move_float(kScratchFloat, x);
    const x86::Mem at = x86::ptr(x86::rip, 0, size);
    const x86::Xmm y = xmm(kScratchFloat);
    if (avx_)
      asm_.e_const(two63, 0, id(MOp::SubF, size), y, y, at);
    else
      asm_.e_const(two63, 0, id(MOp::SubF, size), y, at);
    asm_.e(id(MOp::TruncS, size), gp64(t), y);
    Label out_of_range = asm_.make_label();
    asm_.e(Inst::kIdTest, gp64(t), gp64(t));
    asm_.jcc(CC::S, out_of_range);
    asm_.e(Inst::kIdMov, gp64(d), gp64(t));
    asm_.e(Inst::kIdBts, gp64(d), Imm(63));
    asm_.jmp(back);
    asm_.bind(out_of_range);
  }
  if (m.imm & kTruncSaturating) {
    compare_with_zero(x, size);
    asm_.e(Inst::kIdMov, gp(d, 4), Imm(0));  // keeps the flags
    asm_.jcc(CC::B, back);                   // negative, or NaN
    move_imm(gp64(d), m.imm & kTruncTo64 ? 8 : 4, -1, true);
    return asm_.jmp(back);
  }
  asm_.e(id(MOp::Ucomis, size), xmm(x), xmm(x));
  asm_.jcc(CC::P, trap_label(code_of(TrapCode::BadConversionToInteger), m.srcloc));
  asm_.jmp(trap_label(code_of(TrapCode::IntegerOverflow), m.srcloc));
}

void EmitterImpl::cvt_to_float(PReg to, const x86::Gp& from, unsigned float_size) {
  zero_float(to);
  float_op(MOp::CvtIF, float_size, to, to, from);
}

void EmitterImpl::from_unsigned(uint32_t i, const MInst& m) {
  const x86::Gp x = gp64(reg(2));
  asm_.e(Inst::kIdTest, x, x);
  const Stub s = stub(i);
  asm_.jcc(CC::S, s.entry);
  cvt_to_float(reg(0), x, m.size);
  asm_.bind(s.back);
}

// The top bit is set: convert half of it, with the lost bit kept as a sticky one for the rounding, and double.
void EmitterImpl::slow_from_unsigned(const MInst& m, Label back) {
  const x86::Gp t = gp64(reg(1));
  asm_.e(Inst::kIdMov, t, gp64(reg(2)));
  asm_.e(Inst::kIdShr, t, Imm(1));
  Label even = asm_.make_label();
  asm_.jcc(CC::Ae, even);
  asm_.e(Inst::kIdOr, t, Imm(1));
  asm_.bind(even);
  cvt_to_float(reg(0), t, m.size);
  float_op(MOp::AddF, m.size, reg(0), reg(0), xmm(reg(0)));
  asm_.jmp(back);
}

// -- control

// The index is clamped to the last entry, the default, by a conditional move: a mispredicted branch cannot read beyond
// the table.
void EmitterImpl::jump_table(const MInst& m) {
  const PReg index = reg(0), t = reg(1), u = reg(2);
  const auto table = static_cast<uint32_t>(m.imm);
  const auto last = static_cast<uint32_t>(code_->tables[table].size() - 1);
  asm_.e(Inst::kIdMov, gp(t, 4), Imm(last));
  asm_.e(Inst::kIdCmp, gp(index, 4), gp(t, 4));
  asm_.e(Inst::kIdCmovb, gp(t, 4), gp(index, 4));
  asm_.lea_label(gp64(u), asm_.table_label(first_table_ + table));
  asm_.e(Inst::kIdMovsxd, gp64(t), x86::dword_ptr(gp64(u), gp64(t), 2));
  asm_.e(Inst::kIdAdd, gp64(u), gp64(t));
  asm_.e(Inst::kIdJmp, gp64(u));
}

void EmitterImpl::trap_if(const MInst& m) {
  const Label to = trap_label(m.trap, m.srcloc);
  switch (static_cast<CC>(m.cc)) {
    case CC::EqOrdered: {
      Label skip = asm_.make_label();
      asm_.jcc(CC::P, skip);
      asm_.jcc(CC::E, to);
      return asm_.bind(skip);
    }
    case CC::NeUnordered:
      asm_.jcc(CC::Ne, to);
      return asm_.jcc(CC::P, to);
    default:
      return asm_.jcc(static_cast<CC>(m.cc), to);
  }
}

void EmitterImpl::call(const MInst& m, bool direct) {
  const mach::CallInfo& info = code_->calls[static_cast<size_t>(m.imm)];
  if (info.foreign) {
    asm_.e(Inst::kIdMov, x86::r10, gp64(kContext));
    asm_.e(Inst::kIdMov, gp64(kContext), gp64(reg(info.context_operand)));
  }
  if (direct) {
    asm_.call_symbol(info.symbol);
  } else if (m.has_mem()) {
    site(m);
    asm_.e(Inst::kIdCall, memory(m, 8, info.foreign ? kR10 : kContext));
  } else {
    asm_.e(Inst::kIdCall, gp64(reg(0)));
  }
  if (landing_ != kNoLanding) asm_.handler(label_of(landing_), payload_);
  if (info.callee_pops && info.stack_args) asm_.e(Inst::kIdSub, x86::rsp, Imm(info.stack_args));
  if (info.restore) asm_.e(Inst::kIdMov, gp64(kContext), x86::qword_ptr(x86::rbp, -8));
}

void EmitterImpl::invoke(uint32_t i, const MInst& m) {
  const mach::CallInfo& info = code_->calls[static_cast<size_t>(m.imm)];
  landing_ = info.landing;
  payload_.fill(abi::HandlerEntry::kNoRegister);
  const uint32_t operands = code_->infos[i].operand_count;
  for (uint32_t n = 0; n < info.payload; ++n) payload_[n] = reg(operands - info.payload + n).index;
  call(m, static_cast<MOp>(m.op) == MOp::Invoke);
  landing_ = kNoLanding;
  go_to(threads_.target(info.normal));
}

// An unwinder has restored the frame pointer and the callee-saved registers.
void EmitterImpl::land() {
  asm_.e(Inst::kIdLea, x86::rsp, x86::ptr(x86::rbp, -static_cast<int32_t>(frame_total_)));
  frame_ref();
  asm_.e(Inst::kIdMov, gp64(kContext), x86::qword_ptr(x86::rbp, -8));
}

// Leaves the frame and jumps. The stack arguments stand at rsp; they move up so that they end where this function's own
// ended, the return address goes below them. They may cover the whole frame, so all of it that is needed is in
// registers first. rax (target), r10 (caller's context) and r11 carry no argument.
void EmitterImpl::tail_call(const MInst& m) {
  const mach::CallInfo& info = code_->calls[static_cast<size_t>(m.imm)];
  if (info.foreign) {
    asm_.e(Inst::kIdMov, x86::r10, gp64(kContext));
    asm_.e(Inst::kIdMov, gp64(kContext), x86::r11);
  }
  restore_callee_saved();
  const uint32_t incoming = code_->incoming_args;
  if (info.stack_args == 0 && incoming == 0) {
    if (frame_total_) asm_.e(Inst::kIdMov, x86::rsp, x86::rbp);
    asm_.e(Inst::kIdPop, x86::rbp);
  } else {
    const auto to = static_cast<int32_t>(16 + incoming - info.stack_args);  // from rbp
    asm_.e(Inst::kIdMov, x86::r11, x86::qword_ptr(x86::rbp, 8));
    // rbp is still the base of the destination; the caller's value waits below the arguments.
    asm_.e(Inst::kIdPush, x86::qword_ptr(x86::rbp, 0));
    const x86::Xmm copy = xmm(kScratchFloat);
    for (uint32_t n = info.stack_args; n > 0; n -= 16) {  // from the top: the destination is higher
      const auto at = static_cast<int32_t>(n - 16);
      asm_.e(id(MOp::LoadV, 16), copy, x86::xmmword_ptr(x86::rsp, at + 8));
      asm_.e(id(MOp::StoreV, 16), x86::xmmword_ptr(x86::rbp, to + at), copy);
    }
    asm_.e(Inst::kIdMov, x86::qword_ptr(x86::rbp, to - 8), x86::r11);
    asm_.e(Inst::kIdPop, x86::r11);
    asm_.e(Inst::kIdLea, x86::rsp, x86::ptr(x86::rbp, to - 8));
    asm_.e(Inst::kIdMov, x86::rbp, x86::r11);  // from here on the frame is gone, and rsp where a return would expect it
  }
  if (static_cast<MOp>(m.op) == MOp::TailCall)
    asm_.jmp_symbol(info.symbol);
  else
    asm_.e(Inst::kIdJmp, x86::rax);
}

}  // namespace vitrine::x64

#include "compiler/x64/emit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "abi/trap.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/x64/emit_impl.hpp"

namespace vitrine::x64 {

using mach::MInst;
using regalloc::Allocation;
using regalloc::Edit;
using regalloc::Point;
using regalloc::RegClass;

namespace {

struct Ids {
  asmjit::InstId plain[2], avx[2];  // of sizes up to 4, and beyond
};
constexpr Ids kIds[] = {
#define INST(name, text, form, roles, bank, id4, id8, avx4, avx8, flags) \
  {{Inst::kId##id4, Inst::kId##id8}, {Inst::kId##avx4, Inst::kId##avx8}},
#include "compiler/x64/insts.def"
#undef INST
};

// A frame this large cannot fit a stack; rsp minus less than this cannot wrap.
constexpr uint64_t kMaxFrame = 1u << 30;
// Frames below this need no check of their own when the function calls nothing: the stack's reserve covers them.
constexpr uint32_t kUncheckedLeafFrame = 256;
// Frames below this are checked by comparing rsp as it is.
constexpr uint32_t kSmallFrame = 1024;

}  // namespace

Emitter::Emitter(const abi::CodegenSettings& settings) : impl_(std::make_unique<EmitterImpl>(settings)) {}
Emitter::~Emitter() = default;

Result<> Emitter::run(mach::VCode& code, const regalloc::Output& allocation, bool optimised, abi::CodeUnit& out,
                      std::vector<abi::AddressEntry>& places) {
  return impl_->run(code, allocation, optimised, out, places);
}
void Emitter::begin_pieces(uint32_t outgoing_bytes) {
  impl_->begin_pieces(outgoing_bytes);
}
void Emitter::add_piece(mach::VCode& code, const regalloc::Output& allocation) {
  impl_->add_piece(code, allocation);
}
Result<> Emitter::finish_pieces(abi::CodeUnit& out, std::vector<abi::AddressEntry>& places) {
  return impl_->finish_pieces(out, places);
}
size_t Emitter::memory() const {
  return impl_->memory();
}
void Emitter::array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) {
  impl_->array_call_trampoline(signature, out);
}
void Emitter::host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out) {
  impl_->host_call_trampoline(signature, out);
}

Result<> EmitterImpl::run(mach::VCode& code, const regalloc::Output& allocation, bool optimised, abi::CodeUnit& out,
                          std::vector<abi::AddressEntry>& places) {
  asm_.reset(static_cast<uint32_t>(code.blocks.size()), optimised ? 3 : 1);
  asm_.reserve_tables(code.table_count);
  first_label_ = first_table_ = 0;
  pieces_.active = false;  // one that an error ended
  begin(code, allocation);
  TRY(layout_frame());
  prologue();
  blocks(optimised);
  finish(code.consts, code.tables, out, places);
  return {};
}

void EmitterImpl::begin(mach::VCode& code, const regalloc::Output& allocation) {
  code_ = &code;
  allocation_ = &allocation;
  stubs_.clear();
  traps_.clear();
  threads_.find(code, allocation);
}

void EmitterImpl::blocks(bool optimised) {
  const auto blocks = static_cast<uint32_t>(code_->blocks.size());
  uint32_t b = 0;
  while (b < blocks) {
    uint32_t next = b + 1;
    while (next < blocks && threads_.is_gone(next)) ++next;
    next_block_ = next;
    if (optimised && code_->loop_header[b] && !code_->blocks[b].cold) asm_.align16();
    asm_.bind(label_of(b));
    if (code_->landing[b]) land();
    size_t e = threads_.first_edit(b);
    const auto& edits = allocation_->edits;
    for (uint32_t i = code_->blocks[b].first_inst; i < code_->blocks[b].end_inst; ++i) {
      for (; e < edits.size() && edits[e].inst == i && edits[e].point == Point::Early; ++e) edit(edits[e]);
      inst(i);
      for (; e < edits.size() && edits[e].inst == i; ++e) edit(edits[e]);
    }
    b = next;
  }
  // Slow paths may ask for further traps.
  for (size_t s = 0; s < stubs_.size(); ++s) slow_path(stubs_[s]);
  for (const TrapStub& t : traps_) {
    asm_.bind(t.entry);
    asm_.address(t.srcloc);
    trap(t.code);
  }
  // Jump tables may name blocks that were threaded away.
  for (uint32_t t = 0; t < code_->table_count; ++t)
    for (uint32_t& target : code_->tables[t]) target = label_of(threads_.target(target));
}

void EmitterImpl::finish(std::span<const mach::PoolConst> consts, std::span<const std::vector<uint32_t>> tables,
                         abi::CodeUnit& out, std::vector<abi::AddressEntry>& places) {
  abi::FrameEntry frame{.offset = 0, .size = 0, .bytes = frame_total_, .saved = 0, .saved_below = 0};
  for (uint32_t n = 0; n < saved_count_; ++n) {
    if (saved_[n] == kContext)
      frame.saved_below = 8;  // this function's own, not its caller's
    else
      frame.saved = static_cast<uint16_t>(frame.saved | 1u << saved_[n].hw());
  }
  frame.size = asm_.finish(consts, tables, out, places);
  out.tables.frames.push_back(frame);
}

// -- a function in pieces

void EmitterImpl::begin_pieces(uint32_t outgoing_bytes) {
  pieces_ = {};
  pieces_.active = true;
  asm_.reset(0);
  saved_count_ = 0;
  for (PReg r : {kContext, kRbx, kR12, kR13, kR14}) saved_[saved_count_++] = r;
  spill_base_ = (saved_count_ * 8 + 15) & ~15u;
  outgoing_ = (outgoing_bytes + 15) & ~15u;
  frame_total_ = kUnknownFrame;
}

void EmitterImpl::add_piece(mach::VCode& code, const regalloc::Output& allocation) {
  VITRINE_ASSERT(code.outgoing_bytes <= outgoing_);
  const bool is_first = asm_.here().offset == 0;
  first_label_ = asm_.make_labels(static_cast<uint32_t>(code.blocks.size()));
  first_table_ = static_cast<uint32_t>(pieces_.tables.size());
  asm_.reserve_tables(code.table_count);
  asm_.set_first_const(static_cast<uint32_t>(pieces_.consts.size()));
  begin(code, allocation);
  if (is_first) prologue();
  blocks(false);
  pieces_.consts.insert(pieces_.consts.end(), code.consts.begin(), code.consts.end());
  for (uint32_t t = 0; t < code.table_count; ++t) {
    pieces_.tables.emplace_back(code.tables[t].begin(), code.tables[t].end());
    pieces_.table_bytes += sizeof(pieces_.tables[0]) + (code.tables[t].size() + 4) * 2 * sizeof(uint32_t);
  }
  pieces_.spill_slots = std::max(pieces_.spill_slots, allocation.spill_slots);
  pieces_.slot_bytes = std::max(pieces_.slot_bytes, code.slot_bytes);
}

Result<> EmitterImpl::finish_pieces(abi::CodeUnit& out, std::vector<abi::AddressEntry>& places) {
  auto align = [](uint64_t n) { return (n + 15) & ~uint64_t{15}; };
  const uint64_t total = align(spill_base_ + uint64_t{pieces_.spill_slots} * 8) + align(pieces_.slot_bytes) + outgoing_;
  TRY(check_frame(total));
  frame_total_ = static_cast<uint32_t>(total);
  for (uint32_t at : pieces_.frame_refs)
    asm_.enlarge_word(at, static_cast<int32_t>(frame_total_) - static_cast<int32_t>(kUnknownFrame));
  finish(pieces_.consts, pieces_.tables, out, places);
  pieces_ = {};
  return {};
}

EmitterImpl::Label EmitterImpl::piece_label(int64_t number) {
  const auto n = static_cast<size_t>(number);
  while (pieces_.labels.size() <= n) pieces_.labels.push_back(asm_.make_label());
  return pieces_.labels[n];
}

asmjit::InstId EmitterImpl::id(MOp op, unsigned size) const {
  const Ids& ids = kIds[static_cast<uint16_t>(op)];
  return (avx_ ? ids.avx : ids.plain)[size > 4];
}

// -- frame

Result<> EmitterImpl::layout_frame() {
  saved_count_ = 0;
  if (code_->saves_context) saved_[saved_count_++] = kContext;
  for (PReg r : {kRbx, kR12, kR13, kR14})
    if (allocation_->used_callee_saved.has(r)) saved_[saved_count_++] = r;
  auto align = [](uint64_t n) { return (n + 15) & ~uint64_t{15}; };
  uint64_t base = uint64_t{saved_count_} * 8;
  // Pairs of slots are 16-aligned from here on.
  if (allocation_->spill_slots || code_->slot_bytes || code_->outgoing_bytes || code_->has_calls) base = align(base);
  uint64_t total = base + uint64_t{allocation_->spill_slots} * 8;
  // Of a tail call, a backtrace tells by the alignment that the frame is gone.
  if (code_->slot_bytes || code_->outgoing_bytes || code_->has_calls || code_->has_tail_calls) total = align(total);
  total += align(code_->slot_bytes) + align(code_->outgoing_bytes);
  TRY(check_frame(total));
  spill_base_ = static_cast<uint32_t>(base);
  frame_total_ = static_cast<uint32_t>(total);
  outgoing_ = static_cast<uint32_t>(align(code_->outgoing_bytes));
  return {};
}

Result<> EmitterImpl::check_frame(uint64_t total) const {
  if (total <= kMaxFrame) return {};
  return fail(fmt::format("function \"{}\" needs a stack frame of {} bytes, more than the limit of {}", code_->name,
                          total, kMaxFrame),
              ErrorKind::Limit);
}

// The registers are saved before the stack is checked, so that whoever looks at the trap finds them (FrameEntry).
void EmitterImpl::prologue() {
  asm_.address(code_->srcloc);
  asm_.e(Inst::kIdPush, x86::rbp);
  asm_.e(Inst::kIdMov, x86::rbp, x86::rsp);
  for (uint32_t n = 0; n < saved_count_; ++n) asm_.e(Inst::kIdPush, gp64(saved_[n]));
  if (code_->has_calls || frame_total_ >= kUncheckedLeafFrame) {
    asm_.e(Inst::kIdMov, x86::r11, x86::qword_ptr(x86::r15, offsetof(abi::VMContext, store)));
    x86::Mem limit = x86::qword_ptr(x86::r11, offsetof(abi::VMStore, stack_limit));
    if (frame_total_ < kSmallFrame) {
      asm_.e(Inst::kIdCmp, x86::rsp, limit);
    } else {
      // SAFETY: user addresses are above 2^30 here and the frame is not larger (layout_frame), so this cannot wrap; of
      // the frame nothing but the saved registers, for which the stack's reserve has room, is touched before the check.
      asm_.e(Inst::kIdLea, x86::r10, x86::ptr(x86::rbp, -static_cast<int32_t>(frame_total_)));
      frame_ref();
      asm_.e(Inst::kIdCmp, x86::r10, limit);
    }
    asm_.jcc(CC::B, trap_label(static_cast<uint8_t>(abi::TrapCode::StackOverflow), code_->srcloc));
  }
  if (uint32_t rest = frame_total_ - saved_count_ * 8) {
    asm_.e(Inst::kIdSub, x86::rsp, asmjit::Imm(rest));
    frame_ref();
  }
}

// From the frame, by rbp: where rsp is does not matter.
void EmitterImpl::restore_callee_saved() {
  for (uint32_t n = 0; n < saved_count_; ++n)
    if (saved_[n] != kContext)
      asm_.e(Inst::kIdMov, gp64(saved_[n]), x86::qword_ptr(x86::rbp, -static_cast<int32_t>(8 * (n + 1))));
}

// The saved context is this function's own, so popping it with the others changes nothing.
void EmitterImpl::epilogue() {
  if (uint32_t rest = frame_total_ - saved_count_ * 8; rest && saved_count_ == 0) {
    asm_.e(Inst::kIdMov, x86::rsp, x86::rbp);
  } else if (rest) {
    asm_.e(Inst::kIdAdd, x86::rsp, asmjit::Imm(rest));
    frame_ref();
  }
  for (uint32_t n = saved_count_; n-- > 0;) asm_.e(Inst::kIdPop, gp64(saved_[n]));
  asm_.e(Inst::kIdPop, x86::rbp);
  if (code_->callee_pops && code_->incoming_args)
    asm_.e(Inst::kIdRet, asmjit::Imm(code_->incoming_args));
  else
    asm_.e(Inst::kIdRet);
}

// -- blocks

void EmitterImpl::branch(const MInst& m) {
  if (static_cast<MOp>(m.op) == MOp::Jmp) {
    const uint32_t to = threads_.target(static_cast<uint32_t>(m.imm));
    return go_to(to);
  }
  uint32_t taken = threads_.target(static_cast<uint32_t>(m.imm));
  uint32_t other = threads_.target(static_cast<uint32_t>(m.imm >> 32));
  auto cc = static_cast<CC>(m.cc);
  if (taken == other) {
    return go_to(taken);
  }
  if (taken == next_block_) {
    std::swap(taken, other);
    cc = negate(cc);
  }
  if (cc == CC::EqOrdered) {
    asm_.jcc(CC::P, label_of(other));
    asm_.jcc(CC::E, label_of(taken));
  } else if (cc == CC::NeUnordered) {
    asm_.jcc(CC::Ne, label_of(taken));
    asm_.jcc(CC::P, label_of(taken));
  } else {
    asm_.jcc(cc, label_of(taken));
  }
  go_to(other);
}

EmitterImpl::Label EmitterImpl::trap_label(uint8_t code, uint32_t srcloc) {
  const size_t oldest = traps_.size() > 4 ? traps_.size() - 4 : 0;
  for (size_t t = traps_.size(); t-- > oldest;)
    if (traps_[t].code == code && traps_[t].srcloc == srcloc) return traps_[t].entry;
  traps_.push_back({asm_.make_label(), srcloc, code});
  return traps_.back().entry;
}

// Without signals the builtin is called in place of the illegal instruction; what it is told is its return address, so
// the illegal instruction stays behind the call, carries the trap's entry, and is never reached. No register need be
// saved and rsp may be anything, as nothing here runs again.
void EmitterImpl::trap(uint8_t code) {
  if (traps_are_calls_) {
    asm_.e(Inst::kIdMov, x86::rax, x86::qword_ptr(x86::r15, offsetof(abi::VMContext, builtins)));
    constexpr auto kSlot = static_cast<int32_t>(sizeof(void*)) * static_cast<int32_t>(abi::Builtin::trap);
    asm_.e(Inst::kIdCall, x86::qword_ptr(x86::rax, kSlot));
  }
  asm_.trap_site(code);
  asm_.e(Inst::kIdUd2);
}

// -- edits

x86::Mem EmitterImpl::spill(uint32_t slot, uint32_t size) const {
  const uint32_t below = spill_base_ + 8 * slot + (size > 8 ? 16 : 8);
  return x86::ptr(x86::rbp, -static_cast<int32_t>(below), size);
}

// What an edit may be, regalloc::check says: never between the banks or from memory to memory, swaps of integers only,
// values computed again into registers only.
void EmitterImpl::edit(const Edit& e) {
  if (e.kind == Edit::Kind::Remat) return rematerialise(e);
  if (e.kind == Edit::Kind::Swap) return asm_.e(Inst::kIdXchg, gp64(e.to.preg()), gp64(e.from.preg()));
  const unsigned size = e.bytes;
  if (e.to.is_reg()) {
    const PReg to = e.to.preg();
    const bool is_int = to.cls() == RegClass::Int;
    if (e.from.is_spill()) {
      const x86::Mem from = spill(e.from.slot(), size);
      return is_int ? asm_.e(Inst::kIdMov, gp(to, size), from) : load_float(to, from, size);
    }
    const PReg from = e.from.preg();
    VITRINE_DCHECK(from.cls() == to.cls());
    if (to == from) return;
    return is_int ? asm_.e(Inst::kIdMov, gp(to, size), gp(from, size)) : move_float(to, from);
  }
  const PReg from = e.from.preg();
  const x86::Mem to = spill(e.to.slot(), size);
  if (from.cls() == RegClass::Int) return asm_.e(Inst::kIdMov, to, gp(from, size));
  asm_.e(id(size == 16 ? MOp::StoreV : MOp::StoreF, size), to, xmm(from));
}

// Must not write the flags: edits may stand between a comparison and its reader.
void EmitterImpl::rematerialise(const Edit& e) {
  const MInst& m = code_->remat_insts[code_->remat[e.vreg.raw()]];
  const unsigned size = m.size;
  const PReg to = e.to.preg();
  switch (static_cast<MOp>(m.op)) {
    case MOp::MovImm:
      return move_imm(gp64(to), size, m.imm, false);
    case MOp::MovCtx:
      return asm_.e(Inst::kIdMov, gp64(to), x86::r15);
    case MOp::ZeroF:
      return zero_float(to);
    case MOp::OnesV:
      return ones(to);
    case MOp::LoadF:
    case MOp::LoadV:
      if (m.base == mach::kMemConst)
        return asm_.e_const(static_cast<uint32_t>(m.disp), 0, id(static_cast<MOp>(m.op), size), xmm(to),
                            memory(m, size));
      return load_float(to, memory(m, size), size);
    case MOp::Mov:
      return asm_.e(Inst::kIdMov, gp(to, size), memory(m, size));
    default:
      VITRINE_ASSERT(false && "not an instruction that can be repeated");
  }
}

// -- instructions

x86::Mem EmitterImpl::memory(const MInst& m, uint32_t size, PReg context) const {
  const bool indexed = m.index != mach::kMemNone;
  const x86::Gp index = indexed ? gp64(reg(m.index)) : x86::Gp();
  auto at = [&](const x86::Gp& base, int64_t disp) {
    VITRINE_DCHECK(disp == static_cast<int32_t>(disp));
    const auto offset = static_cast<int32_t>(disp);
    if (indexed) return x86::ptr(base, index, m.shift(), offset, size);
    return x86::ptr(base, offset, size);
  };
  switch (m.base) {
    case mach::kMemContext:
      return at(gp64(context), m.disp);
    case mach::kMemSlot:
      return at(x86::rsp, int64_t{m.disp} + outgoing_);
    case mach::kMemOutgoing:
      return at(x86::rsp, m.disp);
    case mach::kMemIncoming:
      return at(x86::rbp, int64_t{m.disp} + 16);
    case mach::kMemConst:
      return x86::ptr(x86::rip, 0, size);
    case mach::kMemAbsolute:
      if (indexed) return x86::ptr(static_cast<uint64_t>(int64_t{m.disp}), index, m.shift(), size);
      return x86::ptr(static_cast<uint64_t>(int64_t{m.disp}), size);
    default:
      return at(gp64(reg(m.base)), m.disp);
  }
}

void EmitterImpl::inst(uint32_t i) {
  const MInst& m = code_->insts[i];
  allocs_ = allocation_->allocs.data() + code_->infos[i].first_operand;
  asm_.address(m.srcloc);
  if (info(static_cast<MOp>(m.op)).form == Form::Special)
    special(i, m);
  else
    generic(i, m);
}

void EmitterImpl::generic(uint32_t i, const MInst& m) {
  const auto op = static_cast<MOp>(m.op);
  const MOpInfo& row = info(op);
  const unsigned size = m.size;
  const asmjit::InstId id = this->id(op, size);
  switch (row.form) {
    case Form::Rm: {
      if (code_->infos[i].is_move && alloc(0) == alloc(1)) return;
      if (row.bank == Bank::F) return move_float(reg(0), reg(1));
      unsigned from = size;
      if (op == MOp::MovzxB || op == MOp::MovsxB) from = 1;
      if (op == MOp::MovzxW || op == MOp::MovsxW) from = 2;
      if (op == MOp::Movsxd) from = 4;
      return with_rm(m, id, 1, Bank::I, from, 0, gp(reg(0), size));
    }
    case Form::RmImm: {
      const asmjit::Imm value(m.imm);
      const x86::Gp d = gp(reg(0), size);
      site(m);
      if (m.has_mem()) return asm_.e(id, d, memory(m, size), value);
      if (alloc(1).is_spill()) return asm_.e(id, d, spill(alloc(1).slot(), size), value);
      return asm_.e(id, d, gp(reg(1), size), value);
    }
    case Form::Alu: {
      if (row.bank == Bank::F) {
        if (avx_) return with_rm(m, id, 2, Bank::F, size, 0, xmm(reg(0)), xmm(reg(1)));
        return with_rm(m, id, 2, Bank::F, size, 0, xmm(reg(0)));
      }
      const x86::Gp d = gp(reg(0), size);
      if (m.has_imm()) return asm_.e(id, d, asmjit::Imm(m.imm));
      return with_rm(m, id, 2, Bank::I, size, 0, d);
    }
    case Form::Cmp: {
      if (row.bank == Bank::F) return with_rm(m, id, 1, Bank::F, size, 0, xmm(reg(0)));
      // `test` is the one that has its memory operand first only.
      if (op == MOp::Test && m.has_mem() && !m.has_imm() && m.base != mach::kMemConst) {
        site(m);
        return asm_.e(id, memory(m, size), gp(reg(0), size));
      }
      if (op == MOp::Test && !m.has_mem() && !m.has_imm() && alloc(1).is_spill()) {
        return asm_.e(id, spill(alloc(1).slot(), size), gp(reg(0), size));
      }
      if (!m.has_imm()) return with_rm(m, id, 1, Bank::I, size, 0, gp(reg(0), size));
      const asmjit::Imm value(m.imm);
      site(m);
      if (m.has_mem()) return asm_.e(id, memory(m, size), value);
      if (alloc(0).is_spill()) return asm_.e(id, spill(alloc(0).slot(), size), value);
      // The low byte alone decides about a small mask.
      if (op == MOp::Test && m.imm >= 0 && m.imm <= 0x7f) return asm_.e(id, gp(reg(0), 1), value);
      return asm_.e(id, gp(reg(0), size), value);
    }
    case Form::Unary:
      return asm_.e(id, gp(reg(0), size));
    case Form::Shift:
      if (m.has_imm()) return asm_.e(id, gp(reg(0), size), asmjit::Imm(m.imm));
      return asm_.e(id, gp(reg(0), size), x86::cl);
    case Form::Vex3:
      return with_rm(m, id, 2, Bank::I, size, 0, gp(reg(0), size), gp(reg(1), size));
    case Form::VexShift: {
      const x86::Gp d = gp(reg(0), size);
      site(m);
      if (m.has_mem()) {
        unsigned count = 1;  // behind the address registers
        if (m.base <= mach::kMaxMemOperand) ++count;
        if (m.index != mach::kMemNone) ++count;
        return asm_.e(id, d, memory(m, size), gp(reg(count), size));
      }
      if (alloc(1).is_spill()) return asm_.e(id, d, spill(alloc(1).slot(), size), gp(reg(2), size));
      return asm_.e(id, d, gp(reg(1), size), gp(reg(2), size));
    }
    case Form::Store:
      site(m);
      if (m.has_imm()) return asm_.e(id, memory(m, size), asmjit::Imm(m.imm));
      return asm_.e(id, memory(m, size), gp(reg(0), size));
    case Form::AluImm:
    case Form::ShiftImm:
    case Form::Vec:
    case Form::VecImm:
    case Form::ToInt:
    case Form::ToIntImm:
    case Form::Insert:
    case Form::StoreLane:
    case Form::Fma:
    case Form::FmaImm:
      return vector(m, row.form);
    case Form::Special:
      break;
  }
}

}  // namespace vitrine::x64

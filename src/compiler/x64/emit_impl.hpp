// The emitter's state; its methods are spread over emit*.cpp.
#pragma once

#include "abi/settings.hpp"
#include "base/result.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/mach/jump_threads.hpp"
#include "compiler/x64/callconv.hpp"
#include "compiler/x64/emit_asm.hpp"

namespace vitrine::x64 {

class EmitterImpl {
 public:
  explicit EmitterImpl(const abi::CodegenSettings& settings)
      : avx_(settings.cpu_features & abi::kAvx), traps_are_calls_(!settings.signals_based_traps) {}

  Result<> run(mach::VCode& code, const regalloc::Output& allocation, bool optimised, abi::CodeUnit& out,
               std::vector<abi::AddressEntry>& places);
  void begin_pieces(uint32_t outgoing_bytes);
  void add_piece(mach::VCode& code, const regalloc::Output& allocation);
  Result<> finish_pieces(abi::CodeUnit& out, std::vector<abi::AddressEntry>& places);
  size_t memory() const {
    return asm_.memory() + pieces_.consts.size() * sizeof(mach::PoolConst) + pieces_.table_bytes;
  }
  void array_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out);
  void host_call_trampoline(const ir::Signature& signature, abi::CodeUnit& out);

 private:
  using Label = Asm::Label;
  // A slow path that an instruction left for the end of the function.
  struct Stub {
    uint32_t inst;
    Label entry, back;
  };
  struct TrapStub {
    Label entry;
    uint32_t srcloc;
    uint8_t code;
  };

  // What a function in pieces collects. How large its frame is, is known when all of it is emitted: until then the code
  // says kUnknownFrame, and `frame_refs` is where. All callee-saved registers are saved.
  struct Pieces {
    bool active = false;        // such a function is being emitted
    std::vector<Label> labels;  // by their number in the IR
    std::vector<mach::PoolConst> consts;
    std::vector<std::vector<uint32_t>> tables;  // of labels
    std::vector<uint32_t> frame_refs;
    size_t table_bytes = 0;
    uint32_t spill_slots = 0, slot_bytes = 0;  // most that one has
  };
  static constexpr uint32_t kUnknownFrame = 0x3fff'fff0;

  // -- emit.cpp
  void begin(mach::VCode& code, const regalloc::Output& allocation);
  void blocks(bool optimised);
  Result<> check_frame(uint64_t total) const;
  void finish(std::span<const mach::PoolConst> consts, std::span<const std::vector<uint32_t>> tables,
              abi::CodeUnit& out, std::vector<abi::AddressEntry>& places);
  Label label_of(uint32_t block) const { return first_label_ + block; }
  /// The label of a piece that the IR knows by this number.
  Label piece_label(int64_t number);
  /// What was just emitted ends in the size of the frame.
  void frame_ref() {
    if (pieces_.active) pieces_.frame_refs.push_back(asm_.last_word());
  }
  Result<> layout_frame();
  void prologue();
  void epilogue();
  void restore_callee_saved();
  /// AsmJit's number of an instruction.
  asmjit::InstId id(MOp op, unsigned size) const;
  /// d := a op b, where without AVX d is a.
  template <class B>
  void float_op(MOp op, unsigned size, PReg d, PReg a, const B& b) {
    if (avx_) return asm_.e(id(op, size), xmm(d), xmm(a), b);
    VITRINE_DCHECK(d == a);
    asm_.e(id(op, size), xmm(d), b);
  }
  /// d := op a. The second source only supplies the upper bits: giving the first again keeps the result from depending
  /// on what was in the destination.
  template <class... Ops>
  void float_unary(MOp op, unsigned size, PReg d, PReg a, const Ops&... rest) {
    if (avx_) return asm_.e(id(op, size), xmm(d), xmm(a), xmm(a), rest...);
    asm_.e(id(op, size), xmm(d), xmm(a), rest...);
  }
  void edit(const regalloc::Edit& e);
  void rematerialise(const regalloc::Edit& e);
  void inst(uint32_t i);
  void generic(uint32_t i, const mach::MInst& m);
  void branch(const mach::MInst& m);
  /// A jump to a block, unless it comes next anyway.
  void go_to(uint32_t block) {
    if (block != next_block_) asm_.jmp(label_of(block));
  }
  Label trap_label(uint8_t code, uint32_t srcloc);
  void trap(uint8_t code);
  void site(const mach::MInst& m) {
    if (m.trap && m.has_mem()) asm_.trap_site(m.trap);
  }

  // -- operands of the current instruction
  regalloc::Allocation alloc(unsigned n) const { return allocs_[n]; }
  PReg reg(unsigned n) const {
    VITRINE_DCHECK(allocs_[n].is_reg());
    return allocs_[n].preg();
  }
  x86::Mem spill(uint32_t slot, uint32_t size) const;
  x86::Mem memory(const mach::MInst& m, uint32_t size, PReg context = kContext) const;
  /// Emits `id` with `first...` and then operand `n` as register of its bank, spill slot or memory operand.
  template <class... Ops>
  void with_rm(const mach::MInst& m, asmjit::InstId id, unsigned n, Bank bank, unsigned size, uint32_t trailing,
               const Ops&... first);

  /// The same of a vector, with the immediate of `m` behind it if `has_imm`.
  template <class... Ops>
  void with_vector(const mach::MInst& m, asmjit::InstId id, unsigned n, bool has_imm, const Ops&... first);

  // -- emit_vector.cpp
  void vector(const mach::MInst& m, Form form);
  void blend(const mach::MInst& m);
  void ones(PReg r);

  // -- emit_special.cpp
  void special(uint32_t i, const mach::MInst& m);
  void move_imm(x86::Gp r64, unsigned size, int64_t value, bool flags_are_free);
  void lea(const mach::MInst& m);
  void zero_float(PReg r);
  void load_float(PReg r, const x86::Mem& from, unsigned size);
  void move_float(PReg to, PReg from);
  void divide(uint32_t i, const mach::MInst& m);
  void min_max(const mach::MInst& m);
  void trunc_signed(uint32_t i, const mach::MInst& m);
  void trunc_unsigned(uint32_t i, const mach::MInst& m);
  void from_unsigned(uint32_t i, const mach::MInst& m);
  void jump_table(const mach::MInst& m);
  void trap_if(const mach::MInst& m);
  void call(const mach::MInst& m, bool direct);
  void invoke(uint32_t i, const mach::MInst& m);
  void land();
  void tail_call(const mach::MInst& m);
  Stub& stub(uint32_t i);
  void slow_path(const Stub& s);
  void slow_divide(const mach::MInst& m, Label back);
  void slow_trunc_signed(const mach::MInst& m, Label back);
  void slow_trunc_unsigned(const mach::MInst& m, Label back);
  void slow_from_unsigned(const mach::MInst& m, Label back);
  void cvt_to_float(PReg to, const x86::Gp& from, unsigned float_size);
  void compare_const(PReg x, unsigned size, uint64_t bits);
  void compare_with_zero(PReg x, unsigned size);

  // -- emit_trampolines.cpp
  void check_i32(ir::Type type, PReg r, const x86::Gp& temp);
  void finish_trampoline(abi::CodeUnit& out, uint32_t frame, std::span<const PReg> saved);

  const bool avx_;
  const bool traps_are_calls_;
  Asm asm_;
  mach::VCode* code_ = nullptr;
  const regalloc::Output* allocation_ = nullptr;
  const regalloc::Allocation* allocs_ = nullptr;  // of the current instruction
  mach::JumpThreads threads_;
  std::vector<Stub> stubs_;
  std::vector<TrapStub> traps_;
  Pieces pieces_;
  Label first_label_ = 0;     // of the blocks
  uint32_t first_table_ = 0;  // the number of the first jump table
  uint32_t next_block_ = 0;   // the block whose code follows the current one's
  static constexpr uint32_t kNoLanding = ~0u;
  uint32_t landing_ = kNoLanding;  // of the call being emitted
  Asm::Payload payload_;
  // The frame: see callconv.hpp
  PReg saved_[5];
  uint32_t saved_count_ = 0;
  uint32_t spill_base_ = 0;   // the first spill slot ends here, below rbp
  uint32_t frame_total_ = 0;  // bytes between rbp and rsp
  uint32_t outgoing_ = 0;
};

template <class... Ops>
void EmitterImpl::with_rm(const mach::MInst& m, asmjit::InstId id, unsigned n, Bank bank, unsigned size,
                          uint32_t trailing, const Ops&... first) {
  if (m.has_mem()) {
    site(m);
    if (m.base == mach::kMemConst) {
      const uint32_t bytes = code_->consts[static_cast<uint32_t>(m.disp)].bytes;
      return asm_.e_const(static_cast<uint32_t>(m.disp), trailing, id, first..., memory(m, bytes));
    }
    return asm_.e(id, first..., memory(m, size));
  }
  const regalloc::Allocation a = alloc(n);
  if (a.is_spill()) return asm_.e(id, first..., spill(a.slot(), size));
  if (bank == Bank::I) return asm_.e(id, first..., gp(a.preg(), size));
  asm_.e(id, first..., xmm(a.preg()));
}

template <class... Ops>
void EmitterImpl::with_vector(const mach::MInst& m, asmjit::InstId id, unsigned n, bool has_imm, const Ops&... first) {
  auto put = [&](const auto& last) {
    if (has_imm) return asm_.e(id, first..., last, asmjit::Imm(m.imm));
    asm_.e(id, first..., last);
  };
  if (!m.has_mem()) {
    const regalloc::Allocation a = alloc(n);
    // A slot holds all of the vector; an instruction that looks at less looks at its beginning.
    if (a.is_spill()) return put(spill(a.slot(), 16));
    return put(xmm(a.preg()));
  }
  site(m);
  if (m.base != mach::kMemConst) return put(memory(m, m.size));
  const auto constant = static_cast<uint32_t>(m.disp);
  if (has_imm) return asm_.e_const(constant, 1, id, first..., memory(m, m.size), asmjit::Imm(m.imm));
  asm_.e_const(constant, 0, id, first..., memory(m, m.size));
}

}  // namespace vitrine::x64

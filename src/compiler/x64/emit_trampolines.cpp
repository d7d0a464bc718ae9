// The two trampolines of a signature.
//
// Array call, an abi::ArrayCall: int32_t (callee: rdi, code: rsi, values: rdx, store: rcx). Its frame, from rbp down:
//     rbx r12 r13 r14 r15 | values | address of the landing | padding | results | arguments
// entry_sp of the activation points at the address of the landing: to unwind, set rsp to it and return. At the landing
// everything is found relative to rsp, which is then 48 below the frame pointer.
//
// Host call: entered like any function of the signature, with r15 the VMHostContext and r10 the caller's context. Its
// frame is the array of values. When the host comes back, the innermost activation must be the one it was called in:
// its exit_fp is this frame's caller. If not, the host has left other guest frames behind without returning through
// them, and the illegal instruction here has no trap code: the runtime ends the process. A store that was cancelled
// meanwhile is left as after a failure: its flag is looked at together with the host's answer.
#include <cstddef>

#include "abi/trap.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/x64/emit_impl.hpp"

namespace vitrine::x64 {

using abi::TrapCode;
using abi::ValRaw;
using abi::VMActivation;
using abi::VMHostContext;
using abi::VMStore;
using asmjit::Imm;
using ir::Type;

namespace {

// The host's callee-saved registers, in the order in which a FrameEntry counts them.
constexpr PReg kHostSaved[] = {kRbx, kR12, kR13, kR14, kR15};
constexpr int32_t kSavedBytes = 48;  // those and values

x86::Mem word(const x86::Gp& base, int64_t offset) {
  return x86::qword_ptr(base, static_cast<int32_t>(offset));
}

// Between a register and a ValRaw or stack slot.
void load(Asm& a, PReg to, Type type, const x86::Gp& base, int64_t offset) {
  const auto at = static_cast<int32_t>(offset);
  const unsigned size = ir::bytes_of(type);
  if (ir::is_int(type)) return a.e(Inst::kIdMov, gp(to, size), x86::ptr(base, at, size));
  if (size == 16) return a.e(Inst::kIdMovups, xmm(to), x86::ptr(base, at, size));
  a.e(size == 4 ? Inst::kIdMovss : Inst::kIdMovsd, xmm(to), x86::ptr(base, at, size));
}

void store(Asm& a, PReg from, Type type, const x86::Gp& base, int64_t offset) {
  const auto at = static_cast<int32_t>(offset);
  const unsigned size = ir::bytes_of(type);
  if (ir::is_int(type)) return a.e(Inst::kIdMov, x86::ptr(base, at, 8), gp64(from));
  if (size == 16) return a.e(Inst::kIdMovups, x86::ptr(base, at, size), xmm(from));
  a.e(size == 4 ? Inst::kIdMovss : Inst::kIdMovsd, x86::ptr(base, at, size), xmm(from));
}

void copy(Asm& a, Type type, const x86::Gp& to, int64_t to_offset, const x86::Gp& from, int64_t from_offset,
          PReg scratch = kR10) {
  PReg temp = ir::is_int(type) ? scratch : kScratchFloat;
  load(a, temp, type, from, from_offset);
  store(a, temp, type, to, to_offset);
}

/// An area for arguments and results on the stack this large is checked for before it is touched: of vectors it can be
/// 32 KiB. The callee checks what is smaller, which the stack's reserve has room for, with its own frame.
constexpr uint32_t kCheckedArea = 2048;

}  // namespace

// In debug builds: the upper half of an i32 in a register is zero where a trampoline gets it from compiled code. (What it
// brings in is loaded as 32 bits, and on the stack the upper half does not count: callconv.hpp.) Not so is a bug of
// ours, and ends the program: there is no trap here.
void EmitterImpl::check_i32([[maybe_unused]] Type type, [[maybe_unused]] PReg r, [[maybe_unused]] const x86::Gp& temp) {
#if VITRINE_VERIFY
  if (!is_narrow_int(type)) return;
  const Label fine = asm_.make_label();
  asm_.e(Inst::kIdMov, temp, gp64(r));
  asm_.e(Inst::kIdShr, temp, Imm(32));
  asm_.jcc(CC::E, fine);
  asm_.e(Inst::kIdUd2);
  asm_.bind(fine);
#endif
}

void EmitterImpl::finish_trampoline(abi::CodeUnit& out, uint32_t frame, std::span<const PReg> saved) {
  std::vector<abi::AddressEntry> places;  // there are none
  abi::FrameEntry entry{.offset = 0, .size = 0, .bytes = frame, .saved = 0, .saved_below = 0};
  for (PReg r : saved) entry.saved = static_cast<uint16_t>(entry.saved | 1u << r.hw());
  entry.size = asm_.finish({}, {}, out, places);
  out.tables.frames.push_back(entry);
}

void EmitterImpl::array_call_trampoline(const ir::Signature& sig, abi::CodeUnit& out) {
  asm_.reset(0);
  asm_.reserve_tables(0);
  const Label landing = asm_.make_label(), leave = asm_.make_label();
  asm_.e(Inst::kIdPush, x86::rbp);
  asm_.e(Inst::kIdMov, x86::rbp, x86::rsp);
  for (PReg r : kHostSaved) asm_.e(Inst::kIdPush, gp64(r));
  asm_.e(Inst::kIdPush, x86::rdx);
  asm_.e(Inst::kIdMov, x86::rax, word(x86::rcx, offsetof(VMStore, activation)));
  asm_.lea_label(x86::r11, landing);
  asm_.e(Inst::kIdPush, x86::r11);
  asm_.e(Inst::kIdMov, word(x86::rax, offsetof(VMActivation, entry_sp)), x86::rsp);
  asm_.e(Inst::kIdMov, word(x86::rax, offsetof(VMActivation, entry_fp)), x86::rbp);
  const uint32_t args = stack_arg_bytes(sig), results = stack_result_bytes(sig);
  const uint32_t area = 8 + args + results;
  const Label too_deep = asm_.make_label();
  if (area >= kCheckedArea) {
    asm_.e(Inst::kIdLea, x86::r11, x86::ptr(x86::rsp, -static_cast<int32_t>(area)));
    asm_.e(Inst::kIdCmp, x86::r11, word(x86::rcx, offsetof(VMStore, stack_limit)));
    asm_.jcc(CC::B, too_deep);
  }
  asm_.e(Inst::kIdSub, x86::rsp, Imm(area));
  asm_.e(Inst::kIdMov, x86::rbx, x86::rdx);
  asm_.e(Inst::kIdMov, x86::r11, x86::rsi);
  asm_.e(Inst::kIdMov, x86::r15, x86::rdi);

  ParamAssigner params(sig.conv);
  for (size_t n = 0; n < sig.params.size(); ++n) {
    const ArgLoc loc = params.next(sig.params[n]);
    if (loc.reg == kContext) continue;
    const auto at = static_cast<int64_t>((n - 1) * sizeof(ValRaw));
    if (loc.in_reg())
      load(asm_, loc.reg, sig.params[n], x86::rbx, at);
    else
      copy(asm_, sig.params[n], x86::rsp, loc.offset, x86::rbx, at);
  }
  asm_.e(Inst::kIdCall, x86::r11);
  // The callee removed the arguments: rsp is at the result area.
  ResultAssigner in_registers(sig.conv), on_stack(sig.conv);
  for (size_t n = 0; n < sig.results.size(); ++n) {
    const ArgLoc loc = in_registers.next(sig.results[n]);
    if (!loc.in_reg()) continue;
    check_i32(sig.results[n], loc.reg, x86::r11);
    store(asm_, loc.reg, sig.results[n], x86::rbx, static_cast<int64_t>(n * sizeof(ValRaw)));
  }
  for (size_t n = 0; n < sig.results.size(); ++n) {
    const ArgLoc loc = on_stack.next(sig.results[n]);
    if (!loc.in_reg())
      copy(asm_, sig.results[n], x86::rbx, static_cast<int64_t>(n * sizeof(ValRaw)), x86::rsp, loc.offset);
  }
  asm_.e(Inst::kIdMov, x86::eax, Imm(1));
  asm_.bind(leave);
  int32_t at = 0;
  for (PReg r : kHostSaved) asm_.e(Inst::kIdMov, gp64(r), word(x86::rbp, at -= 8));
  asm_.e(Inst::kIdMov, x86::rsp, x86::rbp);
  asm_.e(Inst::kIdPop, x86::rbp);
  asm_.e(Inst::kIdRet);
  asm_.bind(landing);
  asm_.e(Inst::kIdLea, x86::rbp, x86::ptr(x86::rsp, kSavedBytes));
  asm_.e(Inst::kIdXor, x86::eax, x86::eax);
  asm_.jmp(leave);
  if (area >= kCheckedArea) {
    asm_.bind(too_deep);
    asm_.e(Inst::kIdMov, x86::r15, x86::rdi);
    trap(static_cast<uint8_t>(TrapCode::StackOverflow));
  }
  finish_trampoline(out, kSavedBytes + 16 + args + results, kHostSaved);
}

void EmitterImpl::host_call_trampoline(const ir::Signature& sig, abi::CodeUnit& out) {
  asm_.reset(0);
  asm_.reserve_tables(0);
  const Label unwind = asm_.make_label(), broken = asm_.make_label();
  const uint32_t args = stack_arg_bytes(sig);
  const auto values = static_cast<uint32_t>(std::max(sig.params.size() - 1, sig.results.size()) * sizeof(ValRaw));
  asm_.e(Inst::kIdPush, x86::rbp);
  asm_.e(Inst::kIdMov, x86::rbp, x86::rsp);
  if (values) asm_.e(Inst::kIdSub, x86::rsp, Imm(values));
  asm_.e(Inst::kIdMov, x86::rax, word(x86::r15, offsetof(VMHostContext, store)));
  asm_.e(Inst::kIdMov, x86::rax, word(x86::rax, offsetof(VMStore, activation)));
  asm_.e(Inst::kIdMov, x86::r11, word(x86::rbp, 0));
  asm_.e(Inst::kIdMov, word(x86::rax, offsetof(VMActivation, exit_fp)), x86::r11);
  asm_.e(Inst::kIdMov, x86::r11, word(x86::rbp, 8));
  asm_.e(Inst::kIdMov, word(x86::rax, offsetof(VMActivation, exit_pc)), x86::r11);

  ParamAssigner params(sig.conv);
  for (size_t n = 0; n < sig.params.size(); ++n) {
    const ArgLoc loc = params.next(sig.params[n]);
    if (loc.reg == kContext) continue;
    const auto at = static_cast<int64_t>((n - 1) * sizeof(ValRaw));
    if (loc.in_reg()) {
      check_i32(sig.params[n], loc.reg, x86::rax);
      store(asm_, loc.reg, sig.params[n], x86::rsp, at);
    } else {
      copy(asm_, sig.params[n], x86::rsp, at, x86::rbp, 16 + int64_t{loc.offset}, kR11);
    }
  }
  asm_.e(Inst::kIdMov, x86::rdi, word(x86::r15, offsetof(VMHostContext, env)));
  asm_.e(Inst::kIdMov, x86::rsi, x86::r10);
  asm_.e(Inst::kIdMov, x86::rdx, x86::rsp);
  asm_.e(Inst::kIdCall, word(x86::r15, offsetof(VMHostContext, call)));
  asm_.e(Inst::kIdMov, x86::r11, word(x86::r15, offsetof(VMHostContext, store)));
  asm_.e(Inst::kIdOr, x86::eax, x86::dword_ptr(x86::r11, offsetof(VMStore, is_cancelled)));
  asm_.jcc(CC::Ne, unwind);
  asm_.e(Inst::kIdMov, x86::r11, word(x86::r11, offsetof(VMStore, activation)));

  ResultAssigner on_stack(sig.conv), in_registers(sig.conv);
  for (size_t n = 0; n < sig.results.size(); ++n) {
    const ArgLoc loc = on_stack.next(sig.results[n]);
    if (!loc.in_reg())
      copy(asm_, sig.results[n], x86::rbp, 16 + int64_t{args} + loc.offset, x86::rsp,
           static_cast<int64_t>(n * sizeof(ValRaw)));
  }
  for (size_t n = 0; n < sig.results.size(); ++n) {
    const ArgLoc loc = in_registers.next(sig.results[n]);
    if (loc.in_reg()) load(asm_, loc.reg, sig.results[n], x86::rsp, static_cast<int64_t>(n * sizeof(ValRaw)));
  }
  asm_.e(Inst::kIdMov, x86::rsp, x86::rbp);
  asm_.e(Inst::kIdPop, x86::rbp);
  asm_.e(Inst::kIdCmp, x86::rbp, word(x86::r11, offsetof(VMActivation, exit_fp)));
  asm_.jcc(CC::Ne, broken);
  if (args)
    asm_.e(Inst::kIdRet, Imm(args));
  else
    asm_.e(Inst::kIdRet);
  asm_.bind(unwind);
  asm_.e(Inst::kIdMov, x86::rdi, x86::r11);
  asm_.e(Inst::kIdMov, x86::r11, word(x86::r11, offsetof(VMStore, activation)));
  asm_.e(Inst::kIdMov, x86::rcx, word(x86::rbp, 0));
  asm_.e(Inst::kIdCmp, x86::rcx, word(x86::r11, offsetof(VMActivation, exit_fp)));
  asm_.jcc(CC::Ne, broken);
  asm_.e(Inst::kIdCall, word(x86::rdi, offsetof(VMStore, unwind)));
  asm_.bind(broken);
  asm_.e(Inst::kIdUd2);
  finish_trampoline(out, values, {});
}

}  // namespace vitrine::x64

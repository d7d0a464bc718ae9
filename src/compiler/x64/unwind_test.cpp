// The unwinder of the C++ runtime walks through compiled code by the .eh_frame that is made for it.
#include "compiler/x64/unwind.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unwind.h>

#include <algorithm>
#include <cstring>

#include "compiler/x64/harness.hpp"

// Calls rdi with rsi, with known values in the registers that a callee has to preserve.
asm(R"(
  .text
unwind_test_call:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  movq $0x1b, %rbx
  movq $0x12, %r12
  movq $0x13, %r13
  movq $0x14, %r14
  movq $0x15, %r15
  movq %rdi, %rax
  movq %rsi, %rdi
  movq %rdx, %rsi
  movq %rcx, %rdx
  movq %r8, %rcx
  call *%rax
unwind_test_return:
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
)");
extern "C" int32_t unwind_test_call(vitrine::abi::ArrayCall f, vitrine::abi::VMContext* context, const void* code,
                                    vitrine::abi::ValRaw* values, vitrine::abi::VMStore* store);
extern "C" const char unwind_test_return[];

extern "C" void __register_frame(void*);
extern "C" void __deregister_frame(void*);

namespace vitrine::x64::testing {
namespace {

std::vector<uintptr_t> walked;
// In the frame of the trampoline, and in the one that called it.
std::vector<uintptr_t> registers_inside, registers_outside;

_Unwind_Reason_Code visit(_Unwind_Context* context, void*) {
  auto registers = [&] {
    std::vector<uintptr_t> all;
    for (int dwarf : {3, 12, 13, 14, 15}) all.push_back(_Unwind_GetGR(context, dwarf));
    return all;
  };
  const bool is_outside = _Unwind_GetIP(context) == reinterpret_cast<uintptr_t>(unwind_test_return);
  if (is_outside) registers_outside = registers();
  if (registers_outside.empty()) registers_inside = registers();
  walked.push_back(_Unwind_GetIP(context));
  return _URC_NO_REASON;
}

void walk(void*) {
  walked.clear();
  registers_outside.clear();
  _Unwind_Backtrace(visit, nullptr);
}

/// As long as it lives, the walker knows the code of `program`.
class Registered {
 public:
  // In the text's mapping, so that the distance fits 32 bits.
  explicit Registered(const Program& program) : home_(const_cast<uint8_t*>(program.text()) + (1u << 19)) {
    std::vector<uint8_t> frames = make_eh_frame(program.pieces(), program.text() - home_);
    std::memcpy(home_, frames.data(), frames.size());
    __register_frame(home_);
  }
  ~Registered() { __deregister_frame(home_); }

 private:
  uint8_t* home_;
};

TEST(Unwind, BacktraceThroughCompiledCode) {
  for (size_t n = 0; n < 2 * ways().size(); ++n) {
    const Way& way = ways()[n / 2];
    const bool restore_context = n % 2;  // kept in the frame, above the saved registers
    Program p(way, R"(
function "outer" sym0 wasm(i64, i64, i64) -> i64 {
  sig0 = wasm(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64
  fn0 = sig0 sym1
block0(v0: i64, v1: i64, v2: i64):
  v3 = call fn0(v0, v1, v1, v1, v1, v1, v1, v1, v2)
  v4 = iadd.i64 v3, v1
  v5 = iadd.i64 v4, v2
  return v5
}
function "inner" sym1 wasm(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {
  sig0 = host(i64)
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
  v9 = load.i64 v0+64 r0 readonly
  call_indirect sig0 v9(v0)
  v10 = iadd.i64 v7, v8
  return v10
}
)",
              restore_context);
    auto* builtin = &walk;
    std::memcpy(p.data(), &builtin, 8);
    const Registered registered(p);
    // Straight into the trampoline (piece 1): a frame of C++ between would restore the registers from its own.
    abi::ValRaw values[2]{};
    values[0].i64 = 10;
    values[1].i64 = 5;
    abi::VMActivation activation{};
    p.store().activation = &activation;
    const auto trampoline = reinterpret_cast<abi::ArrayCall>(const_cast<uint8_t*>(p.text()) + p.pieces()[1].offset);
    EXPECT_EQ(unwind_test_call(trampoline, p.context(0), p.code(0), values, &p.store()), 1);
    p.store().activation = nullptr;
    EXPECT_EQ(values[0].i64, 10 + 5 + 10 + 5) << way.name;
    EXPECT_EQ(registers_outside, (std::vector<uintptr_t>{0x1b, 0x12, 0x13, 0x14, 0x15})) << way.name;
    // The trampoline keeps the values in rbx and the context in r15.
    const auto array = reinterpret_cast<uintptr_t>(values), context = reinterpret_cast<uintptr_t>(p.context(0));
    EXPECT_EQ(registers_inside, (std::vector<uintptr_t>{array, 0x12, 0x13, 0x14, context})) << way.name;
    std::vector<uint32_t> functions;
    bool beyond = false;
    for (uintptr_t ip : walked) {
      auto text = reinterpret_cast<uintptr_t>(p.text());
      auto hit = std::ranges::find_if(
          p.pieces(), [&](const abi::FrameEntry& e) { return ip > text + e.offset && ip <= text + e.offset + e.size; });
      if (hit != p.pieces().end())
        functions.push_back(static_cast<uint32_t>(hit - p.pieces().begin()));
      else if (!functions.empty())
        beyond = true;
    }
    // Piece 2 is "inner", 0 "outer", 1 the trampoline of "outer"; and then this test's own frames.
    EXPECT_EQ(functions, (std::vector<uint32_t>{2, 0, 1})) << way.name;
    EXPECT_TRUE(beyond) << way.name;
  }
}

struct sigaction harness_handler;
const Program* overflowing = nullptr;
std::vector<uintptr_t> registers_of_caller;

_Unwind_Reason_Code visit_caller(_Unwind_Context* context, void*) {
  const uintptr_t at = _Unwind_GetIP(context) - 1 - reinterpret_cast<uintptr_t>(overflowing->text());
  const abi::FrameEntry& caller = overflowing->pieces()[0];
  if (at - caller.offset < caller.size)
    for (int dwarf : {3, 12, 13, 14}) registers_of_caller.push_back(_Unwind_GetGR(context, dwarf));
  return _URC_NO_REASON;
}

void walk_at_trap(int signal, siginfo_t* info, void* context) {
  _Unwind_Backtrace(visit_caller, nullptr);
  harness_handler.sa_sigaction(signal, info, context);
}

// Stepping out of a function whose frame is too large for the stack gives the caller its registers back.
TEST(Unwind, OutOfAStackOverflow) {
  for (const Way& way : ways()) {
    if (way.settings.single_pass_regalloc) continue;  // keeps nothing in these registers
    Program p(way, R"(
function "caller" sym0 wasm(i64, i64) -> i64 {
  sig0 = wasm(i64, i64) -> i64
  fn0 = sig0 sym1
block0(v0: i64, v1: i64):
  v2 = call fn0(v0, v1)
  v3 = iadd.i64 v2, v1
  return v3
}
function "overflowing" sym1 wasm(i64, i64) -> i64 {
  sig0 = wasm(i64, i64) -> i64
  fn0 = sig0 sym0
  ss0 = 1048576
block0(v0: i64, v1: i64):
  v2 = call fn0(v0, v1)
  v3 = stack_load.i64 ss0
  v4 = iadd.i64 v2, v1
  v5 = iadd.i64 v4, v3
  return v5
}
)");
    const Registered registered(p);
    overflowing = &p;
    registers_of_caller.clear();
    struct sigaction mine{};
    mine.sa_sigaction = walk_at_trap;
    mine.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGILL, &mine, &harness_handler);
    const uint64_t value = 0x1234'5678'9abc'def0;
    EXPECT_EQ(p.call(0, {value}).trap, abi::TrapCode::StackOverflow) << way.name;
    sigaction(SIGILL, &harness_handler, nullptr);
    EXPECT_TRUE(std::ranges::find(registers_of_caller, value) != registers_of_caller.end()) << way.name << p.vcode;
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

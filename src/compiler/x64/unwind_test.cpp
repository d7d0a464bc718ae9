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
extern "C" void unwind_test_call(void (*f)(void*), void* argument);
extern "C" const char unwind_test_return[];

extern "C" void __register_frame(void*);
extern "C" void __deregister_frame(void*);

namespace vitrine::x64::testing {
namespace {

std::vector<uintptr_t> walked;
std::vector<uintptr_t> registers_outside;

_Unwind_Reason_Code visit(_Unwind_Context* context, void*) {
  walked.push_back(_Unwind_GetIP(context));
  if (walked.back() == reinterpret_cast<uintptr_t>(unwind_test_return)) {
    for (int dwarf : {3, 12, 13, 14, 15}) registers_outside.push_back(_Unwind_GetGR(context, dwarf));
  }
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
  for (const Way& way : ways()) {
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
)");
    auto* builtin = &walk;
    std::memcpy(p.data(), &builtin, 8);
    const Registered registered(p);
    struct Call {
      Program& program;
      uint64_t got = 0;
    } call{p};
    unwind_test_call(
        [](void* raw) {
          auto& c = *static_cast<Call*>(raw);
          c.got = c.program.call1(0, {10, 5});
        },
        &call);
    EXPECT_EQ(call.got, 10u + 5 + 10 + 5) << way.name;
    EXPECT_EQ(registers_outside, (std::vector<uintptr_t>{0x1b, 0x12, 0x13, 0x14, 0x15})) << way.name;
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
    if (way.settings.regalloc_fast) continue;  // keeps nothing in these registers
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

// Calls that end a block: they come back, or an unwinder goes on at their landing. The unwinder here does what a real
// one does: it walks frames by the tables of the units, restores what each frame saved, and jumps.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "compiler/ir/critical_edges.hpp"
#include "compiler/ir/parse.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

struct Registers {
  uint64_t rbx, rbp, r12, r13, r14, pc;
};
const Program* program = nullptr;
unsigned frames_unwound = 0;

}  // namespace

// Steps out of frames until a call with a handler; `pc` is a return address, and becomes the landing.
extern "C" void vitrine_test_unwind(Registers* r) {
  const auto text = reinterpret_cast<uint64_t>(program->text());
  frames_unwound = 0;
  for (;;) {
    const auto offset = static_cast<uint32_t>(r->pc - text);
    if (const abi::HandlerEntry* handler = abi::find_handler(program->tables().handlers, offset)) {
      EXPECT_EQ(handler->payload[0], 7);  // rdi, and rsi if there is more
      EXPECT_TRUE(handler->payload[1] == 6 || handler->payload[1] == abi::HandlerEntry::kNoRegister);
      r->pc = text + handler->landing;
      return;
    }
    const abi::FrameEntry* frame = abi::find_frame(program->tables().frames, offset - 1);
    if (!frame) std::abort();
    auto at = reinterpret_cast<const uint64_t*>(r->rbp - frame->saved_below);
    uint64_t* const registers[16] = {nullptr, nullptr, nullptr, &r->rbx, nullptr, nullptr, nullptr, nullptr,
                                     nullptr, nullptr, nullptr, nullptr, &r->r12, &r->r13, &r->r14, nullptr};
    for (unsigned n = 0; n < 16; ++n) {
      if (frame->saved >> n & 1) *registers[n] = *--at;
    }
    auto fp = reinterpret_cast<const uint64_t*>(r->rbp);
    r->rbp = fp[0];
    r->pc = fp[1];
    ++frames_unwound;
  }
}

extern "C" void vitrine_test_throw();
// Everything that a callee need not save is garbage when the landing is reached.
__asm__(R"(
.pushsection .text
.globl vitrine_test_throw
vitrine_test_throw:
  subq $72, %rsp
  movq %rbx, 0(%rsp)
  movq %rbp, 8(%rsp)
  movq %r12, 16(%rsp)
  movq %r13, 24(%rsp)
  movq %r14, 32(%rsp)
  movq 72(%rsp), %rax
  movq %rax, 40(%rsp)
  movq %rsp, %rdi
  call vitrine_test_unwind
  movq 0(%rsp), %rbx
  movq 8(%rsp), %rbp
  movq 16(%rsp), %r12
  movq 24(%rsp), %r13
  movq 32(%rsp), %r14
  movq 40(%rsp), %r11
  movl $0x1111, %edi
  movl $0x2222, %esi
  movq $-77, %rax
  movq %rax, %rcx
  movq %rax, %rdx
  movq %rax, %r8
  movq %rax, %r9
  movq %rax, %r10
  movq %rax, %r15
  pcmpeqd %xmm0, %xmm0
  movaps %xmm0, %xmm1
  movaps %xmm0, %xmm2
  movaps %xmm0, %xmm3
  movaps %xmm0, %xmm4
  movaps %xmm0, %xmm5
  movaps %xmm0, %xmm6
  movaps %xmm0, %xmm7
  movaps %xmm0, %xmm8
  movaps %xmm0, %xmm9
  movaps %xmm0, %xmm14
  movaps %xmm0, %xmm15
  jmp *%r11
.popsection
)");

namespace {

uint64_t thrower() {
  return reinterpret_cast<uint64_t>(&vitrine_test_throw);
}

// "middle" calls the code that it is given, if it is given any, and keeps values in callee-saved registers over that.
constexpr const char* kMiddle = R"(
function "middle" sym1 wasm(i64, i64, i64) -> i64 {
  sig0 = wasm(i64)
block0(v0: i64, v1: i64, v2: i64):
  v3 = iconst.i64 0
  v4 = icmp.i64 eq v1, v3
  v5 = imul.i64 v2, v2
  v6 = imul.i64 v5, v2
  v7 = imul.i64 v6, v2
  v8 = iadd.i64 v7, v5
  brif v4, block1, block2
block1:
  v9 = iadd.i64 v2, v2
  return v9
block2:
  call_indirect sig0 v1(v0)
  v10 = iadd.i64 v5, v6
  v11 = iadd.i64 v10, v7
  v12 = iadd.i64 v11, v8
  return v12
}
)";

TEST(Invoke, ComesBackOrLands) {
  for (const Way& way : ways()) {
    for (bool restore : {false, true}) {
      Program p(way, std::string(R"(
function "outer" sym0 wasm(i64, i64, i64, f64) -> i64 {
  sig0 = wasm(i64, i64, i64) -> i64
  fn0 = sig0 sym1
block0(v0: i64, v1: i64, v2: i64, v3: f64):
  v4 = imul.i64 v2, v2
  v5 = load.i64 v0+64 r0
  v30 = iconst.i64 81985529216486895
  v6, v7, v8 = invoke fn0(v0, v1, v2), block1, block2
block1:
  v9 = iadd.i64 v6, v4
  v10 = iadd.i64 v9, v5
  v11 = f_to_sint_sat.i64 v3
  v12 = iadd.i64 v10, v11
  v31 = xor.i64 v12, v30
  return v31
block2:
  v13 = imul.i64 v7, v2
  v14 = iadd.i64 v13, v8
  v15 = iadd.i64 v14, v4
  v16 = vmctx
  v17 = load.i64 v16+64 r0
  v18 = iadd.i64 v15, v17
  v19 = f_to_sint_sat.i64 v3
  v20 = iadd.i64 v18, v19
  v32 = xor.i64 v20, v30
  return v32
}
)") + kMiddle,
                restore);
      program = &p;
      const uint64_t data = 5'000'000'000, x = 7;
      std::memcpy(p.data(), &data, 8);
      const uint64_t number = std::bit_cast<uint64_t>(1000.0), wide = 81985529216486895;
      EXPECT_EQ(p.call1(0, {0, x, number}), (2 * x + x * x + data + 1000) ^ wide) << way.name << p.vcode;
      EXPECT_EQ(p.call1(0, {thrower(), x, number}), (0x1111 * x + 0x2222 + x * x + data + 1000) ^ wide)
          << way.name << p.vcode;
      EXPECT_EQ(frames_unwound, 1u);
    }
  }
}

// Results beyond the registers, arguments on the stack, values passed on by the edges, one landing for several calls,
// and a loop round it.
TEST(Invoke, InALoopWithManyResults) {
  for (const Way& way : ways()) {
    Program p(way, std::string(R"(
function "outer" sym0 wasm(i64, i64, i64, i64) -> i64 {
  sig0 = wasm(i64, i64, i64) -> i64
  sig1 = wasm(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64
  fn0 = sig0 sym1
  fn1 = sig1 sym2
block0(v0: i64, v1: i64, v2: i64, v3: i64):
  v4 = iconst.i64 0
  jump block1(v2, v4)
block1(v5: i64, v6: i64):
  v7, v8, v9, v10, v11, v12, v13 = invoke fn1(v0, v5, v6, v5, v6, v5, v6, v5, v1), block2(v7, v12), block5(v13)
block2(v14: i64, v15: i64):
  v16 = iadd.i64 v14, v15
  v17 = iadd.i64 v16, v11
  v18 = iadd.i64 v17, v6
  v19, v20 = invoke fn0(v0, v4, v5), block3, block5(v20)
block3:
  v21 = iconst.i64 1
  v22 = isub.i64 v5, v21
  v23 = iadd.i64 v18, v19
  v24 = icmp.i64 ne v22, v3
  brif v24, block1(v22, v23), block4
block4:
  return v23
block5(v25: i64):
  v26 = imul.i64 v25, v5
  v27 = iadd.i64 v26, v6
  v28 = iadd.i64 v27, v1
  return v28
}
)") + kMiddle + R"(
function "many" sym2 wasm(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64 {
  sig0 = wasm(i64, i64, i64) -> i64
  fn0 = sig0 sym1
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
  v9 = iconst.i64 2
  v10 = icmp.i64 eq v1, v9
  brif v10, block1, block2
block1:
  v11 = call fn0(v0, v8, v1)
  jump block2
block2:
  v12 = iadd.i64 v7, v9
  v13 = iadd.i64 v12, v9
  return v1, v2, v9, v3, v12, v13
}
)");
    program = &p;
    // Result 0 is the counter n, result 4 n + 2, result 5 n + 4; then fn0 answers 2 n.
    uint64_t want = 0;
    for (uint64_t n = 5; n > 1; --n) want += n + (n + 4) + (n + 2) + 2 * n;
    EXPECT_EQ(p.call1(0, {0, 5, 1}), want) << way.name << p.vcode;
    // At n = 2 "many" calls "middle", which calls the thrower.
    uint64_t sum = 0;
    for (uint64_t n = 5; n > 2; --n) sum += n + (n + 4) + (n + 2) + 2 * n;
    EXPECT_EQ(p.call1(0, {thrower(), 5, 1}), 0x1111 * 2 + sum + thrower()) << way.name << p.vcode;
    EXPECT_EQ(frames_unwound, 2u);
  }
}

// A host function's narrow result is widened where the call comes back to.
TEST(Invoke, OfTheHost) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "outer" sym0 wasm(i64, i64) -> i64 {
  sig0 = host(i64, i64) -> i32
block0(v0: i64, v1: i64):
  v2 = load.i64 v0+64 r0
  v3, v4 = invoke_indirect sig0 v2(v0, v1), block1, block2
block1:
  v5 = uextend.i64 v3
  v6 = iadd.i64 v5, v1
  return v6
block2:
  return v4
}
)");
    program = &p;
    uint64_t (*dirty)(void*, uint64_t) = [](void*, uint64_t x) { return x | 0xffff'ffff'0000'0000; };
    std::memcpy(p.data(), &dirty, 8);
    EXPECT_EQ(p.call1(0, {40}), 80u) << way.name << p.vcode;
    auto* thrown = &vitrine_test_throw;
    std::memcpy(p.data(), &thrown, 8);
    EXPECT_EQ(p.call1(0, {40}), 0x1111u) << way.name << p.vcode;
    EXPECT_EQ(frames_unwound, 0u);
  }
}

// So is a reference, and a second result.
TEST(Invoke, OfTheHostWithAPair) {
  struct Pair {
    uint64_t first, second;
  };
  for (const Way& way : ways()) {
    Program p(way, R"(
function "outer" sym0 wasm(i64, i64) -> i64, i64 {
  sig0 = host(i64, i64) -> ref, i32
block0(v0: i64, v1: i64):
  v2 = load.i64 v0+64 r0
  v3, v4, v5 = invoke_indirect sig0 v2(v0, v1), block1(v4), block2
block1(v6: i32):
  v7 = uextend.i64 v3
  v8 = uextend.i64 v6
  return v7, v8
block2:
  return v5, v5
}
)");
    program = &p;
    Pair (*dirty)(void*, uint64_t) = [](void*, uint64_t x) {
      return Pair{x | 0xffff'ffff'0000'0000, (x + 1) | 0xffff'ffff'0000'0000};
    };
    std::memcpy(p.data(), &dirty, 8);
    EXPECT_EQ(p.call(0, {40}).results, (std::vector<uint64_t>{40, 41})) << way.name << p.vcode;
  }
}

/// Seconds of this process that compiling `calls` invokes of the host takes, each with a result that is used.
double seconds_for(unsigned calls) {
  std::string text = R"(
function "outer" sym0 wasm(i64) -> i64 {
  sig0 = host(i64) -> i32
block0(v0: i64):
  v1 = load.i64 v0+64 r0
  jump block1
)";
  for (unsigned n = 1; n <= calls; ++n)
    text +=
        fmt::format("block{0}:\n  v{1}, v{2} = invoke_indirect sig0 v1(v0), block{3}(v{1}), block{4}\n", 2 * n - 1,
                    3 * n, 3 * n + 1, 2 * n, 2 * calls + 2) +
        fmt::format("block{}(v{}: i32):\n  trapif v{}, 14\n  jump block{}\n", 2 * n, 3 * n + 2, 3 * n + 2, 2 * n + 1);
  text += fmt::format("block{}:\n  return v1\nblock{}:\n  return v0\n}}\n", 2 * calls + 1, 2 * calls + 2);
  auto f = ir::parse(text);
  if (!f) {
    ADD_FAILURE() << f.error().message();
    return 0;
  }
  ir::EdgeSplitter().run(*f);
  Backend backend(ways()[0].settings);
  abi::CodeUnit unit;
  const std::clock_t begin = std::clock();
  EXPECT_TRUE(backend.compile(*f, unit, {.fast = true}).has_value());
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// Where an invoke comes back to and the invoke itself know each other's registers without a search.
TEST(Invoke, ManyOfTheHostInLinearTime) {
  const double few = seconds_for(10'000), many = seconds_for(80'000);
  EXPECT_LT(many, 16 * few);
}

}  // namespace
}  // namespace vitrine::x64::testing

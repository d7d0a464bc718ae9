// Calls that end a block, through each pass: what belongs to one of their edges stays on it.
#include <gtest/gtest.h>

#include "compiler/ir/compact.hpp"
#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/inline.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using PassFn = void (*)(ir::Func&, PassCtx&);

const std::string kHead = R"(function "f" sym0 wasm(i64, i32) -> i32 {
  sig0 = wasm(i64) -> i32
  fn0 = sig0 sym1
block0(v0: i64, v1: i32):
)";

ir::Func parsed(const std::string& text) {
  auto f = ir::parse(text);
  if (!f) {
    ADD_FAILURE() << f.error().message() << "\n" << text;
    return *ir::parse("function \"\" sym0 wasm() {\nblock0:\n  return\n}");
  }
  EXPECT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
  return std::move(*f);
}

void check(std::initializer_list<PassFn> passes, const std::string& before, const std::string& after) {
  ir::Func f = parsed(kHead + before + "}\n");
  PassCtx ctx;
  for (PassFn pass : passes) pass(f, ctx);
  EXPECT_EQ(ir::verify(f), std::nullopt) << *ir::verify(f);
  EXPECT_EQ(ir::print(f, ir::Numbering::Dense), kHead + after + "}\n");
}

TEST(Invoke, ParametersWithOneArgumentAreThatValue) {
  check({simplify_params}, R"(  v2, v3, v4 = invoke fn0(v0), block1(v2, v0), block2(v3, v4)
block1(v5: i32, v6: i64):
  jump block3(v5, v6)
block2(v7: i64, v8: i64):
  v9 = iadd.i64 v7, v8
  jump block3(v1, v9)
block3(v10: i32, v11: i64):
  return v10
)",
        R"(  v2, v3, v4 = invoke fn0(v0), block1, block2
block1:
  jump block3(v2, v0)
block2:
  v5 = iadd.i64 v3, v4
  jump block3(v1, v5)
block3(v6: i32, v7: i64):
  return v6
)");
  // Round a loop: the edge into it still dominates it.
  check({simplify_params}, R"(  v2, v3 = invoke fn0(v0), block1(v2), block2
block1(v4: i32):
  v5 = clz.i32 v4
  brif v5, block1(v4), block2
block2:
  return v1
)",
        R"(  v2, v3 = invoke fn0(v0), block1, block2
block1:
  v4 = clz.i32 v2
  brif v4, block1, block2
block2:
  return v1
)");
}

TEST(Invoke, StaysWithoutUsesAndArgumentsNobodyNeedsGo) {
  check({dce}, R"(  v2, v3 = invoke fn0(v0), block1(v2), block2(v3)
block1(v4: i32):
  return v1
block2(v5: i64):
  return v1
)",
        R"(  v2, v3 = invoke fn0(v0), block1, block2
block1:
  return v1
block2:
  return v1
)");
}

TEST(Invoke, EdgesAreThreadedWithWhatTheyBring) {
  check({branches}, R"(  v2, v3 = invoke fn0(v0), block1(v2), block2
block1(v4: i32):
  jump block3(v4, v0)
block2:
  jump block3(v1, v3)
block3(v5: i32, v6: i64):
  return v5
)",
        R"(  v2, v3 = invoke fn0(v0), block1(v2, v0), block1(v1, v3)
block1(v4: i32, v5: i64):
  return v4
)");
}

TEST(Invoke, BothEdgesAloneAreABlockEachAndTheLandingIsCold) {
  check({layout}, R"(  v2, v3 = invoke fn0(v0), block1(v2, v0), block1(v1, v3)
block1(v4: i32, v5: i64):
  brif v4, block2, block3
block2:
  v6 = invoke fn0(v5), block3, block3
block3:
  v7 = invoke fn0(v5), block4, block5
block4:
  return v7
block5:
  return v1
)",
        R"(  v2, v3 = invoke fn0(v0), block1, block8
block1:
  jump block2(v2, v0)
block2(v4: i32, v5: i64):
  brif v4, block3, block5
block3:
  v6 = invoke fn0(v5), block4, block9
block4:
  jump block6
block5:
  jump block6
block6:
  v7 = invoke fn0(v5), block7, block10
block7:
  return v7
block8: cold
  jump block2(v1, v3)
block9: cold
  jump block6
block10: cold
  return v1
)");
}

TEST(Invoke, WritesAllMemory) {
  check({memory, dce}, R"(  v2 = load.i32 v0 r1
  store.i32 v0+8, v2 r2
  v3 = invoke fn0(v0), block1, block2
block1:
  v4 = load.i32 v0 r1
  v5 = load.i32 v0 r1
  store.i32 v0+8, v2 r2
  v6 = iadd.i32 v4, v5
  return v6
block2:
  v7 = load.i32 v0 r1
  v8 = iadd.i32 v7, v2
  return v8
)",
        R"(  v2 = load.i32 v0 r1
  store.i32 v0+8, v2 r2
  v3 = invoke fn0(v0), block1, block2
block1:
  v4 = load.i32 v0 r1
  store.i32 v0+8, v2 r2
  v5 = iadd.i32 v4, v4
  return v5
block2:
  v6 = load.i32 v0 r1
  v7 = iadd.i32 v6, v2
  return v7
)");
}

TEST(Invoke, LoopsGetAPreheaderOnItsEdgeAndKeepWhatItMayWrite) {
  // Entered from the invoke: what moves goes to a block on that edge, not before the call.
  check({licm}, R"(  v2, v3 = invoke fn0(v0), block1(v2), block3
block1(v4: i32):
  v5 = clz.i32 v1
  v6 = load.i32 v0 r1 mapped
  v7 = iadd.i32 v5, v6
  v8 = isub.i32 v4, v7
  brif v8, block1(v8), block2
block2:
  return v8
block3:
  return v1
)",
        R"(  v2, v3 = invoke fn0(v0), block4(v2), block3
block1(v4: i32):
  v5 = isub.i32 v4, v9
  brif v5, block1(v5), block2
block2:
  return v5
block3:
  return v1
block4(v6: i32):
  v7 = clz.i32 v1
  v8 = load.i32 v0 r1 mapped
  v9 = iadd.i32 v7, v8
  jump block1(v6)
)");
  // One in the loop: no load passes it; what it answers does not leave.
  check({licm}, R"(  jump block1(v1)
block1(v2: i32):
  v3 = load.i32 v0 r1 mapped
  v4 = ctz.i32 v1
  v5 = invoke fn0(v0), block2, block3
block2:
  v6 = clz.i32 v5
  v7 = popcnt.i32 v1
  v8 = iadd.i32 v6, v7
  v9 = iadd.i32 v8, v4
  v10 = iadd.i32 v9, v3
  brif v10, block1(v10), block3
block3:
  return v1
)",
        R"(  v2 = ctz.i32 v1
  v3 = popcnt.i32 v1
  jump block1(v1)
block1(v4: i32):
  v5 = load.i32 v0 r1 mapped
  v6 = invoke fn0(v0), block2, block3
block2:
  v7 = clz.i32 v6
  v8 = iadd.i32 v7, v3
  v9 = iadd.i32 v8, v2
  v10 = iadd.i32 v9, v5
  brif v10, block1(v10), block3
block3:
  return v1
)");
}

TEST(Invoke, ValuesOfTwoCallsAreNotOne) {
  check({gvn}, R"(  v2 = invoke fn0(v0), block1, block3
block1:
  v3 = invoke fn0(v0), block2, block3
block2:
  v4 = isub.i32 v2, v3
  v5 = isub.i32 v2, v3
  v6 = iadd.i32 v4, v5
  return v6
block3:
  return v1
)",
        R"(  v2 = invoke fn0(v0), block1, block3
block1:
  v3 = invoke fn0(v0), block2, block3
block2:
  v4 = isub.i32 v2, v3
  v5 = iadd.i32 v4, v4
  return v5
block3:
  return v1
)");
}

TEST(Invoke, ALoopIsRotatedRoundIt) {
  // The invoke in the body leaves the loop by its landing edge; the header's values reach both sides.
  check({rotate}, R"(  jump block1(v1)
block1(v2: i32):
  v3 = clz.i32 v2
  brif v3, block2, block4(v3)
block2:
  v4, v5 = invoke fn0(v0), block3, block4(v2)
block3:
  v6 = iadd.i32 v4, v2
  jump block1(v6)
block4(v7: i32):
  return v7
)",
        R"(  v2 = clz.i32 v1
  brif v2, block1(v1), block3(v2)
block1(v3: i32):
  v4, v5 = invoke fn0(v0), block2, block3(v3)
block2:
  v6 = iadd.i32 v4, v3
  v7 = clz.i32 v6
  brif v7, block1(v6), block3(v7)
block3(v8: i32):
  return v8
)");
}

TEST(Invoke, IsCopiedWithItsBody) {
  ir::Func callee = parsed(R"(function "g" sym1 wasm(i64) -> i32 {
  sig0 = wasm(i64)
  sig1 = wasm(i64, i64) -> i32
  fn0 = sig0 sym5
  fn1 = sig1 sym6
block0(v0: i64):
  v1, v2 = invoke fn1(v0, v0), block1, block2(v2)
block1:
  v3 = invoke_indirect sig0 v0(v0), block3, block2(v0)
block2(v4: i64):
  v5 = wrap.i32 v4
  return v5
block3:
  return v1
}
)");
  ir::Func caller = parsed(kHead + R"(  v2 = call fn0(v0)
  return v2
}
)");
  CalleeProvider provider{&callee, [](void* user, uint32_t symbol) {
                            return symbol == 1 ? Callee{static_cast<ir::Func*>(user)} : Callee{};
                          }};
  EXPECT_EQ(inline_calls(caller, provider), 1u);
  EXPECT_EQ(ir::verify(caller), std::nullopt) << *ir::verify(caller);
  EXPECT_EQ(ir::print(ir::compact(caller), ir::Numbering::Dense), R"(function "f" sym0 wasm(i64, i32) -> i32 {
  sig0 = wasm(i64) -> i32
  sig1 = wasm(i64, i64) -> i32
  sig2 = wasm(i64)
  fn0 = sig0 sym1
  fn1 = sig1 sym6
block0(v0: i64, v1: i32):
  v2, v3 = invoke fn1(v0, v0), block1, block2(v3) @0x80000000
block1:
  v4 = invoke_indirect sig2 v0(v0), block3, block2(v0) @0x80000000
block2(v5: i64):
  v6 = wrap.i32 v5 @0x80000000
  jump block4(v6) @0x80000000
block3:
  jump block4(v2) @0x80000000
block4(v7: i32):
  return v7
}
)");
}

}  // namespace
}  // namespace vitrine::opt

// Each pass: a function before, and what the pass (and dead code removal, where it says so) makes of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using PassFn = void (*)(ir::Func&, PassCtx&);

void check(std::initializer_list<PassFn> passes, const char* before, const char* after) {
  auto f = ir::parse(before);
  ASSERT_TRUE(f.has_value()) << f.error().message();
  ASSERT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
  PassCtx ctx;
  for (PassFn pass : passes) pass(*f, ctx);
  EXPECT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
  EXPECT_EQ(ir::print(*f, ir::Numbering::Dense), after);
}

TEST(Passes, SimplifyParams) {
  // A parameter that a loop only passes to itself, through an inner loop and a join.
  check({simplify_params}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  jump block1(v0, v1)
block1(v2: i32, v3: i32):
  jump block2(v2, v3)
block2(v4: i32, v5: i32):
  brif v5, block3, block4
block3:
  jump block5(v4)
block4:
  jump block5(v4)
block5(v6: i32):
  v7 = iconst.i32 1
  v8 = isub.i32 v5, v7
  brif v8, block2(v6, v8), block6(v6)
block6(v9: i32):
  brif v3, block1(v9, v8), block7
block7:
  return v9
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  jump block1(v1)
block1(v2: i32):
  jump block2(v2)
block2(v3: i32):
  brif v3, block3, block4
block3:
  jump block5
block4:
  jump block5
block5:
  v4 = iconst.i32 1
  v5 = isub.i32 v3, v4
  brif v5, block2(v5), block6
block6:
  brif v2, block1(v5), block7
block7:
  return v0
}
)");
  // Two values stay a parameter.
  check({simplify_params}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1(v0), block1(v1)
block1(v2: i32):
  return v2
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1(v0), block1(v1)
block1(v2: i32):
  return v2
}
)");
}

TEST(Passes, Dce) {
  // A cycle of parameters that feeds only itself, and what computes it.
  check({dce}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = iconst.i32 0
  jump block1(v0, v1)
block1(v2: i32, v3: i32):
  v4 = iconst.i32 1
  v5 = isub.i32 v2, v4
  v6 = iadd.i32 v3, v5
  brif v5, block1(v5, v6), block2
block2:
  return v5
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v1: i32):
  v2 = iconst.i32 1
  v3 = isub.i32 v1, v2
  brif v3, block1(v3), block2
block2:
  return v3
}
)");
  // What may trap stays without a use; what cannot goes.
  check({dce}, R"(function "f" sym0 wasm(i64, i32) {
block0(v0: i64, v1: i32):
  v2 = load.i32 v0 r1 trap=1
  v3 = load.i32 v0+4 r1
  v4 = sdiv.i32 v1, v1
  v5 = iadd.i32 v1, v1
  return
}
)",
        R"(function "f" sym0 wasm(i64, i32) {
block0(v0: i64, v1: i32):
  v2 = load.i32 v0 r1 trap=1
  v3 = sdiv.i32 v1, v1
  return
}
)");
}

TEST(Passes, Branches) {
  // Edges go through blocks that only jump, with their arguments.
  check({branches}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1(v1), block2
block1(v2: i32):
  jump block3(v2, v0)
block2:
  v3 = clz.i32 v1
  brif v3, block4, block5
block4:
  jump block3(v1, v3)
block5:
  return v3
block3(v4: i32, v5: i32):
  v6 = iadd.i32 v4, v5
  return v6
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block3(v1, v0), block1
block1:
  v2 = clz.i32 v1
  brif v2, block3(v1, v2), block2
block2:
  return v2
block3(v3: i32, v4: i32):
  v5 = iadd.i32 v3, v4
  return v5
}
)");
  // Not where the parameter is used elsewhere.
  check({branches}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1(v1, v0), block1(v0, v1)
block1(v2: i32, v3: i32):
  jump block3
block3:
  brif v1, block4, block5
block4:
  return v2
block5:
  return v3
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1(v1, v0), block1(v0, v1)
block1(v2: i32, v3: i32):
  brif v1, block2, block3
block2:
  return v2
block3:
  return v3
}
)");
  // One target, one integer that differs: a select.
  check({branches}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1, block2
block1:
  jump block3(v1)
block2:
  jump block3(v0)
block3(v2: i32):
  v3 = clz.i32 v2
  return v3
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = select.i32 v0, v1, v0
  v3 = clz.i32 v2
  return v3
}
)");
  // Straight lines merge; a preheader stays.
  check({branches}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = clz.i32 v0
  jump block1(v1)
block1(v2: i32):
  v3 = ctz.i32 v2
  brif v3, block2, block4
block2:
  jump block3(v3)
block3(v4: i32):
  v5 = iconst.i32 1
  v6 = isub.i32 v4, v5
  brif v6, block3(v6), block4
block4:
  return v3
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = clz.i32 v0
  v2 = ctz.i32 v1
  brif v2, block1, block3
block1:
  jump block2(v2)
block2(v3: i32):
  v4 = iconst.i32 1
  v5 = isub.i32 v3, v4
  brif v5, block2(v5), block3
block3:
  return v2
}
)");
  // A table of few ranges becomes comparisons; one of many stays.
  check({branches, gvn, dce}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  br_table v0, [block1, block2, block2, block2], block3
block1:
  v1 = iconst.i32 1
  return v1
block2:
  br_table v0, [block1, block3, block1, block3], block1
block3:
  return v0
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = iconst.i32 4
  v2 = icmp.i32 ult v0, v1
  brif v2, block1, block4
block1:
  v3 = iconst.i32 1
  brif v0, block3, block2
block2:
  return v3
block3:
  br_table v0, [block2, block4, block2, block4], block2
block4:
  return v0
}
)");
}

TEST(Passes, Rotate) {
  // A loop tested at the top.
  check({rotate}, R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  v2 = iconst.i32 0
  jump block1(v2, v2)
block1(v3: i32, v4: i32):
  v5 = icmp.i32 slt v3, v0
  brif v5, block2, block3
block2:
  v6 = uextend.i64 v3
  v7 = iadd.i64 v1, v6
  v8 = load.i32 v7 r1 trap=1
  v9 = iadd.i32 v4, v8
  v10 = iconst.i32 1
  v11 = iadd.i32 v3, v10
  jump block1(v11, v9)
block3:
  return v4
}
)",
        R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  v2 = iconst.i32 0
  v3 = icmp.i32 slt v2, v0
  brif v3, block1(v2, v2), block2(v2)
block1(v4: i32, v5: i32):
  v6 = uextend.i64 v4
  v7 = iadd.i64 v1, v6
  v8 = load.i32 v7 r1 trap=1
  v9 = iadd.i32 v5, v8
  v10 = iconst.i32 1
  v11 = iadd.i32 v4, v10
  v12 = icmp.i32 slt v11, v0
  brif v12, block1(v11, v9), block2(v9)
block2(v13: i32):
  return v13
}
)");
  // With a second way out.
  check({rotate}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v3: i32):
  v5 = clz.i32 v3
  brif v5, block2, block3(v5)
block2:
  v6 = ctz.i32 v3
  brif v6, block4, block3(v6)
block4:
  v11 = iadd.i32 v3, v6
  jump block1(v11)
block3(v12: i32):
  v13 = iadd.i32 v12, v3
  return v13
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = clz.i32 v0
  brif v1, block1(v0), block3(v1, v0)
block1(v2: i32):
  v3 = ctz.i32 v2
  brif v3, block2, block3(v3, v2)
block2:
  v4 = iadd.i32 v2, v3
  v5 = clz.i32 v4
  brif v5, block1(v4), block3(v5, v4)
block3(v6: i32, v7: i32):
  v8 = iadd.i32 v6, v7
  return v8
}
)");
  // Not where a value of the header is used past a join that neither side dominates.
  check({rotate}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v3: i32):
  v5 = clz.i32 v3
  brif v5, block2, block3
block2:
  v6 = ctz.i32 v3
  brif v6, block4, block5
block4:
  jump block1(v6)
block3:
  jump block5
block5:
  return v5
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v1: i32):
  v2 = clz.i32 v1
  brif v2, block2, block4
block2:
  v3 = ctz.i32 v1
  brif v3, block3, block5
block3:
  jump block1(v3)
block4:
  jump block5
block5:
  return v2
}
)");
}

TEST(Passes, Gvn) {
  // An equal instruction that dominates; not one on another path.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = imul.i32 v0, v1
  brif v0, block1, block2
block1:
  v3 = imul.i32 v1, v0
  v4 = clz.i32 v3
  return v4
block2:
  v5 = clz.i32 v2
  return v5
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = imul.i32 v0, v1
  brif v0, block1, block2
block1:
  v3 = clz.i32 v2
  return v3
block2:
  v4 = clz.i32 v2
  return v4
}
)");
  // A division is there once; readonly loads too.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32, i32, i64) -> i32 {
block0(v0: i32, v1: i32, v2: i64):
  v3 = sdiv.i32 v0, v1
  v4 = load.i32 v2 r4 readonly
  store.i32 v2, v0 r1
  v5 = sdiv.i32 v0, v1
  v6 = load.i32 v2 r4 readonly
  v7 = iadd.i32 v3, v5
  v8 = iadd.i32 v4, v6
  v9 = iadd.i32 v7, v8
  return v9
}
)",
        R"(function "f" sym0 wasm(i32, i32, i64) -> i32 {
block0(v0: i32, v1: i32, v2: i64):
  v3 = sdiv.i32 v0, v1
  v4 = load.i32 v2 r4 readonly
  store.i32 v2, v0 r1
  v5 = iadd.i32 v3, v3
  v6 = iadd.i32 v4, v4
  v7 = iadd.i32 v5, v6
  return v7
}
)");
  // A condition is known on the way out of its branch.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = icmp.i32 ult v0, v1
  brif v2, block1, block2
block1:
  brif v2, block3, block2
block3:
  v3 = icmp.i32 ult v0, v1
  v4 = select.i32 v3, v0, v1
  return v4
block2:
  return v1
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = icmp.i32 ult v0, v1
  brif v2, block1, block2
block1:
  return v0
block2:
  return v1
}
)");
  // A trap tested twice, and one behind its opposite.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = icmp.i32 ult v0, v1
  trapif v2, 5
  v3 = iconst.i32 0
  v4 = icmp.i32 eq v2, v3
  trapifnot v4, 6
  trapif v2, 7
  return v0
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = icmp.i32 ult v0, v1
  trapif v2, 5
  v3 = icmp.i32 uge v0, v1
  trapifnot v3, 6
  return v0
}
)");
  // A trap that always happens ends the block.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = iconst.i32 1
  trapif v1, 5
  brif v0, block1, block2
block1:
  return v0
block2:
  return v1
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  trap 5
}
)");
  // Branches on constants, and inverted ones.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  v1 = iconst.i32 0
  v2 = icmp.i32 eq v0, v1
  brif v2, block1, block2 cold
block1:
  brif v1, block3, block4
block2:
  v3 = iconst.i32 1
  br_table v3, [block3, block4], block5
block3:
  trap 1
block4:
  v4 = iconst.i32 7
  return v4
block5:
  trap 2
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  brif v0, block1, block2 hot
block1:
  jump block2
block2:
  v1 = iconst.i32 7
  return v1
}
)");
  // A table of one case is a branch.
  check({gvn, dce}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  br_table v0, [block1], block2
block1:
  trap 1
block2:
  return v0
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  brif v0, block2, block1
block1:
  trap 1
block2:
  return v0
}
)");
}

TEST(Passes, Memory) {
  // A load of what was stored, of every width.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i32, i64, f32) -> i32, i64, i32, i64, i64, i32, f32 {
block0(v0: i64, v1: i32, v2: i64, v3: f32):
  store.i32 v0, v1 r1
  v4 = load.i32 v0 r1
  store.i32 u8 v0+8, v1 r1
  v5 = load.i64 u8 v0+8 r1
  v6 = load.i32 s8 v0+8 r1
  store.i32 v0+16, v1 r1
  v7 = load.i64 u32 v0+16 r1
  v8 = load.i64 s32 v0+16 r1
  store.i64 u32 v0+24, v2 r1
  v9 = load.i32 v0+24 r1
  store.i32 v0+32, v1 r1
  v10 = load.f32 v0+32 r1
  return v4, v5, v6, v7, v8, v9, v10
}
)",
        R"(function "f" sym0 wasm(i64, i32, i64, f32) -> i32, i64, i32, i64, i64, i32, f32 {
block0(v0: i64, v1: i32, v2: i64, v3: f32):
  store.i32 v0, v1 r1
  store.i32 u8 v0+8, v1 r1
  v4 = uextend.i64 v1
  v5 = iconst.i64 255
  v6 = and.i64 v4, v5
  v7 = sext8.i32 v1
  store.i32 v0+16, v1 r1
  v8 = uextend.i64 v1
  v9 = sextend.i64 v1
  store.i64 u32 v0+24, v2 r1
  v10 = wrap.i32 v2
  store.i32 v0+32, v1 r1
  v11 = bitcast.f32 v1
  return v1, v6, v7, v8, v9, v10, v11
}
)");
  // A load again, until something may have written there.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i64, i32) -> i32, i32, i32, i32, i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v0 r1 trap=1
  v4 = load.i32 v0 r1 trap=1
  store.i32 v1, v2 r2
  v5 = load.i32 v0 r1 trap=1
  store.i32 v0+4, v2 r1
  v6 = load.i32 v0 r1 trap=1
  store.i32 v1, v2 r1
  v7 = load.i32 v0 r1 trap=1
  return v3, v4, v5, v6, v7
}
)",
        R"(function "f" sym0 wasm(i64, i64, i32) -> i32, i32, i32, i32, i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v0 r1 trap=1
  store.i32 v1, v2 r2
  store.i32 v0+4, v2 r1
  store.i32 v1, v2 r1
  v4 = load.i32 v0 r1 trap=1
  return v3, v3, v3, v3, v4
}
)");
  // An overlapping store, and a call.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i32) -> i32, i32 {
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64, v1: i32):
  store.i32 v0, v1 r1
  store.i32 u8 v0+3, v1 r1
  v2 = load.i32 v0 r1
  call fn0(v0)
  v3 = load.i32 v0 r1
  return v2, v3
}
)",
        R"(function "f" sym0 wasm(i64, i32) -> i32, i32 {
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64, v1: i32):
  store.i32 v0, v1 r1
  store.i32 u8 v0+3, v1 r1
  v2 = load.i32 v0 r1
  call fn0(v0)
  v3 = load.i32 v0 r1
  return v2, v3
}
)");
  // A dead store; not where a trap or a load comes between.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i64, i32, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32, v3: i32):
  store.i32 v0, v2 r1 trap=1
  store.i32 v0, v3 r1 trap=1
  store.i32 v0+8, v2 r1 trap=1
  trapif v3, 5
  store.i32 v0+8, v3 r1 trap=1
  store.i32 v0+16, v2 r1
  v4 = load.i32 v1 r1
  store.i32 v0+16, v3 r1
  return v4
}
)",
        R"(function "f" sym0 wasm(i64, i64, i32, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32, v3: i32):
  store.i32 v0, v3 r1 trap=1
  store.i32 v0+8, v2 r1 trap=1
  trapif v3, 5
  store.i32 v0+8, v3 r1 trap=1
  store.i32 v0+16, v2 r1
  v4 = load.i32 v1 r1
  store.i32 v0+16, v3 r1
  return v4
}
)");
  // A store that may trap is dead only with no other store between.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i64, i32, i32) {
block0(v0: i64, v1: i64, v2: i32, v3: i32):
  store.i32 v0, v2 r1 trap=1
  store.i32 v1, v3 r2
  store.i32 v0, v3 r1 trap=1
  store.i32 v0, v3 r1 trap=1
  return
}
)",
        R"(function "f" sym0 wasm(i64, i64, i32, i32) {
block0(v0: i64, v1: i64, v2: i32, v3: i32):
  store.i32 v0, v2 r1 trap=1
  store.i32 v1, v3 r2
  store.i32 v0, v3 r1 trap=1
  return
}
)");
  // Past a join and into a loop, unless the region is written on the way.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, i32) -> i32 {
block0(v0: i64, v1: i32):
  v2 = load.i32 v0 r1
  v3 = load.i32 v0+32 r2
  brif v1, block1, block2
block1:
  store.i32 v0+40, v1 r2
  jump block2
block2:
  v4 = load.i32 v0 r1
  v5 = load.i32 v0+32 r2
  jump block3(v1)
block3(v6: i32):
  v7 = load.i32 v0 r1
  v8 = load.i32 v0+64 r3
  store.i32 v0+64, v6 r3
  v9 = iconst.i32 1
  v10 = isub.i32 v6, v9
  brif v10, block3(v10), block4
block4:
  v11 = iadd.i32 v2, v3
  v12 = iadd.i32 v4, v5
  v13 = iadd.i32 v7, v8
  v14 = iadd.i32 v11, v12
  v15 = iadd.i32 v13, v14
  return v15
}
)",
        R"(function "f" sym0 wasm(i64, i32) -> i32 {
block0(v0: i64, v1: i32):
  v2 = load.i32 v0 r1
  v3 = load.i32 v0+32 r2
  brif v1, block1, block2
block1:
  store.i32 v0+40, v1 r2
  jump block2
block2:
  v4 = load.i32 v0+32 r2
  jump block3(v1)
block3(v5: i32):
  v6 = load.i32 v0+64 r3
  store.i32 v0+64, v5 r3
  v7 = iconst.i32 1
  v8 = isub.i32 v5, v7
  brif v8, block3(v8), block4
block4:
  v9 = iadd.i32 v2, v3
  v10 = iadd.i32 v2, v4
  v11 = iadd.i32 v2, v6
  v12 = iadd.i32 v9, v10
  v13 = iadd.i32 v11, v12
  return v13
}
)");
}

TEST(Passes, Licm) {
  // What does not change leaves both loops at once; equal ones once; addresses stay.
  check({licm}, R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  brif v0, block1(v0), block5
block1(v2: i32):
  jump block2(v2)
block2(v3: i32):
  v4 = imul.i32 v0, v0
  v5 = imul.i32 v2, v0
  v6 = uextend.i64 v0
  v7 = iadd.i64 v1, v6
  store.i32 v7, v4 r1 trap=1
  store.i32 v7+4, v5 r1 trap=1
  v8 = iconst.i32 1
  v9 = isub.i32 v3, v8
  brif v9, block2(v9), block3
block3:
  v10 = imul.i32 v0, v0
  v11 = isub.i32 v2, v8
  store.i32 v1, v10 r1 trap=1
  brif v11, block1(v11), block5
block5:
  return v0
}
)",
        R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  brif v0, block5(v0), block4
block1(v2: i32):
  v3 = imul.i32 v2, v0
  jump block2(v2)
block2(v4: i32):
  v5 = uextend.i64 v0
  v6 = iadd.i64 v1, v5
  store.i32 v6, v11 r1 trap=1
  store.i32 v6+4, v3 r1 trap=1
  v7 = iconst.i32 1
  v8 = isub.i32 v4, v7
  brif v8, block2(v8), block3
block3:
  v9 = isub.i32 v2, v7
  store.i32 v1, v11 r1 trap=1
  brif v9, block1(v9), block4
block4:
  return v0
block5(v10: i32):
  v11 = imul.i32 v0, v0
  jump block1(v10)
}
)");
  // Loads: of the context unless written; what the header does first; not what a check may guard.
  check({licm}, R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  jump block1(v0)
block1(v2: i32):
  v3 = load.i32 v1 r1 trap=1
  v4 = load.i32 v1+4 r2 trap=1
  v5 = vmctx
  v6 = load.i32 v5 r4
  v7 = load.i32 v5 r2
  trapif v3, 5
  v8 = load.i32 v1+8 r1
  v9 = load.i32 v1+12 r1 mapped
  store.i32 v1, v2 r2 trap=1
  v10 = iadd.i32 v6, v8
  v11 = isub.i32 v2, v10
  brif v11, block1(v11), block2
block2:
  v12 = iadd.i32 v9, v7
  v13 = iadd.i32 v12, v4
  return v13
}
)",
        R"(function "f" sym0 wasm(i32, i64) -> i32 {
block0(v0: i32, v1: i64):
  v2 = load.i32 v1 r1 trap=1
  v3 = vmctx
  v4 = load.i32 v3 r4
  v5 = load.i32 v1+12 r1 mapped
  jump block1(v0)
block1(v6: i32):
  v7 = load.i32 v1+4 r2 trap=1
  v8 = load.i32 v3 r2
  trapif v2, 5
  v9 = load.i32 v1+8 r1
  store.i32 v1, v6 r2 trap=1
  v10 = iadd.i32 v4, v9
  v11 = isub.i32 v6, v10
  brif v11, block1(v11), block2
block2:
  v12 = iadd.i32 v5, v8
  v13 = iadd.i32 v12, v7
  return v13
}
)");
}

// Both say so when they have split an edge: what is known of the graph is not what it was.
TEST(Passes, LayoutChangesTheGraph) {
  for (PassFn pass : {layout, layout_as_built}) {
    auto f = ir::parse(R"(function "f" sym0 wasm(i32) {
block0(v0: i32):
  brif v0, block1, block2
block1:
  jump block2
block2:
  return
}
)");
    ASSERT_TRUE(f.has_value()) << f.error().message();
    PassCtx ctx;
    EXPECT_EQ(ctx.cfg(*f).rpo().size(), 3u);
    pass(*f, ctx);
    EXPECT_EQ(ctx.cfg(*f).rpo().size(), 4u);
  }
}

// What both ways of a branch share is no block that is entered once.
TEST(Passes, BothEdgesOfABranchAreSplit) {
  for (PassFn pass : {layout, layout_as_built}) {
    auto f = ir::parse(R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  brif v0, block1(v0), block1(v0)
block1(v1: i32):
  return v1
}
)");
    ASSERT_TRUE(f.has_value()) << f.error().message();
    PassCtx ctx;
    pass(*f, ctx);
    const auto succs = f->succs((*f)[f->layout[0]].last);
    ASSERT_EQ(succs.size(), 2u);
    EXPECT_NE(succs[0].target, succs[1].target);
  }
}

TEST(Passes, Layout) {
  // Critical edges get a block; cases that pass the same share one; what traps goes last.
  check({layout}, R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block1, block2(v0)
block1:
  trap 1
block2(v2: i32):
  br_table v1, [block2(v1), block2(v1), block2(v0)], block3
block3:
  return v2
}
)",
        R"(function "f" sym0 wasm(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  brif v0, block6, block1
block1:
  jump block2(v0)
block2(v2: i32):
  br_table v1, [block3, block3, block4], block5
block3:
  jump block2(v1)
block4:
  jump block2(v0)
block5:
  return v2
block6: cold
  trap 1
}
)");
  // A loop stays together, what follows it follows.
  check({layout}, R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v1: i32):
  brif v1, block3, block2
block2:
  return v1
block3:
  v2 = clz.i32 v1
  brif v2, block4, block5
block5:
  jump block1(v2)
block4:
  brif v0, block2, block6 cold
block6:
  jump block1(v0)
}
)",
        R"(function "f" sym0 wasm(i32) -> i32 {
block0(v0: i32):
  jump block1(v0)
block1(v1: i32):
  brif v1, block2, block6
block2:
  v2 = clz.i32 v1
  brif v2, block4, block3
block3:
  jump block1(v2)
block4:
  brif v0, block8, block5 cold
block5:
  jump block1(v0)
block6:
  jump block7
block7:
  return v1
block8: cold
  jump block7
}
)");
}

TEST(Passes, VectorsInMemory) {
  // A store and a load forward a vector; an overlapping store of fewer bytes does not, nor a load of another width.
  check({memory, dce}, R"(function "f" sym0 wasm(i64, v128, i32) -> v128, v128, v128, i64 {
block0(v0: i64, v1: v128, v2: i32):
  store.v128 v0, v1 r1
  v3 = load.v128 v0 r1
  v4 = load.i64 v0+8 r1
  v5 = load.v128 v0+32 r1
  v6 = load.v128 v0+32 r1
  v7 = xor.v128 v5, v6
  store.i32 v0+44, v2 r1
  v8 = load.v128 v0+32 r1
  return v3, v7, v8, v4
}
)",
        R"(function "f" sym0 wasm(i64, v128, i32) -> v128, v128, v128, i64 {
block0(v0: i64, v1: v128, v2: i32):
  store.v128 v0, v1 r1
  v3 = load.i64 v0+8 r1
  v4 = load.v128 v0+32 r1
  v5 = xor.v128 v4, v4
  store.i32 v0+44, v2 r1
  v6 = load.v128 v0+32 r1
  return v1, v5, v6, v3
}
)");
}

TEST(Passes, VectorBits) {
  check({gvn, dce}, R"(function "f" sym0 wasm(v128) -> v128, v128, v128, v128, v128 {
block0(v0: v128):
  v1 = vconst.v128 0x00000000000000000000000000000000
  v2 = vconst.v128 0xffffffffffffffffffffffffffffffff
  v3 = vconst.v128 0xffffffffffffffff0000000000000000
  v4 = xor.v128 v0, v0
  v5 = or.v128 v4, v0
  v6 = and.v128 v2, v0
  v7 = xor.v128 v3, v2
  v8 = and.v128 v0, v3
  v9 = and.v128 v3, v0
  return v5, v6, v7, v8, v9
}
)",
        R"(function "f" sym0 wasm(v128) -> v128, v128, v128, v128, v128 {
block0(v0: v128):
  v1 = vconst.v128 0xffffffffffffffff0000000000000000
  v2 = vconst.v128 0x0000000000000000ffffffffffffffff
  v3 = and.v128 v0, v1
  return v0, v0, v2, v3, v3
}
)");
}

TEST(Passes, LicmCountsVectorsAsFloats) {
  // A loop that uses `general` and `vectors` values which do not change: how many of them stay in it.
  auto left = [](uint32_t general, uint32_t vectors) {
    std::string text = R"(function "f" sym0 wasm(i64, v128, i32) {
block0(v0: i64, v1: v128, v2: i32):
  jump block1(v2)
block1(v3: i32):
)";
    uint32_t next = 4;
    std::string uses;
    for (uint32_t n = 0; n < general; ++n, ++next) {
      text += fmt::format("  v{} = iadd.i64 v0, v{}\n", next + 1, next);
      text.insert(text.rfind("  v"), fmt::format("  v{} = iconst.i64 {}\n", next, 1000 + n));
      uses += fmt::format("  store.i64 v0+{}, v{} r2\n", 8 * n, next + 1);
      ++next;
    }
    for (uint32_t n = 0; n < vectors; ++n) {
      text += fmt::format("  v{} = load.v128 v0+{} r1 mapped\n", next, 16 * n);
      uses += fmt::format("  store.v128 v0+{}, v{} r2\n", 512 + 16 * n, next++);
    }
    text += uses + fmt::format("  v{0} = clz.i32 v3\n  brif v{0}, block1(v{0}), block2\nblock2:\n  return\n}}\n", next);
    auto f = ir::parse(text);
    EXPECT_TRUE(f.has_value()) << f.error().message() << text;
    PassCtx ctx;
    licm(*f, ctx);
    EXPECT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
    std::pair<uint32_t, uint32_t> stay{0, 0};
    ir::Block loop = f->layout[1];
    for (ir::Inst i = (*f)[loop].first; i.valid(); i = f->next(i)) {
      stay.first += (*f)[i].op == ir::Op::IAdd;
      stay.second += (*f)[i].op == ir::Op::Load;
    }
    return stay;
  };
  EXPECT_EQ(left(10, 10), (std::pair{0u, 0u}));
  EXPECT_EQ(left(12, 10), (std::pair{2u, 0u}));
  EXPECT_EQ(left(10, 12), (std::pair{0u, 2u}));
}

TEST(Passes, LicmCountsEachResult) {
  // Six products that do not change, of two words each: room for five.
  std::string text = R"(function "f" sym0 wasm(i64, i32) {
block0(v0: i64, v1: i32):
  jump block1(v1)
block1(v2: i32):
)";
  std::string uses;
  for (uint32_t n = 0; n < 6; ++n) {
    const uint32_t v = 3 + 3 * n;
    text += fmt::format("  v{} = iconst.i64 {}\n  v{}, v{} = umul_wide.i64 v0, v{}\n", v, 1001 + n, v + 1, v + 2, v);
    uses += fmt::format("  store.i64 v0+{}, v{} r2\n  store.i64 v0+{}, v{} r2\n", 16 * n, v + 1, 16 * n + 8, v + 2);
  }
  text += uses + "  v21 = clz.i32 v2\n  brif v21, block1(v21), block2\nblock2:\n  return\n}\n";
  auto f = ir::parse(text);
  ASSERT_TRUE(f.has_value()) << f.error().message() << text;
  PassCtx ctx;
  licm(*f, ctx);
  EXPECT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
  int stay = 0;
  for (ir::Inst i = (*f)[f->layout[1]].first; i.valid(); i = f->next(i)) stay += (*f)[i].op == ir::Op::UMulWide;
  EXPECT_EQ(stay, 1);
}

TEST(Passes, SeveralResults) {
  // Equal ones become one, constants fold, and one lives as long as any of its results does.
  check({gvn, dce}, R"(function "f" sym0 wasm(i64, i64) -> i64, i64, i64, i64 {
block0(v0: i64, v1: i64):
  v2, v3 = umul_wide.i64 v0, v1
  v4, v5 = umul_wide.i64 v1, v0
  v6, v7 = iadd128.i64 v2, v3, v0, v1
  v8, v9 = iadd128.i64 v4, v5, v0, v1
  v10, v11 = isub128.i64 v4, v5, v0, v1
  v12 = iconst.i64 -1
  v13, v14 = smul_wide.i64 v12, v12
  v15, v16 = umul_wide.i64 v0, v0
  return v7, v8, v14, v16
}
)",
        R"(function "f" sym0 wasm(i64, i64) -> i64, i64, i64, i64 {
block0(v0: i64, v1: i64):
  v2, v3 = umul_wide.i64 v0, v1
  v4, v5 = iadd128.i64 v2, v3, v0, v1
  v6 = iconst.i64 0
  v7, v8 = umul_wide.i64 v0, v0
  return v5, v4, v6, v8
}
)");
  // All of them move, and equal ones that move become one.
  check({licm, dce}, R"(function "f" sym0 wasm(i64, i64, i32) -> i64 {
block0(v0: i64, v1: i64, v2: i32):
  jump block1(v2)
block1(v3: i32):
  v4, v5 = iadd128.i64 v0, v1, v1, v0
  v6, v7 = iadd128.i64 v0, v1, v1, v0
  v8 = iadd.i64 v5, v7
  v9 = wrap.i32 v8
  v10 = isub.i32 v3, v9
  brif v10, block1(v10), block2
block2:
  return v6
}
)",
        R"(function "f" sym0 wasm(i64, i64, i32) -> i64 {
block0(v0: i64, v1: i64, v2: i32):
  v3, v4 = iadd128.i64 v0, v1, v1, v0
  v5 = iadd.i64 v4, v4
  jump block1(v2)
block1(v6: i32):
  v7 = wrap.i32 v5
  v8 = isub.i32 v6, v7
  brif v8, block1(v8), block2
block2:
  return v3
}
)");
  // In a header that is copied, each result is carried, and the copy has arguments of its own.
  check({rotate}, R"(function "f" sym0 wasm(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  jump block1(v0, v1)
block1(v2: i64, v3: i64):
  v4, v5 = isub128.i64 v2, v3, v0, v1
  v6 = wrap.i32 v5
  brif v6, block2, block3
block2:
  jump block1(v4, v5)
block3:
  v7 = iadd.i64 v4, v5
  return v7
}
)",
        R"(function "f" sym0 wasm(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2, v3 = isub128.i64 v0, v1, v0, v1
  v4 = wrap.i32 v3
  brif v4, block1(v2, v3), block2(v2, v3)
block1(v5: i64, v6: i64):
  v7, v8 = isub128.i64 v5, v6, v0, v1
  v9 = wrap.i32 v8
  brif v9, block1(v7, v8), block2(v7, v8)
block2(v10: i64, v11: i64):
  v12 = iadd.i64 v10, v11
  return v12
}
)");
}

TEST(Passes, ManyRegions) {
  // Each of many regions keeps its loads over writes of another; those beyond what is told apart may be anything.
  auto loads_left = [](uint32_t regions, uint32_t first) {
    std::string text = "function \"f\" sym0 wasm(i64, i64) -> i64 {\nblock0(v0: i64, v1: i64):\n";
    uint32_t next = 2;
    for (uint32_t r = 0; r < regions; ++r, ++next)
      text += fmt::format("  v{} = load.i64 v0+{} r{}\n", next, 8 * r, first + r);
    text += fmt::format("  store.i64 v1, v2 r{}\n", first + regions);
    for (uint32_t r = 0; r < regions; ++r, next += 2)
      text += fmt::format("  v{0} = load.i64 v0+{1} r{2}\n  v{3} = iadd.i64 v{4}, v{0}\n", next, 8 * r, first + r,
                          next + 1, r ? next - 1 : 2);
    text += fmt::format("  return v{}\n}}\n", next - 1);
    auto f = ir::parse(text);
    EXPECT_TRUE(f.has_value()) << f.error().message() << text;
    PassCtx ctx;
    memory(*f, ctx);
    uint32_t loads = 0;
    for (ir::Inst i = (*f)[f->layout[0]].first; i.valid(); i = f->next(i)) loads += (*f)[i].op == ir::Op::Load;
    return loads;
  };
  EXPECT_EQ(loads_left(10, 1), 10u);
  EXPECT_EQ(loads_left(10, 200), 10u);  // high numbers are as good
  EXPECT_EQ(loads_left(14, 100), 14u);
  EXPECT_EQ(loads_left(20, 100), 40u);  // the store's region has no number left: it may be anything
}

}  // namespace
}  // namespace vitrine::opt

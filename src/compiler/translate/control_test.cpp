#include "compiler/translate/testing.hpp"

namespace vitrine::translate {
namespace {

TEST(Control, StraightLine) {
  EXPECT_EQ(ir_of("(func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"), R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iadd.i32 v1, v2
  return v3
)");
}
TEST(Control, IfElseMergesWhatDiffers) {
  EXPECT_EQ(ir_of(R"((func (param i32 i32) (result i32) (local i32 i32)
    (if (local.get 0)
      (then (local.set 1 (i32.const 7)) (local.set 2 (i32.const 3)))
      (else (local.set 2 (i32.const 4))))
    (i32.add (i32.add (local.get 1) (local.get 2)) (local.get 3))))"),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 0
  brif v1, block1, block2
block1:
  v4 = iconst.i32 7
  v5 = iconst.i32 3
  jump block3(v4, v5)
block2:
  v6 = iconst.i32 4
  jump block3(v2, v6)
block3(v7: i32, v8: i32):
  v9 = iadd.i32 v7, v8
  return v9
)");
}
TEST(Control, IfWithoutElse) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (if (local.get 0) (then (local.set 0 (i32.const 7))))
    (local.get 0)))"),
            R"(
block0(v0: i64, v1: i32):
  brif v1, block1, block2(v1)
block1:
  v2 = iconst.i32 7
  jump block2(v2)
block2(v3: i32):
  return v3
)");
}
TEST(Control, LoopCarriesWhatItAssigns) {
  EXPECT_EQ(ir_of(R"((func (param i32 i32) (result i32) (local i32)
    (loop
      (local.set 2 (i32.add (local.get 2) (local.get 1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 2)))"),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 0
  jump block1(v3, v1)
block1(v4: i32, v5: i32):
  v6 = iadd.i32 v4, v2
  v7 = iconst.i32 1
  v8 = iconst.i32 -1
  v9 = iadd.i32 v5, v8
  brif v9, block1(v6, v9), block2
block2:
  return v6
)");
}
TEST(Control, LoopDropsRedundantParams) {
  EXPECT_EQ(ir_of(R"((func (param i32 i32) (result i32)
    (block
      (loop
        (br_if 1 (local.get 0))
        (if (local.get 1) (then (local.set 0 (i32.const 1)) (br 2)))
        (br 0)))
    (local.get 0)))"),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  jump block1
block1:
  brif v1, block5(v1), block2
block2:
  brif v2, block3, block4
block3:
  v3 = iconst.i32 1
  jump block5(v3)
block4:
  jump block1
block5(v4: i32):
  return v4
)");
}
TEST(Control, LoopWithoutBackEdge) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (loop (result i32) (local.set 0 (i32.mul (local.get 0) (local.get 0))) (local.get 0))))"),
            R"(
block0(v0: i64, v1: i32):
  jump block1
block1:
  v2 = imul.i32 v1, v1
  return v2
)");
}
TEST(Control, LoopParams) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (local.get 0) (i32.const 5)
    (loop (param i32 i32) (result i32)
      (i32.add)
      (i32.const 5)
      (br_if 0 (local.get 0)) (i32.sub))))"),
            R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 5
  jump block1(v1, v2)
block1(v3: i32, v4: i32):
  v5 = iadd.i32 v3, v4
  v6 = iconst.i32 5
  brif v1, block1(v5, v6), block2
block2:
  v7 = iconst.i32 -5
  v8 = iadd.i32 v5, v7
  return v8
)");
}
TEST(Control, NestedLoops) {
  EXPECT_EQ(ir_of(R"((func (param i32 i32) (local i32)
    (loop $outer
      (local.set 2 (local.get 1))
      (loop $inner
        (br_if $inner (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"),
            R"(
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 0
  jump block1(v3, v1)
block1(v4: i32, v5: i32):
  jump block2(v2)
block2(v6: i32):
  v7 = iconst.i32 1
  v8 = iconst.i32 -1
  v9 = iadd.i32 v6, v8
  brif v9, block2(v9), block3
block3:
  v10 = iconst.i32 1
  v11 = iconst.i32 -1
  v12 = iadd.i32 v5, v11
  brif v12, block1(v9, v12), block4
block4:
  return
)");
}
TEST(Control, BranchTable) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (block $a (block $b (block $c (br_table $a $b $b $c (local.get 0))) (return (i32.const 1))) (return (i32.const 2)))
    (i32.const 3)))"),
            R"(
block0(v0: i64, v1: i32):
  br_table v1, [block4, block1, block1], block2
block1:
  jump block3
block2:
  v2 = iconst.i32 1
  return v2
block3:
  v3 = iconst.i32 2
  return v3
block4:
  v4 = iconst.i32 3
  return v4
)");
}
TEST(Control, BranchTableWithValues) {
  EXPECT_EQ(ir_of(R"((func (param i32 i64) (result i64)
    (block $a (result i64) (block $b (result i64)
       (br_table $a $b (local.get 1) (local.get 0)))
     (i64.add (local.get 1)))))"),
            R"(
block0(v0: i64, v1: i32, v2: i64):
  br_table v1, [block1], block2
block1:
  jump block4(v2)
block2:
  jump block3
block3:
  v3 = iadd.i64 v2, v2
  jump block4(v3)
block4(v4: i64):
  return v4
)");
}
TEST(Control, BranchToFunctionLabel) {
  EXPECT_EQ(ir_of("(func (param i32) (result i32) (br_if 0 (i32.const 1) (local.get 0)) (drop) (i32.const 2))"), R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 1
  brif v1, block2, block1
block1:
  v3 = iconst.i32 2
  return v3
block2:
  return v2
)");
}
TEST(Control, UnreachableCodeIsNotBuilt) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (block (loop (br 1) (local.set 0 (i32.const 1)) (loop (br 0))))
    (unreachable)
    (block (result i32) (i32.const 1))))"),
            R"(
block0(v0: i64, v1: i32):
  jump block1
block1:
  jump block2
block2: cold
  trap 10
)");
}
TEST(Control, ConstantConditions) {
  EXPECT_EQ(ir_of(R"((func (param i32) (result i32)
    (if (result i32) (i32.const 0) (then (unreachable)) (else (i32.const 1)))
    (if (param i32) (result i32) (i32.const 1) (then (local.get 0) (i32.add)) (else (drop) (i32.const 5)))
    (block (br_if 0 (i32.const 0)) (local.set 0 (i32.const 9)) (br_if 0 (i32.const 3)) (local.set 0 (i32.const 8)))
    (br_table 0 0 0 (i32.const 1))))"),
            R"(
block0(v0: i64, v1: i32):
  v2 = iconst.i32 0
  v3 = iconst.i32 1
  v4 = iadd.i32 v1, v3
  jump block1
block1:
  v5 = iconst.i32 0
  v6 = iconst.i32 9
  v7 = iconst.i32 3
  jump block2
block2:
  v8 = iconst.i32 1
  return v4
)");
}

}  // namespace
}  // namespace vitrine::translate

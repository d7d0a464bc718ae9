// Hostile sizes: both modes finish, within the work they promise.
#include <gtest/gtest.h>

#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

Operand def(VReg v) {
  return {v, Role::Def, Point::Late, Constraint::Reg};
}
Operand use(VReg v) {
  return {v};
}

void expect_both_finish(Program& p, bool checked) {
  Input in = p.finish();
  Output out;
  allocate_fast(in, out);
  if (checked) {
    EXPECT_EQ(check(in, out), "");
  }
  allocate_linear_scan(in, out);
  if (checked) {
    EXPECT_EQ(check(in, out), "");
  }
}

TEST(Scale, HundredThousandInstructions) {
  RandomShape shape;
  shape.insts = 100'000;
  shape.max_nesting = 10;
  Program p = random_program(3, shape);
  ASSERT_GT(p.insts.size(), 100'000u);
  ASSERT_GT(p.blocks.size(), 10'000u);
  expect_both_finish(p, false);
}

// `count` values defined in the first block, used in the last, and `blocks` blocks between: the pairs of value and
// block are what must not be paid for.
Program long_lives(uint32_t count, uint32_t blocks) {
  Program p;
  std::vector<VReg> values;
  p.begin_block(0);
  for (uint32_t i = 0; i < count; ++i) {
    values.push_back(p.add_vreg(i % 3 ? RegClass::Int : RegClass::Float, i % 3 ? 4 : 8));
    p.add_inst(std::vector{def(values.back())});
  }
  p.add_inst({});
  p.blocks[0].succs = {1};
  for (uint32_t b = 1; b <= blocks; ++b) {
    p.begin_block(b);
    p.add_inst(std::vector{use(values[b % count])});
    p.add_inst({});
    p.blocks[b].succs = {b + 1};
  }
  p.begin_block(blocks + 1);
  for (VReg v : values) p.add_inst(std::vector{use(v)});
  return p;
}

TEST(Scale, FiftyThousandValuesAcrossTenThousandBlocks) {
  Program p = long_lives(50'000, 10'000);
  expect_both_finish(p, false);
}

TEST(Scale, ManyValuesAcrossManyBlocksAreRight) {
  Program p = long_lives(300, 200);
  expect_both_finish(p, true);
}

TEST(Scale, LoopsTenThousandDeep) {
  constexpr uint32_t kDepth = 10'000;
  Program p;
  VReg v = p.add_vreg(RegClass::Int, 8);
  p.begin_block(0);
  p.add_inst(std::vector{def(v)});
  p.add_inst({});
  p.blocks[0].succs = {1};
  // Headers 1..kDepth, each entered by the one before; then latches from the innermost outwards: a test, and a block
  // that jumps back.
  for (uint32_t d = 1; d <= kDepth; ++d) {
    p.begin_block(d);
    p.blocks[d].loop_depth = d;
    p.add_inst(std::vector{use(v)});
    p.add_inst({});
    p.blocks[d].succs = {d + 1};
  }
  uint32_t b = kDepth + 1;
  for (uint32_t d = kDepth; d >= 1; --d, b += 2) {
    p.begin_block(b);
    p.blocks[b].loop_depth = d;
    p.add_inst(std::vector{use(v)});
    p.blocks[b].succs = {b + 1, b + 2};
    p.begin_block(b + 1);
    p.blocks[b + 1].loop_depth = d;
    p.add_inst({});
    p.blocks[b + 1].succs = {d};
  }
  p.begin_block(b);
  p.add_inst(std::vector{use(v)});
  expect_both_finish(p, true);
}

TEST(Scale, OneJoinWithThousandsOfArguments) {
  // A parameter with ten thousand arguments, and a value with ten thousand holes.
  constexpr uint32_t kArms = 10'000;
  Program p;
  VReg v = p.add_vreg(RegClass::Int, 8), param = p.add_vreg(RegClass::Int, 8);
  p.begin_block(0);
  p.add_inst(std::vector{def(v)});
  p.add_inst(std::vector{use(v)});
  for (uint32_t a = 1; a <= kArms; ++a) {
    p.blocks[0].succs.push_back(a);
    p.begin_block(a);
    p.blocks[0].succs.back() = a;
    VReg arg = p.add_vreg(RegClass::Int, 8);
    p.add_inst(std::vector{def(arg), use(v)}, a % 7 ? PRegSet{} : PRegSet{0x3f});
    p.add_inst({});
    p.blocks[a].succs = {kArms + 1};
    p.blocks[a].branch_args = {arg};
  }
  p.begin_block(kArms + 1);
  p.blocks[kArms + 1].params = {param};
  p.add_inst(std::vector{use(param), use(v)});
  expect_both_finish(p, false);
}

TEST(Scale, CallsBetweenManyValues) {
  // Three hundred values across three hundred calls.
  Program p;
  std::vector<VReg> values;
  p.begin_block(0);
  for (uint32_t i = 0; i < 300; ++i) {
    values.push_back(p.add_vreg(RegClass::Int, 8));
    p.add_inst(std::vector{def(values.back())});
  }
  for (uint32_t i = 0; i < 300; ++i) {
    p.add_inst({}, PRegSet{0x3f});
    for (uint32_t k = 0; k < 10; ++k) p.add_inst(std::vector{use(values[(i * 7 + k * 31) % 300])});
  }
  expect_both_finish(p, true);
}

}  // namespace
}  // namespace vitrine::regalloc

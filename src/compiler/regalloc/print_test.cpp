#include "compiler/regalloc/print.hpp"

#include <gtest/gtest.h>

#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

TEST(Text, WhatIsPrintedCanBeRead) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Program p = random_program(seed, {});
    Input in = p.finish();
    std::string text = print(in);
    auto again = parse(text);
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(print(again->finish()), text);
    // Allocations and edits are skipped by the reader.
    Output out;
    allocate_fast(in, out);
    again = parse(print(in, &out));
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(print(again->finish()), text);
  }
}

TEST(Text, AllocationsAndEditsAreShown) {
  auto p = parse("block0:\n  d %0:i8 fixed r0\n  d %1:i8 reuse 1, u %0, clobber r3\n  u %0, u %1\n");
  ASSERT_TRUE(p);
  Input in = p->finish();
  Output out;
  out.allocs = {Allocation::reg(int_reg(0)), Allocation::reg(int_reg(1)), Allocation::reg(int_reg(1)),
                Allocation::reg(int_reg(0)), Allocation::reg(int_reg(1))};
  out.edits = {
      {1, Point::Early, Edit::Kind::Move, 8, Allocation::reg(int_reg(0)), Allocation::reg(int_reg(1)), VReg(0)}};
  EXPECT_EQ(check(in, out), "");
  std::string text = print(in, &out);
  EXPECT_NE(text.find("  + move8 r0 -> r1 %0\n  d %1:i8 reuse 1 @r1, u %0 @r1, clobber r3 "), std::string::npos)
      << text;
}

TEST(Text, ErrorsSayWhereAndWhat) {
  auto message = [](const char* text) {
    auto p = parse(text);
    return p ? std::string("accepted") : p.error().message();
  };
  EXPECT_EQ(message(""), "no block found");
  EXPECT_EQ(message("block0:\n  x %0\n"), "line 2: expected an operand, found \"x\"");
  EXPECT_EQ(message("block0:\n  d %0:q8\n"), "line 2: expected a type such as i8, found \"q8\"");
  EXPECT_EQ(message("block0:\n  d %0:i3\n"), "line 2: expected 4, 8 or 16 bytes, found \"i3\"");
  EXPECT_EQ(message("block1:\n"), "line 1: blocks are numbered in order");
  EXPECT_EQ(message("block0:\n  nop -> block3\n"), "block3 is a successor but not there");
  EXPECT_EQ(message("block0:\n  d %0:i8 fixed r99\n"), "line 2: expected a register below 32, found \"r99\"");
}

}  // namespace
}  // namespace vitrine::regalloc

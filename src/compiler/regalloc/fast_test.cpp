// The fast allocator on hand-written hazards and on random programs; the checker is the judge.
#include <gtest/gtest.h>

#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

void expect_allocates(Program p) {
  Input in = p.finish();
  Output out;
  allocate_fast(in, out);
  EXPECT_EQ(check(in, out), "") << print(in, &out);
}

void expect_allocates(const char* text) {
  auto p = parse(text);
  ASSERT_TRUE(p) << p.error().message();
  expect_allocates(std::move(*p));
}

TEST(Fast, FixedInAndOut) {
  expect_allocates(R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  u %0 fixed r1, u %1 fixed r0, d %2:i8 fixed r0, clobber r0 r1 r2 r3 r4 r5
  u %0, u %1, u %2
)");
}

TEST(Fast, TiedUseThatLivesOn) {
  expect_allocates(R"(
block0:
  d %0:i8 fixed r0
  d %1:i8 reuse 1, u %0, u %0
  u %0, u %1
)");
}

TEST(Fast, ArgumentsSwapRoundALoop) {
  expect_allocates(R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  nop -> block1(%0, %1)
block1(%2:i8, %3:i8) depth=1:
  u %2 -> block2, block3
block2 depth=1:
  nop -> block1(%3, %2)
block3:
  u %3, u %2
)");
}

TEST(Fast, RematerialisedArgument) {
  expect_allocates(R"(
block0:
  d %0:i8r
  nop -> block1(%0, %0)
block1(%1:i8, %2:i8):
  u %1, u %2, u %0
)");
}

TEST(Fast, RandomPrograms) {
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    RandomShape shape;
    shape.insts = 20 + seed % 150;
    shape.small_machine = seed % 3 == 0;
    shape.live = 4 + seed % 30;
    Program p = random_program(seed, shape);
    Input in = p.finish();
    Output out;
    allocate_fast(in, out);
    std::string error = check(in, out);
    ASSERT_EQ(error, "") << "seed " << seed;
  }
}

TEST(Fast, LocalSlotsAreReused) {
  // Many short lives in one block under high pressure: the frame does not grow with their number.
  std::string text = "int r0 r1\nblock0:\n";
  int v = 0;
  for (int i = 0; i < 500; i++, v += 6) {
    for (int k = 0; k < 6; k++) text += "  d %" + std::to_string(v + k) + ":i8\n";
    for (int k = 0; k < 6; k++) text += "  u %" + std::to_string(v + k) + "\n";
  }
  auto p = parse(text);
  ASSERT_TRUE(p);
  Input in = p->finish();
  Output out;
  allocate_fast(in, out);
  EXPECT_EQ(check(in, out), "");
  EXPECT_LE(out.spill_slots, 6u);
}

}  // namespace
}  // namespace vitrine::regalloc

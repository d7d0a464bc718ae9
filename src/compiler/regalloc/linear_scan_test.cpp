// What linear scan is for: where moves, reloads and stores are not to be, or how many there are.
#include "compiler/regalloc/linear_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/program.hpp"

namespace vitrine::regalloc {
namespace {

constexpr const char* kMachine = R"(
int r8 r9 r10 r11 r6 r7 r2 r1 r0 r3* r12* r13* r14*
float f0 f1 f2 f3 f4 f5
)";
#define CLOBBER_ALL "clobber r0 r1 r2 r6 r7 r8 r9 r10 r11 f0 f1 f2 f3 f4 f5"

struct Allocated {
  explicit Allocated(std::string text) {
    auto p = parse(kMachine + text);
    EXPECT_TRUE(p) << p.error().message();
    program = std::move(*p);
    in = program.finish();
    EXPECT_TRUE(scan.run(in, out));
    EXPECT_EQ(check(in, out), "");
    listing = print(in, &out);
  }
  /// How many edits there are in blocks for which `wanted` holds.
  template <class F>
  unsigned edits(F wanted) const {
    unsigned n = 0;
    for (const BlockInfo& b : in.blocks) {
      if (!wanted(b)) continue;
      for (const Edit& e : out.edits) n += e.inst >= b.first_inst && e.inst < b.end_inst;
    }
    return n;
  }
  unsigned loads() const {
    return static_cast<unsigned>(std::ranges::count_if(out.edits, [](const Edit& e) { return e.from.is_spill(); }));
  }
  unsigned stores() const {
    return static_cast<unsigned>(std::ranges::count_if(out.edits, [](const Edit& e) { return e.to.is_spill(); }));
  }
  static bool in_loop(const BlockInfo& b) { return b.loop_depth > 0 && !b.cold; }

  Program program;
  Input in;
  Output out;
  LinearScan scan;
  std::string listing;
};

TEST(LinearScan, NoMovesInALoopThatFits) {
  Allocated a(R"(
block0:
  d %0:i8 fixed r7, d %1:i4 fixed r6, d %2:i4 fixed r2
  d %3:i4
  d %4:i4
  nop -> block1(%3, %4)
block1(%5:i4, %6:i4) depth=1:
  d %7:i4, u %0, u %5
  d %8:i4 reuse 1, u %6, u %7
  d %9:i4 reuse 1, u %5
  u %9, u %1 any -> block2, block3
block2 depth=1:
  nop -> block1(%9, %8)
block3:
  u %8 fixed r0, u %2
)");
  EXPECT_EQ(a.edits(Allocated::in_loop), 0u) << a.listing;
  EXPECT_EQ(a.out.spill_slots, 0u) << a.listing;
}

TEST(LinearScan, ThirteenLiveInALoopStayInRegisters) {
  std::string text = "block0:\n";
  for (int i = 0; i < 12; ++i) text += "  d %" + std::to_string(i) + ":i8\n";
  text += "  nop -> block1(%0)\nblock1(%20:i8) depth=1:\n";
  for (int i = 1; i < 12; ++i) text += "  u %20, u %" + std::to_string(i) + "\n";
  text +=
      "  d %21:i8 reuse 1, u %20\n  u %21 -> block2, block3\nblock2 depth=1:\n  nop -> block1(%21)\nblock3:\n  nop\n";
  Allocated a(text);
  EXPECT_EQ(a.out.edits.size(), 0u) << a.listing;
}

TEST(LinearScan, AColdCallCostsTheHotPathNothing) {
  Allocated a(R"(
block0:
  d %0:i8 fixed r7, d %1:i4 fixed r6, d %2:i4 fixed r2
  d %3:i4
  nop -> block1(%3)
block1(%5:i4) depth=1:
  d %7:i4, u %0, u %5
  u %7 -> block2, block3
block2 depth=1 cold:
  u %0 fixed r7, u %7 fixed r6, d %10:i4 fixed r0, )" CLOBBER_ALL R"(
  d %13:i4 reuse 1, u %10, u %2
  nop -> block4(%13)
block3 depth=1:
  nop -> block4(%7)
block4(%8:i4) depth=1:
  u %0, u %8, u %2
  d %9:i4 reuse 1, u %5
  u %9, u %1 -> block5, block6
block5 depth=1:
  nop -> block1(%9)
block6:
  u %2 fixed r0
)");
  EXPECT_EQ(a.edits(Allocated::in_loop), 0u) << a.listing;
  EXPECT_EQ(a.out.used_callee_saved.bits, 0u) << a.listing;
}

TEST(LinearScan, ValuesAcrossHotCallsAreCalleeSaved) {
  Allocated a(R"(
block0:
  d %0:i8 fixed r7
  d %1:i8
  nop -> block1(%1)
block1(%2:i8) depth=1:
  u %2 fixed r7, d %3:i8 fixed r0, )" CLOBBER_ALL R"(
  d %4:i8 reuse 1, u %2, u %3
  u %4, u %0 -> block2, block3
block2 depth=1:
  nop -> block1(%4)
block3:
  u %4 fixed r0
)");
  EXPECT_EQ(a.loads() + a.stores(), 0u) << a.listing;
  EXPECT_NE(a.out.used_callee_saved.bits, 0u);
}

TEST(LinearScan, OneStoreForManyReloads) {
  // Five values across each of three calls, four registers that calls keep: one value is stored once.
  std::string text = "block0:\n";
  for (int i = 0; i < 5; ++i) text += "  d %" + std::to_string(i) + ":i8\n";
  for (int c = 0; c < 3; ++c) {
    text += "  " CLOBBER_ALL "\n";
    for (int i = 0; i < 5; ++i) text += "  u %" + std::to_string(i) + "\n";
  }
  Allocated a(text);
  EXPECT_EQ(a.stores(), 1u) << a.listing;
  EXPECT_EQ(a.loads(), 3u) << a.listing;
}

TEST(LinearScan, ConstantsAreNeverStored) {
  std::string text = "block0:\n";
  for (int i = 0; i < 6; ++i) text += "  d %" + std::to_string(i) + ":i8r\n";
  text += "  " CLOBBER_ALL "\n";
  for (int i = 0; i < 6; ++i) text += "  u %" + std::to_string(i) + "\n";
  Allocated a(text);
  EXPECT_EQ(a.loads() + a.stores(), 0u) << a.listing;
  EXPECT_EQ(a.out.spill_slots, 0u) << a.listing;
}

TEST(LinearScan, AMemoryOperandIsNotReloaded) {
  std::string text = "block0:\n";
  for (int i = 0; i < 6; ++i) text += "  d %" + std::to_string(i) + ":i8\n";
  text += "  " CLOBBER_ALL "\n";
  for (int i = 0; i < 6; ++i) text += "  u %" + std::to_string(i) + " any\n";
  Allocated a(text);
  EXPECT_EQ(a.loads(), 0u) << a.listing;
}

TEST(LinearScan, AValueOnlyLiveThroughALoopIsSpilledOutsideOfIt) {
  // Thirteen values in thirteen registers, and the loop needs one more; %12 is not used in it.
  std::string text = "block0:\n";
  for (int i = 0; i < 13; ++i) text += "  d %" + std::to_string(i) + ":i8\n";
  text += "  nop -> block1\nblock1 depth=1:\n  d %20:i8\n";
  for (int i = 0; i < 12; ++i) text += "  u %" + std::to_string(i) + "\n";
  text += "  u %20 -> block2, block3\nblock2 depth=1:\n  nop -> block1\nblock3:\n";
  for (int i = 0; i < 13; ++i) text += "  u %" + std::to_string(i) + "\n";
  Allocated a(text);
  EXPECT_EQ(a.edits(Allocated::in_loop), 0u) << a.listing;
  EXPECT_EQ(a.loads(), 1u) << a.listing;
  EXPECT_EQ(a.stores(), 1u) << a.listing;
}

TEST(LinearScan, AReloadStaysOnTheWayThatNeedsIt) {
  // A switch in a loop, as an interpreter has it: the call in one arm makes no other arm pay.
  Allocated a(R"(
block0:
  d %0:i8 fixed r7, d %1:i8 fixed r6, d %2:i8 fixed r2, d %3:i8 fixed r1, d %4:i8 fixed r8, d %5:i8 fixed r9
  d %6:i4
  nop -> block1(%6)
block1(%7:i4) depth=1:
  u %7, u %0, u %1, u %2, u %3, u %4, u %5 -> block2, block3, block4
block2 depth=1:
  )" CLOBBER_ALL R"(
  nop -> block5
block3 depth=1:
  u %4, u %5
  nop -> block5
block4 depth=1:
  u %3, u %5
  nop -> block5
block5 depth=1:
  d %8:i4, u %7
  u %8 -> block6, block7
block6 depth=1:
  nop -> block1(%8)
block7:
  nop
)");
  unsigned arms = 0;
  for (uint32_t b : {3u, 4u, 5u}) {
    arms += a.edits([&](const BlockInfo& block) { return &block == &a.in.blocks[b]; });
  }
  EXPECT_EQ(arms, 0u) << a.listing;
}

TEST(LinearScan, SlotsAreShared) {
  std::string text = "int r0 r1\nblock0:\n";
  for (int i = 0; i < 100; ++i) {
    for (int k = 0; k < 4; ++k) text += "  d %" + std::to_string(i * 4 + k) + ":i8\n";
    for (int k = 0; k < 4; ++k) text += "  u %" + std::to_string(i * 4 + k) + "\n";
  }
  auto p = parse(text);
  ASSERT_TRUE(p);
  Input in = p->finish();
  Output out;
  LinearScan scan;
  ASSERT_TRUE(scan.run(in, out));
  EXPECT_EQ(check(in, out), "");
  EXPECT_GE(out.spill_slots, 2u);
  EXPECT_LE(out.spill_slots, 4u);
}

}  // namespace
}  // namespace vitrine::regalloc

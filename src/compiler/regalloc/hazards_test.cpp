// Each constraint and hazard of the interface in the smallest program that has it, through both allocators; and each
// shape of random program. The checker is the judge.
#include <gtest/gtest.h>

#include "compiler/regalloc/linear_scan.hpp"
#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

struct Case {
  const char* name;
  const char* text;
};

const Case kCases[] = {
    {"FixedInAndOutCrosswise", R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  u %0 fixed r1, u %1 fixed r0, d %2:i8 fixed r0, clobber r0 r1 r2 r3 r4 r5
  u %0, u %1, u %2
)"},
    {"CallThatEndsTheBlock", R"(
block0:
  d %0:i8 fixed r0
  d %1:i8
  d %2:f16
  d %3:i8r
  u %0 fixed r0, d %4:i8 fixed r0, d %5:f8 fixed f0, d %6:i8 fixed r1, clobber r0 r1 r2 r3 r4 r5 f0 f1 f2 f3 -> block1, block2 given 2 1
block1:
  u %0, u %1, u %2, u %3, u %4, u %5
block2 cold:
  u %0, u %1, u %2, u %3, u %6
)"},
    {"CallThatEndsTheBlockPassesOnWhatItGives", R"(
int r0 r1 r2 r6*
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  nop -> block1(%0, %1)
block1(%2:i8, %3:i8) depth=1:
  u %2 fixed r1, u %3 fixed r0, d %4:i8 fixed r0, d %5:i8 fixed r1, d %6:i8 fixed r2, clobber r0 r1 r2 -> block2, block3 given 1 2
block2 depth=1:
  nop -> block1(%4, %2)
block3 cold:
  d %7:i8 reuse 1, u %5, u %3
  u %7, u %6, u %5, u %2
)"},
    {"LandingBeforeTheCall", R"(
int r0 r1 r6*
block0:
  d %0:i8 fixed r0
  u %0 -> block3, block2
block1:
  u %1, u %3, u %0
block2:
  u %0
block3 cold:
  d %1:i8
  u %1 fixed r0, d %2:i8 fixed r0, d %3:i8 fixed r1, clobber r0 r1 -> block4, block1 given 1 1
block4 cold:
  d %4:i8
  u %2, u %1, u %4
)"},
    {"TiedUseThatLivesOn", R"(
block0:
  d %0:i8 fixed r0
  d %1:i8 reuse 1, u %0, u %0
  u %0, u %1
)"},
    {"TiedUseBesideAnotherThatMustNotShare", R"(
int r0 r1 r2
block0:
  d %0:i8, 
  d %1:i8
  d %2:i8 reuse 1, u %0, u %1
  u %2, u %1, u %0
)"},
    {"TwoTiesInOneInstruction", R"(
block0:
  d %0:i8
  d %1:i8
  d %2:i8 reuse 2, d %3:i8 reuse 3, u %0, u %1
  u %0, u %2, u %3
)"},
    {"TwoTiesToTheSameValue", R"(
block0:
  d %0:i8
  d %2:i8 reuse 2, d %3:i8 reuse 3, u %0, u %0
  u %0, u %2, u %3
)"},
    {"TieToAFixedUse", R"(
block0:
  d %0:i8
  d %1:i8
  u %0 fixed r0, u! %1, d %2:i8 reuse 0
  u %0, u %1, u %2
)"},
    {"OneValueInTwoFixedRegisters", R"(
block0:
  d %0:i8
  u %0 fixed r0, u %0 fixed r1, u %0, clobber r0 r1
  u %0
)"},
    {"EarlyDefinitionApartFromUses", R"(
int r0 r1 r2
block0:
  d %0:i8
  d %1:i8
  u %0, u %1, d! %2:i8
  u %2
)"},
    {"LateUseApartFromDefinitions", R"(
int r0 r1
block0:
  d %0:i8
  u! %0, d %1:i8
  u %1
)"},
    {"LateUseSurvivesClobbers", R"(
block0:
  d %0:i8 fixed r0
  u! %0, clobber r0 r1 r2 r3 r4 r5
)"},
    {"ClobberedAndFixedDefinitionAtOnce", R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1, clobber r0 r1 r2 r3 r4 r5 r6 r7 r8 r9
  u %0 fixed r1, u %1 fixed r0
)"},
    {"StackOperands", R"(
block0:
  d %0:i8 stack
  d %1:f16 stack
  u %0, u %1
  d %2:i8
  u %2 stack, u %2
  u! %2 stack, d %3:i8 stack
  u %3 stack, u %2
)"},
    {"DeadDefinitions", R"(
block0:
  d %0:i8, d %1:i8 fixed r1, d %2:i8 any, d! %3:i8, d %4:i8 stack
  nop
)"},
    {"DeadTiedDefinition", R"(
block0:
  d %0:i8
  d %1:i8 reuse 1, u %0
  u %0
)"},
    {"ArgumentsSwapRoundALoop", R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  nop -> block1(%0, %1)
block1(%2:i8, %3:i8) depth=1:
  u %2 -> block2, block3
block2 depth=1:
  nop -> block1(%3, %2)
block3:
  u %3, u %2
)"},
    {"ArgumentsSwapInMemory", R"(
int r0
float f0
block0:
  d %0:i8 fixed r0
  d %1:i8
  d %6:i8
  nop -> block1(%0, %1)
block1(%2:i8, %3:i8) depth=1:
  u %6 -> block2, block3
block2 depth=1:
  nop -> block1(%3, %2)
block3:
  u %3
  u %2
)"},
    {"FloatArgumentsRotate", R"(
block0:
  d %0:f8, d %1:f4, d %2:f16
  d %3:i8
  nop -> block1(%0, %1, %2, %0)
block1(%4:f8, %5:f4, %6:f16, %7:f8) depth=1:
  u %3 -> block2, block3
block2 depth=1:
  nop -> block1(%7, %5, %6, %4)
block3:
  u %4, u %5, u %6, u %7
)"},
    {"OneArgumentForTwoParameters", R"(
block0:
  d %0:i8
  nop -> block1(%0, %0)
block1(%1:i8, %2:i8):
  d %3:i8 reuse 1, u %1
  u %3, u %2, u %0
)"},
    {"RematerialisedArguments", R"(
int r0
float f0
block0:
  d %0:i8r
  d %1:f8r
  d %9:i8
  nop -> block1(%0, %0, %1, %9)
block1(%2:i8, %3:i8, %4:f8, %5:i8):
  u %9
  u %5
  u %2
  u %3
  u %0
  u %4
)"},
    {"UnusedParameter", R"(
block0:
  d %0:i8
  nop -> block1(%0)
block1(%1:i8):
  u %0
)"},
    {"ParameterUsedOnlyInAFixedRegister", R"(
block0:
  d %0:i8 fixed r0, d %1:i8 fixed r1
  nop -> block1(%1, %0)
block1(%2:i8, %3:i8):
  u %3 fixed r0, u %2 fixed r1
)"},
    {"MixedSizesUnderPressure", R"(
int r0 r1
float f0 f1
block0:
  d %0:f16
  d %1:f4
  d %2:f16
  d %3:f8
  d %4:i4
  d %5:i8
  d %6:i4
  u %0
  u %1
  u %2
  u %3
  u %4
  u %5
  u %6
)"},
    {"ManyMemoryOperands", R"(
int r0 r1
block0:
  d %0:i8
  d %1:i8
  d %2:i8
  d %3:i8
  d %4:i8r
  u %0 any, u %1 any, u %2 any, u %3 any, u %4 any
  u %0, u %1
)"},
    {"CalleeSavedAreReported", R"(
block0:
  d %0:i8
  clobber r0 r1 r2 r3 r4 r5 r6
  u %0
)"},
    {"SelfLoop", R"(
block0:
  d %0:i8
  nop -> block1(%0)
block1(%1:i8) depth=1:
  d %2:i8 reuse 1, u %1
  u %2 -> block2, block3
block2 depth=1:
  nop -> block1(%2)
block3:
  u %1, u %2
)"},
    {"UsesLaidOutBeforeTheDefinition", R"(
block0:
  d %0:i8
  nop -> block2
block1:
  u %1, u %0
block2:
  d %1:i8
  nop -> block1
)"},
};

class Hazards : public testing::TestWithParam<Case> {};

TEST_P(Hazards, BothAllocators) {
  auto p = parse(GetParam().text);
  ASSERT_TRUE(p) << p.error().message();
  Input in = p->finish();
  Output out;
  allocate_fast(in, out);
  EXPECT_EQ(check(in, out), "") << "fast";
  LinearScan scan;
  ASSERT_TRUE(scan.run(in, out));
  EXPECT_EQ(check(in, out), "") << "linear scan";
}

INSTANTIATE_TEST_SUITE_P(All, Hazards, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RandomPrograms, BothAllocators) {
  LinearScan scan;  // one for all, as the compiler keeps it
  Output out;
  for (uint64_t seed = 1; seed <= 2500; ++seed) {
    RandomShape shape;
    shape.insts = 20 + seed % 150;
    shape.small_machine = seed % 3 == 0;
    shape.int_scratch = seed % 7 == 0;
    shape.live = 4 + seed % 30;
    shape.shuffle_cold = seed % 4 != 0;
    shape.call_percent = seed % 5 == 0 ? 25 : 6;
    Program p = random_program(seed, shape);
    Input in = p.finish();
    allocate_fast(in, out);
    ASSERT_EQ(check(in, out), "") << "fast, seed " << seed;
    ASSERT_TRUE(scan.run(in, out)) << "seed " << seed;
    ASSERT_EQ(check(in, out), "") << "linear scan, seed " << seed;
  }
}

TEST(RandomPrograms, SameAnswerTwice) {
  LinearScan scan;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Program p = random_program(seed, {});
    Input in = p.finish();
    Output first, again;
    ASSERT_TRUE(scan.run(in, first));
    ASSERT_TRUE(scan.run(in, again));
    EXPECT_EQ(print(in, &first), print(in, &again));
    LinearScan fresh;
    ASSERT_TRUE(fresh.run(in, again));
    EXPECT_EQ(print(in, &first), print(in, &again)) << "memory of other functions must not show";
  }
}

}  // namespace
}  // namespace vitrine::regalloc

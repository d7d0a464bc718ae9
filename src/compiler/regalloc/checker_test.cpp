// The checker refuses what is wrong: single faults by name, then random programs whose allocation was damaged.
#include <gtest/gtest.h>

#include <random>

#include "compiler/regalloc/linear_scan.hpp"
#include "compiler/regalloc/print.hpp"
#include "compiler/regalloc/random_program.hpp"

namespace vitrine::regalloc {
namespace {

/// An allocation that the checker accepts, to be damaged.
struct Sound {
  explicit Sound(const char* text) {
    auto p = parse(text);
    EXPECT_TRUE(p) << p.error().message();
    program = std::move(*p);
    in = program.finish();
    allocate_fast(in, out);
    EXPECT_EQ(check(in, out), "");
  }
  void expect_refused(const char* because) {
    std::string error = check(in, out);
    EXPECT_NE(error.find(because), std::string::npos) << "got: " << error;
  }
  Program program;
  Input in;
  Output out;
};

constexpr const char* kPlain = R"(
block0:
  d %0:i8
  d %1:i8
  u %0, u %1
)";

TEST(Checker, WrongRegister) {
  Sound a(kPlain);
  a.out.allocs[2] = a.out.allocs[3];
  a.expect_refused("does not hold its value");
}
TEST(Checker, NotAllocated) {
  Sound a(kPlain);
  a.out.allocs[2] = Allocation();
  a.expect_refused("was not allocated");
}
TEST(Checker, MemoryForARegister) {
  Sound a(kPlain);
  a.out.spill_slots = 1;
  a.out.allocs[2] = Allocation::spill(0);
  a.expect_refused("must be in a register");
}
TEST(Checker, WrongClass) {
  Sound a(kPlain);
  a.out.allocs[0] = Allocation::reg(float_reg(0));
  a.expect_refused("wrong class");
}
TEST(Checker, ScratchRegister) {
  Sound a("block0:\n  d %0:f8\n  u %0\n");
  a.out.allocs[0] = a.out.allocs[1] = Allocation::reg(float_reg(15));
  a.expect_refused("scratch");
}
TEST(Checker, FixedElsewhere) {
  Sound a("block0:\n  d %0:i8 fixed r2\n  u %0\n");
  a.out.allocs[0] = a.out.allocs[1] = Allocation::reg(int_reg(3));
  a.expect_refused("must be in r2");
}
TEST(Checker, ClobberedAcross) {
  Sound a("block0:\n  d %0:i8\n  clobber r0 r1\n  u %0\n");
  a.out.edits.clear();
  a.out.allocs[0] = a.out.allocs[1] = Allocation::reg(int_reg(1));
  a.expect_refused("does not hold its value");
}
TEST(Checker, LateUseClobbered) {
  Sound a("block0:\n  d %0:i8\n  u! %0, clobber r0 r1\n");
  a.out.edits.clear();
  a.out.allocs[0] = a.out.allocs[1] = Allocation::reg(int_reg(1));
  a.expect_refused("read late but clobbered");
}
TEST(Checker, LateUseOverwritten) {
  Sound a("block0:\n  d %0:i8\n  u! %0, d %1:i8\n  u %1\n");
  a.out.edits.clear();
  a.out.allocs.assign(4, Allocation::reg(int_reg(1)));
  a.expect_refused("overwrites a late use");
}
TEST(Checker, EarlyDefinitionOverAUse) {
  Sound a("block0:\n  d %0:i8\n  u %0, d! %1:i8\n  u %1\n");
  a.out.edits.clear();
  a.out.allocs.assign(4, Allocation::reg(int_reg(1)));
  a.expect_refused("before a use of it is read");
}
TEST(Checker, TieBroken) {
  Sound a("block0:\n  d %0:i8\n  d %1:i8 reuse 1, u %0\n  u %1\n");
  a.out.edits.clear();
  a.out.allocs[0] = a.out.allocs[2] = Allocation::reg(int_reg(1));
  a.out.allocs[1] = a.out.allocs[3] = Allocation::reg(int_reg(2));
  a.expect_refused("must be where operand 1 is");
}
TEST(Checker, TwoDefinitionsInOnePlace) {
  Sound a("block0:\n  d %0:i8, d %1:i8\n  u %0\n");
  a.out.edits.clear();
  a.out.allocs.assign(3, Allocation::reg(int_reg(1)));
  a.expect_refused("defined twice");
}
TEST(Checker, CalleeSavedNotReported) {
  Sound a(kPlain);
  a.out.allocs[0] = a.out.allocs[2] = Allocation::reg(int_reg(6));
  a.expect_refused("not reported");
}
TEST(Checker, SlotOutOfRange) {
  Sound a("block0:\n  d %0:i8 stack\n  u %0 stack\n");
  a.out.spill_slots = 0;
  a.expect_refused("outside of the 0 slots");
}
TEST(Checker, SlotNotAligned) {
  Sound a("block0:\n  d %0:f16 stack\n  u %0 stack\n");
  a.out.spill_slots = 4;
  a.out.allocs[0] = a.out.allocs[1] = Allocation::spill(1);
  a.expect_refused("not aligned");
}
TEST(Checker, HalfOfAWideSlotOverwritten) {
  Sound a("block0:\n  d %0:f16 stack\n  d %1:i8 stack\n  u %0 stack, u %1 stack\n");
  a.out.spill_slots = 2;
  a.out.allocs = {Allocation::spill(0), Allocation::spill(1), Allocation::spill(0), Allocation::spill(1)};
  a.expect_refused("does not hold its value");
}
TEST(Checker, NarrowMoveOfAWideValue) {
  Sound a("block0:\n  d %0:i8 fixed r0\n  u %0 fixed r1\n");
  for (Edit& e : a.out.edits) e.bytes = 4;
  a.expect_refused("does not hold its value");
}
TEST(Checker, MoveFromMemoryToMemory) {
  Sound a(kPlain);
  a.out.spill_slots = 2;
  a.out.edits.push_back({0, Point::Early, Edit::Kind::Move, 8, Allocation::spill(0), Allocation::spill(1), VReg(0)});
  a.expect_refused("memory to memory");
}
TEST(Checker, RematOfWhatMayNotBe) {
  Sound a(kPlain);
  a.out.edits.push_back({2, Point::Early, Edit::Kind::Remat, 8, {}, Allocation::reg(int_reg(0)), VReg(0)});
  a.expect_refused("may not be");
}
TEST(Checker, EditsOutOfOrder) {
  Sound a(kPlain);
  a.out.spill_slots = 1;
  Edit e{2, Point::Early, Edit::Kind::Move, 8, Allocation::reg(int_reg(0)), Allocation::spill(0), VReg(0)};
  a.out.edits = {e, e};
  a.out.edits[1].inst = 1;
  a.expect_refused("not sorted");
}
TEST(Checker, AnOldValueOfTheLoopsParameter) {
  // Round the loop the parameter is another value: what held the old one does not hold it any more.
  Sound a(R"(
block0:
  d %0:i8 fixed r0
  nop -> block1(%0)
block1(%1:i8) depth=1:
  d %2:i8, u %1
  u %2 -> block2, block3
block2 depth=1:
  nop -> block1(%2)
block3:
  u %1
)");
  Allocation r0 = Allocation::reg(int_reg(0)), r1 = Allocation::reg(int_reg(1));
  a.out.edits.clear();
  a.out.allocs = {r0, r1, r0, r1, r0};
  a.expect_refused("does not hold its value");
}

// A damaged allocation may still be right by chance (a store or reload that nothing came to need, a definition that is
// never used, an equal value next door), and random programs are full of those; but most damage shows.
template <class Damage>
double refused(Damage damage) {
  unsigned tried = 0, caught = 0;
  LinearScan scan;
  std::mt19937 random(11);
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RandomShape shape;
    shape.small_machine = true;
    Program p = random_program(seed, shape);
    Input in = p.finish();
    Output sound;
    if (seed % 2) {
      allocate_fast(in, sound);
    } else {
      EXPECT_TRUE(scan.run(in, sound));
    }
    EXPECT_EQ(check(in, sound), "");
    for (int i = 0; i < 5; ++i) {
      Output out = sound;
      if (!damage(in, out, random)) continue;
      ++tried;
      caught += !check(in, out).empty();
    }
  }
  EXPECT_GT(tried, 200u);
  return double(caught) / tried;
}

TEST(Checker, WhatATerminatorDefinesIsForOneEdge) {
  for (bool wrong : {false, true}) {
    auto p = parse(std::string(R"(
block0:
  d %0:i8 fixed r0
  u %0 fixed r0, d %1:i8 fixed r0, d %2:i8 fixed r1, clobber r0 r1 -> block1, block2 given 1 1
block1:
  u %1
block2:
  u )") + (wrong ? "%1" : "%2") +
                   "\n");
    ASSERT_TRUE(p) << p.error().message();
    Input in = p->finish();
    Output out;
    out.allocs = {Allocation::reg(int_reg(0)), Allocation::reg(int_reg(0)), Allocation::reg(int_reg(0)),
                  Allocation::reg(int_reg(1)), Allocation::reg(int_reg(0)), Allocation::reg(int_reg(wrong ? 0 : 1))};
    if (wrong)
      EXPECT_NE(check(in, out).find("%1 is used behind another edge than its own"), std::string::npos);
    else
      EXPECT_EQ(check(in, out), "");
    // Where it was left, no edit behind the call can know it.
    out.edits = {
        {1, Point::Late, Edit::Kind::Move, 8, Allocation::reg(int_reg(0)), Allocation::reg(int_reg(2)), VReg(1)}};
    EXPECT_NE(check(in, out).find("edit after a terminator"), std::string::npos);
  }
}

TEST(Checker, WhatACallThatEndsTheBlockClobbersIsGoneAtTheLanding) {
  auto p = parse(R"(
block0:
  d %0:i8
  d %1:i8 fixed r0, clobber r0 r1 -> block1, block2 given 1 0
block1:
  u %1
block2:
  u %0
)");
  ASSERT_TRUE(p) << p.error().message();
  Input in = p->finish();
  Output out;
  for (unsigned where : {6u, 1u}) {
    const Allocation kept = Allocation::reg(int_reg(where));
    out.allocs = {kept, Allocation::reg(int_reg(0)), Allocation::reg(int_reg(0)), kept};
    out.used_callee_saved = {};
    out.used_callee_saved.add(int_reg(6));
    EXPECT_EQ(check(in, out).empty(), where == 6) << where;
  }
}

TEST(Checker, CatchesADroppedEdit) {
  EXPECT_GT(refused([](const Input&, Output& out, auto& random) {
              if (out.edits.empty()) return false;
              out.edits.erase(out.edits.begin() + static_cast<ptrdiff_t>(random() % out.edits.size()));
              return true;
            }),
            0.8);
}

TEST(Checker, CatchesAnEditIntoAnotherRegister) {
  EXPECT_GT(refused([](const Input& in, Output& out, auto& random) {
              if (out.edits.empty()) return false;
              Edit& e = out.edits[random() % out.edits.size()];
              if (!e.to.is_reg() || e.to.preg() == in.scratch) return false;
              auto& order = in.order[static_cast<unsigned>(e.to.preg().cls())];
              PReg other = order[random() % order.size()];
              if (other == e.to.preg()) return false;
              e.to = Allocation::reg(other);
              return true;
            }),
            0.8);
}

TEST(Checker, CatchesASwapOfTwoOperands) {
  EXPECT_GT(refused([](const Input& in, Output& out, auto& random) {
              auto ops = in.operands;
              size_t a = random() % ops.size(), b = random() % ops.size();
              if (out.allocs[a] == out.allocs[b] || ops[a].role == Role::Def || ops[b].role == Role::Def) return false;
              std::swap(out.allocs[a], out.allocs[b]);
              return true;
            }),
            0.97);
}

TEST(Checker, CatchesADefinitionElsewhere) {
  EXPECT_GT(refused([](const Input& in, Output& out, auto& random) {
              size_t a = random() % in.operands.size();
              const Operand& op = in.operands[a];
              if (op.role != Role::Def || !out.allocs[a].is_reg()) return false;
              auto& order = in.order[static_cast<unsigned>(in.vregs[op.vreg.raw()].cls)];
              PReg other = order[random() % order.size()];
              if (other == out.allocs[a].preg()) return false;
              out.allocs[a] = Allocation::reg(other);
              return true;
            }),
            0.75);  // many definitions are never used
}

}  // namespace
}  // namespace vitrine::regalloc

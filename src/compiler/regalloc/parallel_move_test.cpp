// Random parallel moves, executed one edit after the other on a model of registers and memory.
#include "compiler/regalloc/parallel_move.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "compiler/regalloc/print.hpp"

namespace vitrine::regalloc {
namespace {

constexpr PReg kScratch = float_reg(15);

using State = std::map<uint32_t, int>;  // by Allocation::bits

void run(const std::vector<Edit>& edits, State& state) {
  for (const Edit& e : edits) {
    ASSERT_FALSE(e.from.is_spill() && e.to.is_spill()) << to_string(e);
    bool int_reg = e.from.is_reg() && e.from.preg().cls() == RegClass::Int;
    bool int_reg_to = e.to.is_reg() && e.to.preg().cls() == RegClass::Int;
    ASSERT_FALSE(e.from.is_reg() && e.to.is_reg() && int_reg != int_reg_to) << to_string(e);
    if (e.kind == Edit::Kind::Swap) {
      ASSERT_TRUE(int_reg && int_reg_to);
      std::swap(state[e.from.bits], state[e.to.bits]);
    } else {
      state[e.to.bits] = state[e.from.bits];
    }
  }
}

std::vector<Edit> resolve(std::vector<std::pair<Allocation, Allocation>> moves, uint8_t bytes = 8,
                          PReg int_scratch = {}) {
  ParallelMoves parallel;
  uint32_t slots = 20;
  Input machine;
  machine.scratch = kScratch;
  machine.int_scratch = int_scratch;
  parallel.begin_function(machine, &slots);
  for (auto [from, to] : moves) parallel.add(from, to, bytes, VReg(0));
  std::vector<Edit> edits;
  parallel.resolve(0, Point::Early, edits);
  return edits;
}

Allocation r(unsigned n) {
  return Allocation::reg(int_reg(n));
}
Allocation f(unsigned n) {
  return Allocation::reg(float_reg(n));
}
Allocation s(unsigned n) {
  return Allocation::spill(n);
}

TEST(ParallelMoves, IntegerCycleIsExchanged) {
  auto edits = resolve({{r(0), r(1)}, {r(1), r(2)}, {r(2), r(0)}});
  ASSERT_EQ(edits.size(), 2u);
  for (const Edit& e : edits) EXPECT_EQ(e.kind, Edit::Kind::Swap);
}

TEST(ParallelMoves, WithoutExchangeAnIntegerCycleGoesThroughItsScratchRegister) {
  auto edits = resolve({{r(0), r(1)}, {r(1), r(2)}, {r(2), r(0)}}, 8, int_reg(15));
  ASSERT_EQ(edits.size(), 4u);
  for (const Edit& e : edits) EXPECT_EQ(e.kind, Edit::Kind::Move);
  EXPECT_EQ(edits[0].to, r(15));
  EXPECT_EQ(edits[3].from, r(15));
}

TEST(ParallelMoves, FloatCycleGoesThroughTheScratchRegister) {
  auto edits = resolve({{f(0), f(1)}, {f(1), f(0)}}, 16);
  ASSERT_EQ(edits.size(), 3u);
  EXPECT_EQ(edits[0].to, Allocation::reg(kScratch));
  EXPECT_EQ(edits[2].from, Allocation::reg(kScratch));
}

TEST(ParallelMoves, ChainNeedsNoMoreThanItsMoves) {
  EXPECT_EQ(resolve({{r(0), r(1)}, {r(1), r(2)}, {r(2), s(0)}}).size(), 3u);
  EXPECT_EQ(resolve({{r(0), r(0)}}).size(), 0u);
}

TEST(ParallelMoves, RandomMovesDoWhatTheySay) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    bool floats = random() % 2;
    unsigned locations = 2 + random() % 8;
    auto location = [&](unsigned n) { return n % 3 == 2 ? s(n) : floats ? f(n) : r(n); };
    std::vector<unsigned> targets;
    for (unsigned n = 0; n < locations; ++n) targets.push_back(n);
    std::ranges::shuffle(targets, random);
    targets.resize(1 + random() % locations);
    std::vector<std::pair<Allocation, Allocation>> moves;
    State state, wanted;
    for (unsigned n = 0; n < locations; ++n) state[location(n).bits] = static_cast<int>(n);
    wanted = state;
    for (unsigned t : targets) {
      unsigned from = static_cast<unsigned>(random() % locations);
      moves.push_back({location(from), location(t)});
      wanted[location(t).bits] = static_cast<int>(from);
    }
    auto edits = resolve(moves, 8, random() % 2 ? int_reg(15) : PReg{});
    run(edits, state);
    for (auto [where, value] : wanted) ASSERT_EQ(state[where], value) << "round " << round;
  }
}

}  // namespace
}  // namespace vitrine::regalloc

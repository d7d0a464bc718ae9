#include <gtest/gtest.h>

#include <atomic>

#include "base/arena.hpp"
#include "base/bytes.hpp"
#include "base/closest.hpp"
#include "base/index.hpp"
#include "base/parallel.hpp"
#include "base/result.hpp"

namespace vitrine {
namespace {

Result<int> half(int n) {
  if (n % 2) return fail(fmt::format("{} is odd", n), ErrorKind::Invalid);
  return n / 2;
}
Result<int> quarter(int n) {
  int h = TRY(half(n));
  return TRY_IN(half(h), fmt::format("halving {} twice", n));
}

TEST(Result, TryUnwrapsOrReturns) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message(), "3 is odd, halving 6 twice");
  EXPECT_EQ(quarter(5).error().kind(), ErrorKind::Invalid);
}

TEST(ByteWriter, LebInAsFewBytesAsItTakes) {
  ByteWriter w;
  w.uleb(624485);
  w.sleb(-123456);
  w.sleb(64);
  EXPECT_EQ(w.take(), (std::vector<uint8_t>{0xe5, 0x8e, 0x26, 0xc0, 0xbb, 0x78, 0xc0, 0x00}));
}

struct ThingTag {
  static constexpr const char* kPrefix = "t";
};
using Thing = Index<ThingTag>;

TEST(Index, SideTableAnswersItsDefault) {
  SideTable<Thing, int> table(7);
  EXPECT_EQ(table[Thing(100)], 7);
  table.at_mut(Thing(3)) = 1;
  EXPECT_EQ(table[Thing(3)], 1);
  EXPECT_EQ(table[Thing(2)], 7);
  EXPECT_EQ(fmt::format("{} {}", Thing(4), Thing()), "t4 t-");
}

TEST(Parallel, EveryItemOnce) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(seen.size(), 4, [&](size_t i, unsigned) { seen[i]++; });
  for (auto& n : seen) EXPECT_EQ(n, 1);
}

TEST(Arena, CopiesAreStable) {
  Arena arena;
  int values[] = {1, 2, 3};
  auto a = arena.copy<int>(values);
  arena.make_array<int>(100000);
  EXPECT_EQ(a[2], 3);
}

TEST(Closest, NearEnoughOrNothing) {
  const std::string_view names[] = {"opt-level", "memory-guard-size", "run"};
  EXPECT_EQ(closest("opt-lvel", names), "opt-level");
  EXPECT_EQ(closest("rnu", names), "run");
  EXPECT_EQ(closest("banana", names), std::nullopt);
  EXPECT_EQ(did_you_mean("memory-gaurd-size", names), "; did you mean 'memory-guard-size'?");
}

}  // namespace
}  // namespace vitrine

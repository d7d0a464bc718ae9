#include "runtime/types/free_runs.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace vitrine::runtime {
namespace {

TEST(FreeRuns, SplitsAndJoins) {
  FreeRuns runs;
  EXPECT_FALSE(runs.take(1));
  runs.give_back(10, 5);
  runs.give_back(20, 5);
  EXPECT_FALSE(runs.take(6));
  runs.give_back(15, 5);
  EXPECT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs.take(6), 10u);
  EXPECT_EQ(runs.take(9), 16u);
  EXPECT_EQ(runs.size(), 0u);
  runs.give_back(0, 3);
  runs.give_back(7, 2);
  EXPECT_EQ(runs.take(2), 7u) << "the shortest that has room";
  EXPECT_EQ(runs.take_last(4), 4u);
  EXPECT_EQ(runs.take_last(3), 0u);
  EXPECT_EQ(runs.size(), 0u);
}

// Random takers of one line of numbers: what is out never overlaps, and all of it back is one run.
TEST(FreeRuns, NothingIsOutTwice) {
  std::minstd_rand random(7);
  FreeRuns runs;
  constexpr uint32_t kSize = 2000;
  runs.give_back(0, kSize);
  std::vector<bool> is_out(kSize);
  std::vector<std::pair<uint32_t, uint32_t>> out;
  auto give_back = [&](size_t i) {
    auto [first, count] = out[i];
    for (uint32_t n = first; n < first + count; ++n) is_out[n] = false;
    runs.give_back(first, count);
    out[i] = out.back();
    out.pop_back();
  };
  for (int round = 0; round < 20'000; ++round) {
    if (!out.empty() && random() % 2) {
      give_back(random() % out.size());
      continue;
    }
    const uint32_t count = 1 + random() % 60;
    auto first = runs.take(count);
    if (!first) continue;
    for (uint32_t n = *first; n < *first + count; ++n) {
      ASSERT_LT(n, kSize);
      ASSERT_FALSE(is_out[n]);
      is_out[n] = true;
    }
    out.emplace_back(*first, count);
  }
  while (!out.empty()) give_back(0);
  EXPECT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs.take(kSize), 0u);
}

}  // namespace
}  // namespace vitrine::runtime

#include "base/lazy.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace vitrine {
namespace {

TEST(Lazy, IsMadeOnce) {
  Lazy<int> lazy;
  EXPECT_EQ(lazy.if_made(), nullptr);
  int made = 0;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(lazy.get([&] { return ++made; }), 1);
  ASSERT_NE(lazy.if_made(), nullptr);
  EXPECT_EQ(*lazy.if_made(), 1);
}

TEST(Lazy, IsMadeAfterAFailure) {
  Lazy<int> lazy;
  EXPECT_THROW(lazy.get([]() -> int { throw 7; }), int);
  EXPECT_EQ(lazy.if_made(), nullptr);
  EXPECT_EQ(lazy.get([] { return 8; }), 8);
}

TEST(Lazy, OneMadeMeanwhileIsKept) {
  Lazy<std::shared_ptr<int>> lazy;
  std::weak_ptr<int> late;
  auto& value = lazy.get([&] {
    EXPECT_EQ(*lazy.get([] { return std::make_shared<int>(1); }), 1);
    auto mine = std::make_shared<int>(2);
    late = mine;
    return mine;
  });
  EXPECT_EQ(*value, 1);
  EXPECT_TRUE(late.expired());
}

TEST(Lazy, ThreadsSeeTheSame) {
  Lazy<std::vector<int>> lazy;
  std::vector<std::vector<int>*> seen(4);
  std::vector<std::thread> threads;
  for (auto& place : seen) {
    threads.emplace_back([&] {
      place = &lazy.get([] { return std::vector<int>(1000, 3); });
      EXPECT_EQ(place->back(), 3);
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto* place : seen) EXPECT_EQ(place, seen[0]);
}

}  // namespace
}  // namespace vitrine

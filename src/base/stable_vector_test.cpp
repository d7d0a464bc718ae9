#include "base/stable_vector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace vitrine {
namespace {

TEST(StableVector, ElementsStayWhereTheyAre) {
  StableVector<std::unique_ptr<int>> list;
  std::vector<std::unique_ptr<int>*> places;
  for (int i = 0; i < 1000; ++i) {
    places.push_back(&list.emplace_back(std::make_unique<int>(i)));
    EXPECT_EQ(&list.back(), places.back());
  }
  ASSERT_EQ(list.size(), places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    ASSERT_EQ(&list[i], places[i]);
    ASSERT_EQ(*list[i], static_cast<int>(i));
  }
  int next = 0;
  for (const auto& element : list) ASSERT_EQ(*element, next++);
  EXPECT_EQ(next, 1000);
}

TEST(StableVector, ElementsAreDestroyedOnce) {
  auto counted = std::make_shared<int>();
  {
    StableVector<std::shared_ptr<int>> list;
    EXPECT_TRUE(list.empty());
    EXPECT_TRUE(std::ranges::none_of(list, [](const auto&) { return true; }));
    for (int i = 0; i < 13; ++i) list.emplace_back(counted);
    for (int i = 0; i < 9; ++i) list.pop_back();  // over the border of a chunk
    EXPECT_EQ(counted.use_count(), 5);
    for (int i = 0; i < 9; ++i) list.emplace_back(counted);
    EXPECT_EQ(list.size(), 13u);
    EXPECT_EQ(counted.use_count(), 14);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(StableVector, AnElementThatCannotBeMadeIsNotThere) {
  struct Throws {
    explicit Throws(bool does) {
      if (does) throw 1;
    }
  };
  StableVector<Throws> list;
  list.emplace_back(false);
  EXPECT_THROW(list.emplace_back(true), int);
  EXPECT_EQ(list.size(), 1u);
}

}  // namespace
}  // namespace vitrine

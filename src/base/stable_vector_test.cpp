#include "base/stable_vector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace {

// Of this thread.
thread_local int allocations = 0;      // that are not freed yet
thread_local int good_ones = 1 << 30;  // so many succeed

}  // namespace

// Not inlined: GCC takes one without the other for a mismatch.
[[gnu::noinline]] void* operator new(size_t size) {
  void* memory = good_ones-- > 0 ? std::malloc(std::max<size_t>(size, 1)) : nullptr;
  if (!memory) throw std::bad_alloc();
  ++allocations;
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory) --allocations;
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
  operator delete(memory);
}

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

TEST(StableVector, LosesNothingWhereThereIsNoMemory) {
  for (int n = 0; n < 3; ++n) {  // the first chunk, the second, and the list of those after the first
    const int before = allocations;
    bool failed = false;
    {
      StableVector<int> list;
      good_ones = n;
      try {
        for (int i = 0; i < 5; ++i) list.emplace_back(i);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      good_ones = 1 << 30;
      EXPECT_EQ(list.size(), n == 0 ? 0u : 4u);
    }
    EXPECT_TRUE(failed);
    EXPECT_EQ(allocations, before);
  }
}

}  // namespace
}  // namespace vitrine

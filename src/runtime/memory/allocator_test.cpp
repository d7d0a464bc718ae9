#include "runtime/memory/allocator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>

namespace vitrine::runtime {
namespace {

constexpr uint64_t kPage = 65536;

class OnDemand : public ::testing::Test {
 protected:
  LinearMemory memory(uint64_t pages, bool is_shared = false) {
    wasm::MemoryType type{.limits = {.min = pages, .max = 2 * pages, .is_64 = false, .is_shared = is_shared}};
    auto plan = allocator_.plan_memory(type);
    EXPECT_TRUE(plan);
    auto taken = allocator_.take_memory(*plan, pages * kPage, {});
    EXPECT_TRUE(taken) << taken.error().message();
    return *std::move(taken);
  }
  Allocator allocator_{{}, {}, 20};
};

TEST_F(OnDemand, TablesKeepTheirElementsAsTheyGrow) {
  Block table = *allocator_.take_table(3);
  auto* elements = static_cast<uint64_t*>(table.data());
  EXPECT_EQ(std::count(elements, elements + 3, 0u), 3);
  for (uint64_t i = 0; i < 3; ++i) elements[i] = i + 1;
  ASSERT_TRUE(allocator_.grow_table(table, 4, 100));
  EXPECT_GE(table.size(), 6 * sizeof(uint64_t)) << "some in advance, so that growing one by one is linear";
  ASSERT_TRUE(allocator_.grow_table(table, 100, 100));
  EXPECT_EQ(table.size(), 100 * sizeof(uint64_t)) << "but never more than the table may have";
  elements = static_cast<uint64_t*>(table.data());
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(elements[i], i + 1);
  EXPECT_TRUE(allocator_.take_table(0)->valid());
}

TEST_F(OnDemand, InstancesAreZeroAndAligned) {
  for (uint64_t size : {16, 100, 1 << 20}) {
    Block instance = *allocator_.take_instance(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(instance.data()) % 16, 0u);
    const auto* bytes = static_cast<const uint8_t*>(instance.data());
    EXPECT_TRUE(std::all_of(bytes, bytes + size, [](uint8_t b) { return b == 0; }));
  }
}

TEST_F(OnDemand, StacksAreUsableToTheirLastByteAndGuarded) {
  StackSpace stack = *allocator_.take_stack(3 * 4096 - 1);
  EXPECT_EQ(stack.high() - stack.low(), 3u * 4096);
  std::memset(reinterpret_cast<void*>(stack.low()), 0xff, stack.high() - stack.low());
  EXPECT_DEATH(*reinterpret_cast<volatile uint8_t*>(stack.low() - 1) = 1, "");
}

TEST_F(OnDemand, HeapsGrowInPlace) {
  HeapSpace heap = *allocator_.take_heap(10, 10 * kPage);
  uint8_t* data = heap.data();
  data[9] = 7;
  EXPECT_TRUE(heap.grow_to(10 * kPage));
  EXPECT_EQ(heap.data(), data);
  EXPECT_EQ(data[9], 7);
  EXPECT_EQ(data[10 * kPage - 1], 0);
  EXPECT_FALSE(heap.grow_to(10 * kPage + 1));
  EXPECT_EQ(heap.size(), 10 * kPage);
}

TEST_F(OnDemand, SharedMemoriesBelongToTheEngine) {
  LinearMemory own = memory(1);
  EXPECT_FALSE(allocator_.owns(reinterpret_cast<uintptr_t>(own.base())));
  uintptr_t base = 0;
  {
    LinearMemory shared = memory(1, true);
    base = reinterpret_cast<uintptr_t>(shared.base());
    EXPECT_FALSE(shared.plan().may_move);
    EXPECT_GE(shared.reservation(), 2 * kPage);
    EXPECT_TRUE(allocator_.owns(base));
    EXPECT_TRUE(allocator_.owns(base + shared.reservation() + shared.plan().guard - 1))
        << "as far as its guard reaches";
    EXPECT_FALSE(allocator_.owns(reinterpret_cast<uintptr_t>(own.base())));
    LinearMemory moved = std::move(shared);
    EXPECT_TRUE(allocator_.owns(base)) << "the reservation is where it was";
  }
  EXPECT_FALSE(allocator_.owns(base));
}

TEST(SharedPlan, ReservesItsMaximum) {
  abi::CodegenSettings settings;
  settings.memory_reservation = kPage;
  Allocator allocator(settings, {}, 0);
  auto plan = *allocator.plan_memory({.limits = {.min = 1, .max = 5, .is_64 = false, .is_shared = true}});
  EXPECT_EQ(plan.reservation, 5 * kPage);
  EXPECT_EQ(plan.least, 5 * kPage);
  EXPECT_FALSE(plan.may_move);
}

TEST(ReservationIndex, FindsWhatIsThere) {
  ReservationIndex index;
  // More than one chunk, and places used again.
  for (uintptr_t i = 1; i <= 100; ++i) index.add(i * 0x1000, 0x800);
  for (uintptr_t i = 1; i <= 100; i += 2) index.remove(i * 0x1000);
  for (uintptr_t i = 1; i <= 100; ++i) {
    EXPECT_EQ(index.contains(i * 0x1000 + 0x7ff), i % 2 == 0);
    EXPECT_FALSE(index.contains(i * 0x1000 + 0x800));
    EXPECT_FALSE(index.contains(i * 0x1000 - 1));
  }
  for (uintptr_t i = 1; i <= 100; i += 2) index.add(i * 0x1000, 0x400);
  for (uintptr_t i = 1; i <= 100; ++i) EXPECT_TRUE(index.contains(i * 0x1000));
}

// Readers while others come and go: what stays is always found.
TEST(ReservationIndex, ReadersSeeWhatStays) {
  ReservationIndex index;
  index.add(0x10'0000, 0x1000);
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (uintptr_t i = 0; i < 5000; ++i) {
      index.add(0x20'0000 + i % 7 * 0x1000, 0x1000);
      index.remove(0x20'0000 + i % 7 * 0x1000);
    }
    stop = true;
  });
  while (!stop) {
    ASSERT_TRUE(index.contains(0x10'0800));
    ASSERT_FALSE(index.contains(0x30'0000));
  }
}

TEST(ReservationCache, KeepsSoManyAndFindsThemFromEveryThread) {
  const MemoryPlan plan{.reservation = kPage, .guard = 4096, .least = kPage, .most = kPage};
  for (uint32_t kept : {0u, 1u, 20u}) {
    ReservationCache cache(kept);
    std::vector<MemorySlotPtr> slots;
    std::set<uint8_t*> bases;
    for (int i = 0; i < 30; ++i) slots.push_back(*cache.take(plan, 0));
    for (MemorySlotPtr& slot : slots) {
      bases.insert(slot->base());
      cache.give_back(std::move(slot));
    }
    slots.clear();
    // On another thread, whose part of the cache is another one.
    std::jthread([&] {
      for (uint32_t i = 0; i < kept; ++i) {
        slots.push_back(*cache.take(plan, 0));
        EXPECT_TRUE(bases.erase(slots.back()->base())) << "warm";
      }
    }).join();
    EXPECT_EQ(slots.size(), kept);
  }
}

TEST(ReservationCache, PrefersTheSlotWithTheSameSource) {
  const MemoryPlan plan{.reservation = kPage, .guard = 4096, .least = kPage, .most = kPage};
  ReservationCache cache(20);
  MemorySlotPtr slots[] = {*cache.take(plan, 0), *cache.take(plan, 0), *cache.take(plan, 0)};
  slots[0]->source.identity = 1;
  slots[1]->source.identity = 2;
  uint8_t* bases[] = {slots[0]->base(), slots[1]->base(), slots[2]->base()};
  // By different threads, so that they lie in different parts.
  for (MemorySlotPtr& slot : slots) std::jthread([&] { cache.give_back(std::move(slot)); }).join();
  auto base_of_taken = [&] { return (*cache.take(plan, 2))->base(); };
  EXPECT_EQ(base_of_taken(), bases[1]);
  const std::set<uint8_t*> rest = {base_of_taken(), base_of_taken()};
  EXPECT_EQ(rest, (std::set<uint8_t*>{bases[0], bases[2]})) << "else any that is warm";
}

}  // namespace
}  // namespace vitrine::runtime

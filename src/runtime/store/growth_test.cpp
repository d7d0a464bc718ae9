// Growing memories and tables while the limiter looks on.
#include <gtest/gtest.h>

#include "runtime/store/store.hpp"

namespace vitrine::runtime {
namespace {

constexpr uint64_t kPage = 65536;

class Growing : public ::testing::Test {
 protected:
  Growing() : store_(std::make_shared<Engine>(EngineOptions{})) {}
  void limit(std::function<Result<bool>(const Growth&)> f) { store_.set_limiter({std::move(f), {}}); }
  Store store_;
};

// A limiter that grows what it was asked about, so that the size it was asked for is no longer larger.
TEST_F(Growing, MemoryThatTheLimiterGrewDoesNotShrink) {
  for (bool is_64 : {false, true}) {
    Memory* memory = *store_.new_memory({.limits = {.min = 1, .max = 100, .is_64 = is_64}});
    int asked = 0;
    limit([&](const Growth& growth) {
      ++asked;
      EXPECT_EQ(growth.current, memory->data().size());
      if (asked == 1) {
        EXPECT_EQ(*memory->grow(10), 1u);
        memory->data()[10 * kPage] = 7;
      }
      return true;
    });
    EXPECT_EQ(*memory->grow(2), 11u) << "the size that it grew from in the end";
    EXPECT_EQ(asked, 3) << "the growth inside, and the one outside again";
    EXPECT_EQ(memory->pages(), 13u);
    EXPECT_EQ(memory->data()[10 * kPage], 7);
    // The limiter leaves no room.
    asked = 0;
    limit([&](const Growth&) {
      if (asked++ == 0) {
        EXPECT_TRUE(memory->grow(87));
      }
      return true;
    });
    EXPECT_FALSE(memory->grow(1));
    EXPECT_EQ(memory->pages(), 100u);
    store_.set_limiter({});
  }
}

TEST_F(Growing, TableThatTheLimiterGrewDoesNotShrink) {
  for (bool is_64 : {false, true}) {
    Table* table = *store_.new_table({wasm::ValType::externref(), {.min = 1, .max = 100, .is_64 = is_64}}, 5);
    int asked = 0;
    limit([&](const Growth& growth) {
      ++asked;
      EXPECT_EQ(growth.current, table->size());
      if (asked == 1) {
        EXPECT_EQ(*table->grow(10, 6), 1u);
      }
      return true;
    });
    EXPECT_EQ(*table->grow(2, 7), 11u);
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(table->size(), 13u);
    EXPECT_EQ(*table->get(0), 5u);
    EXPECT_EQ(*table->get(10), 6u);
    EXPECT_EQ(*table->get(11), 7u);
    asked = 0;
    limit([&](const Growth&) {
      if (asked++ == 0) {
        EXPECT_TRUE(table->grow(87, 0));
      }
      return true;
    });
    EXPECT_FALSE(table->grow(1, 0));
    EXPECT_EQ(table->size(), 100u);
    store_.set_limiter({});
  }
}

// A fault of a guest is one in a memory of its store, or in one that belongs to the engine.
TEST_F(Growing, EnginesMemoriesAreTheStoresToo) {
  Allocator& allocator = store_.engine().allocator();
  const wasm::MemoryType type{.limits = {.min = 1, .max = 2, .is_64 = false, .is_shared = true}};
  Memory* own = *store_.new_memory({.limits = {.min = 1}});
  LinearMemory shared = *allocator.take_memory(*allocator.plan_memory(type), kPage, {});
  LinearMemory others = *allocator.take_memory(*allocator.plan_memory({.limits = {.min = 1}}), kPage, {});
  EXPECT_TRUE(store_.is_memory_address(reinterpret_cast<uintptr_t>(own->data().data())));
  EXPECT_TRUE(store_.is_memory_address(reinterpret_cast<uintptr_t>(shared.base()) + 2 * kPage));
  EXPECT_FALSE(store_.is_memory_address(reinterpret_cast<uintptr_t>(others.base())));
}

}  // namespace
}  // namespace vitrine::runtime

#include "runtime/failure/failure.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <set>

namespace {

thread_local bool has_memory = true;

}  // namespace

[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return has_memory ? ::operator new(size) : nullptr;
}

namespace vitrine::runtime {
namespace {

TEST(Failure, SomeAreSetAsideForWantOfMemory) {
  std::vector<FailurePtr> kept;
  std::set<Failure*> places;
  kept.reserve(2 * Failure::kSetAside);
  for (int round = 0; round < 3; ++round) {
    has_memory = false;
    for (size_t i = 0; i < Failure::kSetAside; ++i) kept.push_back(Failure::trap(abi::TrapCode::Unreachable));
    has_memory = true;
    for (size_t i = 0; i < Failure::kSetAside; ++i) kept.push_back(Failure::trap(abi::TrapCode::Unreachable));
    for (size_t i = 0; i < Failure::kSetAside; ++i) places.insert(kept[i].get());
    kept.clear();
  }
  EXPECT_EQ(places.size(), Failure::kSetAside);
}

TEST(FailureDeathTest, WithoutAnyTheProcessEnds) {
  std::vector<FailurePtr> kept;
  kept.reserve(Failure::kSetAside);
  has_memory = false;
  for (size_t i = 0; i < Failure::kSetAside; ++i) kept.push_back(Failure::trap(abi::TrapCode::Unreachable));
  has_memory = true;
  auto one_more = [] {
    has_memory = false;
    (void)Failure::trap(abi::TrapCode::Unreachable);
  };
  EXPECT_DEATH(one_more(), "vitrine: out of memory: there is none to say why");
}

}  // namespace
}  // namespace vitrine::runtime

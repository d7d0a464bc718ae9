#include "base/sharded.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace vitrine {
namespace {

TEST(Sharded, TheObjectLivesAsLongAsAnyReference) {
  auto object = std::make_shared<int>(7);
  std::weak_ptr<int> watch = object;
  std::vector<std::shared_ptr<int>> references;
  {
    ShardedPtr<int> sharded(object);
    object.reset();
    EXPECT_EQ(*sharded, 7);
    for (int i = 0; i < 20; ++i) std::jthread([&] { references.push_back(sharded.share()); }).join();
  }
  while (!references.empty()) {
    ASSERT_FALSE(watch.expired());
    EXPECT_EQ(*references.back(), 7);
    references.pop_back();
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Sharded, ThreadsCountInDifferentPlaces) {
  std::set<size_t> shards;
  for (size_t i = 0; i < kShards; ++i) std::jthread([&] { shards.insert(thread_shard()); }).join();
  EXPECT_EQ(shards.size(), kShards);
  EXPECT_EQ(thread_shard(), thread_shard());
  // So a reference is not counted with those of another thread.
  const ShardedPtr<int> sharded(std::make_shared<int>(7));
  const auto mine = sharded.share();
  size_t alone = 0;
  for (size_t i = 0; i < kShards; ++i) std::jthread([&] { alone += sharded.share().use_count() == 2; }).join();
  EXPECT_EQ(alone, kShards - 1);
}

}  // namespace
}  // namespace vitrine

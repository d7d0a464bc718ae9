#include "os/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>
#include <vector>

namespace vitrine::os {
namespace {

class Descriptors : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit few = before_;
    few.rlim_cur = 400;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  void TearDown() override { ::setrlimit(RLIMIT_NOFILE, &before_); }
  static uint32_t take_all(DescriptorAccount& account) {
    while (account.take()) {
    }
    return account.held();
  }
  rlimit before_{};
};

TEST_F(Descriptors, TheHostKeepsAQuarter) {
  EXPECT_EQ(guest_descriptor_limit(), 300u);
  rlimit few = before_;
  few.rlim_cur = 40;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(guest_descriptor_limit(), 20u);
}

TEST_F(Descriptors, TheGreedyLeaveSomethingForTheNext) {
  auto first = DescriptorAccount::open(4096, 10);
  EXPECT_EQ(take_all(*first), 155u) << "its own, and half of the others";
  EXPECT_EQ(first->limit(), 155u);
  auto second = DescriptorAccount::open(4096, 10);
  uint32_t got = take_all(*second);
  EXPECT_GE(got, 75u);
  EXPECT_FALSE(first->take());
  // What one gives back is there for the other, until they have the same.
  while (first->held() > 100) first->give_back();
  EXPECT_GE(take_all(*second), 100u);
  first.reset();
  EXPECT_GE(take_all(*second), 150u);
}

TEST_F(Descriptors, WhatIsSetAsideIsSure) {
  auto quiet = DescriptorAccount::open(4096, 20);
  std::vector<std::shared_ptr<DescriptorAccount>> greedy;
  for (;;) {
    auto account = DescriptorAccount::open(4096, 5);
    if (!account) break;
    take_all(*account);
    greedy.push_back(std::move(account));
  }
  EXPECT_GE(greedy.size(), 5u);
  EXPECT_GE(take_all(*quiet), 20u);
  greedy.clear();
  EXPECT_GT(take_all(*quiet), 100u) << "all of it came back";
}

TEST_F(Descriptors, ALimitOfItsOwn) {
  auto account = DescriptorAccount::open(3, 10);
  EXPECT_EQ(take_all(*account), 3u);
  auto lease = DescriptorLease::take(account);
  EXPECT_FALSE(lease);
  account->give_back();
  lease = DescriptorLease::take(account);
  EXPECT_TRUE(lease);
  auto moved = std::move(lease);
  EXPECT_EQ(account->held(), 3u);
  moved.reset();
  EXPECT_EQ(account->held(), 2u);
}

// With nothing set aside, so that all of them take from what is shared.
TEST_F(Descriptors, ThreadsLoseNone) {
  auto account = DescriptorAccount::open(4096, 0);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 20'000; ++k) {
          auto one = DescriptorLease::take(account), two = DescriptorLease::take(account),
               three = DescriptorLease::take(account);
          EXPECT_TRUE(one && two && three);
        }
      });
    }
  }
  EXPECT_EQ(account->held(), 0u);
  EXPECT_EQ(take_all(*account), 150u);
  EXPECT_EQ(account->limit(), 150u);
}

}  // namespace
}  // namespace vitrine::os

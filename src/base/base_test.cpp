#include <fmt/format.h>  // core.h alone leaves vformat_to to the library, which GCC and clang name differently
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <latch>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/arena.hpp"
#include "base/assert.hpp"
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

bool each_once(WorkerPool* pool, size_t count) {
  std::vector<std::atomic<int>> seen(count);
  std::atomic<bool> good = true;
  parallel_for(pool, count, [&](size_t i, unsigned worker) {
    seen[i]++;
    if (worker >= workers_of(pool)) good = false;
  });
  return good && std::ranges::all_of(seen, [](auto& n) { return n == 1; });
}

TEST(Parallel, EveryItemOnce) {
  EXPECT_TRUE(each_once(nullptr, 10));
  WorkerPool pool(4);
  for (size_t count : {0, 1, 2, 3, 5, 1000}) EXPECT_TRUE(each_once(&pool, count)) << count;
}

TEST(Parallel, ThreadsAreKept) {
  // Loops whose items wait for one another, so that all four threads take part each time.
  WorkerPool pool(4);
  std::set<std::thread::id> threads;
  std::mutex mutex;
  for (int round = 0; round < 20; ++round) {
    std::latch all(4);
    parallel_for(&pool, 4, [&](size_t, unsigned) {
      all.arrive_and_wait();
      std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(threads.size(), 4u);
}

TEST(Parallel, LoopsAtOnceAndInsideOneAnother) {
  WorkerPool pool(3);
  std::atomic<int> good{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        parallel_for(&pool, 3, [&](size_t, unsigned) { good += each_once(&pool, 20); });
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 4 * 50 * 3);
}

TEST(Parallel, WhatIsThrownReachesTheCaller) {
  WorkerPool pool(2);
  for (unsigned thrower : {0u, 1u}) {
    std::latch both(2);
    auto loop = [&] {
      parallel_for(&pool, 1000, [&](size_t item, unsigned worker) {
        if (item < 2) both.arrive_and_wait();
        if (item < 2 && worker == thrower) throw std::bad_alloc();
      });
    };
    EXPECT_THROW(loop(), std::bad_alloc);
    EXPECT_TRUE(each_once(&pool, 100));
  }
}

/// The exit status of `body` in a child process.
int in_child(const std::function<bool()>& body) {
  pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(Parallel, GoesOnWithoutThreads) {
  EXPECT_EQ(in_child([] {
              if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return false;  // no limit holds for root
              rlimit none{0, 0};
              if (setrlimit(RLIMIT_NPROC, &none) != 0) return false;
              WorkerPool pool(4);
              std::atomic<bool> alone = true;
              parallel_for(&pool, 100, [&](size_t, unsigned worker) {
                if (worker != 0) alone = false;
              });
              return alone && each_once(&pool, 100);
            }),
            0);
}

TEST(Parallel, AChildProcessHasThreadsOfItsOwn) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer lets no child of a process with threads start its own";
#endif
  auto pool = std::make_optional<WorkerPool>(2);
  auto two_take_part = [&] {
    std::latch both(2);
    parallel_for(&*pool, 2, [&](size_t, unsigned) { both.arrive_and_wait(); });
    return true;
  };
  EXPECT_TRUE(two_take_part());
  EXPECT_EQ(in_child([&] {
              bool good = two_take_part();
              pool.reset();
              return good;
            }),
            0);
  // Nor does a child wait for threads that it has not.
  EXPECT_EQ(in_child([&] {
              pool.reset();
              return true;
            }),
            0);
  EXPECT_TRUE(two_take_part());
}

// A child of fork has the loop that it was forked from, and none of the threads that helped with it: it does not wait
// for them, nor go on as if they had done their part.
TEST(Parallel, AChildForkedInsideOfALoopDoesNotWaitForItsHelpers) {
  WorkerPool pool(2);
  std::latch both(2), child_ended(1);
  int status = 0;
  parallel_for(&pool, 2, [&](size_t, unsigned worker) {
    both.arrive_and_wait();
    if (worker != 0) return child_ended.wait();
    if (const pid_t child = fork(); child == 0) {
      alarm(30);
    } else {
      waitpid(child, &status, 0);
      child_ended.count_down();
    }
  });
  if (child_ended.try_wait()) {
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(WTERMSIG(status), SIGABRT);
  } else {
    _exit(0);  // the child, which has got here with half of the work
  }
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

TEST(AssertTest, SaysTheFileWithoutItsFolder) {
  EXPECT_DEATH(VITRINE_ASSERT(1 + 1 == 3), "^vitrine: internal error: base_test.cpp:[0-9]+: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace vitrine

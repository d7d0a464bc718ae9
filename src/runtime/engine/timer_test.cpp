#include "runtime/engine/timer.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>
#include <thread>

namespace vitrine::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Timer, GoesOnAsLongAsATaskWants) {
  auto timer = std::make_shared<Timer>();
  std::counting_semaphore<> called(0);
  int calls = 0;
  ASSERT_TRUE(timer->after(1us, [&] {
    called.release();
    return ++calls < 3;
  }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(called.try_acquire_for(10s));
  EXPECT_FALSE(called.try_acquire_for(5ms));
  timer->end();
}

TEST(Timer, TakesNothingWhenItHasEnded) {
  auto timer = std::make_shared<Timer>();
  timer->end();
  EXPECT_FALSE(timer->after(1us, [] { return true; }));
  // So that who waits for a task does not wait in vain.
  int calls = 0;
  timer->repeat([&] { return ++calls < 3; }, Timer::MayWait::Yes);
  EXPECT_EQ(calls, 3);
}

// A task that was running when another thread forked runs again in the child.
TEST(Timer, DoesAgainInAChildOfForkWhatWasBeingDone) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer's locks are not made for a fork beside other threads";
#endif
  auto timer = std::make_shared<Timer>();
  std::atomic<bool> running{false}, may_end{false};
  std::atomic<int> calls{0};
  ASSERT_TRUE(timer->after(1us, [&] {
    ++calls;
    running = true;
    while (!may_end) std::this_thread::yield();
    return false;
  }));
  while (!running) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    may_end = true;
    while (calls != 2) std::this_thread::yield();
    _exit(0);
  }
  may_end = true;
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  timer->end();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace vitrine::runtime

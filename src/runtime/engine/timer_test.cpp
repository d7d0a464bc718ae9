#include "runtime/engine/timer.hpp"

#include <gtest/gtest.h>

#include <semaphore>

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

}  // namespace
}  // namespace vitrine::runtime

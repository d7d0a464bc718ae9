#include "os/poll.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/fd.hpp"
#include "os/pipe_guard.hpp"
#include "os/random.hpp"

namespace vitrine::os {
namespace {

TEST(Poll, WaitsUntilTheDeadline) {
  uint64_t before = clock_now(Clock::Monotonic);
  auto n = poll_until({}, before + 20'000'000);
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 0);
  EXPECT_GE(clock_now(Clock::Monotonic), before + 20'000'000);
}

TEST(Poll, AnswersWhatIsReadyAtOnce) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  FileDescriptor read(fds[0]), write(fds[1]);
  pollfd polled[] = {{read.get(), POLLIN, 0}, {write.get(), POLLOUT, 0}};
  auto n = poll_until(polled, std::nullopt);
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 1);
  EXPECT_EQ(polled[0].revents, 0);
  EXPECT_EQ(polled[1].revents, POLLOUT);
}

TEST(Poll, DeadlinesSaturate) {
  EXPECT_FALSE(deadline_in(UINT64_MAX));
  EXPECT_TRUE(deadline_in(1));
}

TEST(Clock, FileTimesAreClamped) {
  EXPECT_EQ(to_nanoseconds({.tv_sec = -5, .tv_nsec = 1}), 0u);
  EXPECT_EQ(to_nanoseconds({.tv_sec = INT64_MAX, .tv_nsec = 0}), UINT64_MAX);
  EXPECT_EQ(to_nanoseconds({.tv_sec = 2, .tv_nsec = 3}), 2'000'000'003u);
  EXPECT_EQ(to_timespec(2'000'000'003).tv_nsec, 3);
}

TEST(PipeGuard, TurnsTheSignalIntoAnError) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  FileDescriptor write(fds[1]);
  ::close(fds[0]);
  auto before = ::signal(SIGPIPE, SIG_DFL);
  EXPECT_TRUE(sigpipe_kills());
  {
    PipeGuard guard;
    EXPECT_EQ(::write(write.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  }
  ::signal(SIGPIPE, before);  // still alive: the pending signal was taken
}

TEST(Random, FillsAllOfIt) {
  std::array<uint8_t, 4096> bytes{};
  ASSERT_TRUE(random_bytes(bytes));
  EXPECT_LT(std::ranges::count(bytes, 0), 200);
  EXPECT_TRUE(random_bytes({}));
}

}  // namespace
}  // namespace vitrine::os

#include "wasi/host/helpers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <semaphore>
#include <thread>
#include <vector>

#include "os/clock.hpp"
#include "wasi/host/pieces.hpp"

namespace vitrine::wasi::host {
namespace {

constexpr auto kSoon = std::chrono::seconds(2);
constexpr uint64_t kDisk = 1, kOther = 2;

/// Raises the interrupt a little after `work` has begun, and answers how long `work` went on after that.
template <class Work>
std::chrono::nanoseconds interrupted(Work&& work) {
  Interrupt interrupt;
  std::atomic<std::chrono::steady_clock::time_point> raised;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    raised = std::chrono::steady_clock::now();
    interrupt.raise();
  });
  work(interrupt);
  auto end = std::chrono::steady_clock::now();
  other.join();
  return end - raised.load();
}

TEST(Helpers, AnswerWhatTheWorkAnswers) {
  Interrupt interrupt;
  auto self = std::this_thread::get_id();
  auto answer = on_helper(interrupt, kDisk,
                          [self]() -> os::SysResult<int> { return std::this_thread::get_id() == self ? 1 : 42; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 42);
  EXPECT_EQ(on_helper(interrupt, kDisk, []() -> os::SysResult<> { return os::sys_fail(ENOSPC); }).error().code, ENOSPC);
  interrupt.raise();
  bool begun = false;
  EXPECT_EQ(on_helper(interrupt, kDisk, [&]() -> os::SysResult<> { return begun = true, os::SysResult<>(); }).error(),
            os::kInterrupted);
  EXPECT_FALSE(begun);
}

TEST(Helpers, AGuestIsGoneWhileItsWorkGoesOn) {
  auto gate = std::make_shared<std::counting_semaphore<>>(0);
  auto begun = std::make_shared<std::atomic<int>>(0), ended = std::make_shared<std::atomic<int>>(0);
  auto stuck = [gate, begun, ended]() -> os::SysResult<> {
    ++*begun;
    gate->acquire();
    ++*ended;
    return {};
  };
  // More than one device may hold: the last of them do not begin.
  constexpr size_t kMost = kMaxHelpers / 2;
  for (size_t i = 0; i < kMost + 2; ++i) {
    os::SysResult<> answer;
    EXPECT_LT(interrupted([&](Interrupt& its) { answer = on_helper(its, kDisk, stuck); }), kSoon);
    EXPECT_EQ(answer.error(), os::kInterrupted);
  }
  EXPECT_EQ(*ended, 0);
  // Another guest's work there waits for a helper, and has one when the first is free.
  std::atomic<bool> done = false;
  std::thread other([&] {
    Interrupt its;
    EXPECT_TRUE(on_helper(its, kDisk, []() -> os::SysResult<> { return {}; }));
    done = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(done);
  // Elsewhere it finds one free.
  Interrupt interrupt;
  std::atomic<bool> timed_out = false;
  std::jthread timeout([&](std::stop_token stop) {
    for (int i = 0; i < 2000 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (stop.stop_requested()) return;
    timed_out = true;
    interrupt.raise();
  });
  EXPECT_TRUE(on_helper(interrupt, kOther, []() -> os::SysResult<> { return {}; }));
  timeout.request_stop();
  EXPECT_FALSE(timed_out);
  gate->release(kMost + 2);
  other.join();
  for (int i = 0; i < 1000 && *ended < static_cast<int>(kMost); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(*ended, static_cast<int>(kMost));
  EXPECT_EQ(*begun, static_cast<int>(kMost)) << "and what had not begun was dropped";
}

// Two that wait, of different devices: the helper that has ended one job takes the first, and the second may begin then.
TEST(Helpers, OneThatEndsMayMakeRoomForTwo) {
  constexpr uint64_t kD = 11, kE = 12, kF = 13;
  std::counting_semaphore<> gate_of_d(0), gate(0);
  std::atomic<int> begun{0}, second{0};
  std::vector<std::jthread> guests;
  auto add = [&](uint64_t device, std::counting_semaphore<>& until, std::atomic<int>& counted) {
    guests.emplace_back([&, device] {
      Interrupt its;
      auto work = [&]() -> os::SysResult<> {
        ++counted;
        until.acquire();
        return {};
      };
      EXPECT_TRUE(on_helper(its, device, work));
    });
  };
  // In turn, so that the margin is never in the way.
  for (int i = 0; i < 5; ++i) {
    for (uint64_t device : {kD, kE}) {
      const int before = begun;
      add(device, device == kD ? gate_of_d : gate, begun);
      while (begun == before) std::this_thread::yield();
    }
  }
  add(kF, gate, begun);
  while (begun < 11) std::this_thread::yield();
  for (uint64_t device : {kE, kD}) {
    add(device, gate, second);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(second, 0);
  gate_of_d.release();
  for (int i = 0; i < 5000 && second < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(second, 2);
  gate_of_d.release(4);
  gate.release(8);
}

TEST(Helpers, WorkThatThrowsFails) {
  Interrupt interrupt;
  auto throws = []() -> os::SysResult<> { throw std::bad_alloc(); };
  EXPECT_EQ(on_helper(interrupt, kDisk, throws).error().code, ENOMEM);
  EXPECT_TRUE(on_helper(interrupt, kDisk, []() -> os::SysResult<> { return {}; }));
}

/// What `work` answered in a child of fork.
template <class Work>
bool in_child(Work&& work) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Helpers, AChildOfForkHasItsOwn) {
  Interrupt interrupt;
  ASSERT_TRUE(on_helper(interrupt, kDisk, []() -> os::SysResult<> { return {}; }));
  EXPECT_TRUE(in_child([&] {
    ::alarm(20);
    return on_helper(interrupt, kDisk, []() -> os::SysResult<> { return {}; }).has_value();
  }));
}

TEST(Interrupt, OfTheParentLeavesAChildAlone) {
  Interrupt interrupt;
  ASSERT_TRUE(interrupt.sleep_until(0));  // it has what it waits with
  int raised[2];
  ASSERT_EQ(::pipe(raised), 0);
  pid_t child = ::fork();
  if (child == 0) {
    char byte;
    ::close(raised[1]);
    [[maybe_unused]] auto n = ::read(raised[0], &byte, 1);
    uint64_t until = os::clock_now(os::Clock::Monotonic) + 30'000'000;
    bool slept = interrupt.sleep_until(until) && os::clock_now(os::Clock::Monotonic) >= until;
    interrupt.raise();
    bool ended = !interrupt.sleep_until(std::nullopt);
    ::_exit(slept && ended ? 0 : 1);
  }
  interrupt.raise();
  ::close(raised[0]);
  ::close(raised[1]);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Interrupt, OfAChildLeavesTheParentAlone) {
  Interrupt interrupt;
  ASSERT_TRUE(interrupt.sleep_until(0));  // it has what it waits with
  EXPECT_TRUE(in_child([&] {
    interrupt.raise();
    return !interrupt.sleep_until(std::nullopt);
  }));
  uint64_t until = os::clock_now(os::Clock::Monotonic) + 30'000'000;
  EXPECT_TRUE(interrupt.sleep_until(until));
  EXPECT_GE(os::clock_now(os::Clock::Monotonic), until);
}

TEST(Pieces, MoveAllOfIt) {
  Interrupt interrupt;
  std::vector<char> bytes(3'000'000);
  std::vector<iovec> parts;
  for (size_t at = 0, i = 0; at < bytes.size(); ++i) {
    size_t n = std::min(bytes.size() - at, i % 7 == 0 ? size_t{0} : i * 1371 % 90'000);
    parts.push_back({bytes.data() + at, n});
    at += n;
  }
  size_t calls = 0;
  auto fill = [&](std::span<const iovec> some, size_t done) -> ssize_t {
    EXPECT_EQ(some[0].iov_base, bytes.data() + done) << "in order, without a gap";
    ++calls;
    size_t n = 0;
    for (const auto& part : some) {
      std::memset(part.iov_base, 'x', part.iov_len);
      n += part.iov_len;
    }
    return static_cast<ssize_t>(n);
  };
  EXPECT_EQ(in_pieces(parts, interrupt, fill), os::SysResult<size_t>(bytes.size()));
  EXPECT_EQ(std::ranges::count(bytes, 'x'), static_cast<ptrdiff_t>(bytes.size()));
  EXPECT_GT(calls, 2u);
  // Short ones and errors.
  auto short_at = [&](size_t limit, int error) {
    return [&, limit, error](std::span<const iovec> some, size_t done) -> ssize_t {
      if (done >= limit) return errno = error, error ? -1 : 0;
      return static_cast<ssize_t>(std::min(total_size(some), limit - done));
    };
  };
  EXPECT_EQ(in_pieces(parts, interrupt, short_at(700'000, 0)), os::SysResult<size_t>(700'000));
  EXPECT_EQ(in_pieces(parts, interrupt, short_at(kFirstPiece, EIO)), os::SysResult<size_t>(kFirstPiece));
  EXPECT_EQ(in_pieces(parts, interrupt, short_at(0, EIO)).error().code, EIO);
  EXPECT_EQ(in_pieces({}, interrupt, short_at(0, 0)), os::SysResult<size_t>(0));
}

}  // namespace
}  // namespace vitrine::wasi::host

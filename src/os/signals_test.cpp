#include "os/signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "os/thread.hpp"

namespace vitrine::os {
namespace {

stack_t signal_stack() {
  stack_t now{};
  EXPECT_EQ(sigaltstack(nullptr, &now), 0);
  return now;
}

TEST(SignalStack, HasAGuardBelow) {
  std::thread([] {
    ensure_signal_stack();
    const stack_t now = signal_stack();
    ASSERT_FALSE(now.ss_flags & SS_DISABLE);
    auto* low = static_cast<const char*>(now.ss_sp);
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    EXPECT_EQ(write(fds[1], low, 1), 1);
    EXPECT_EQ(write(fds[1], low - 1, 1), -1);
    EXPECT_EQ(errno, EFAULT);
    close(fds[0]);
    close(fds[1]);
  }).join();
}

std::vector<char> foreign(64 * 1024);
std::atomic<void*> stack_at_end{nullptr};

struct Late {
  ~Late() {
    stack_at_end = signal_stack().ss_flags & SS_DISABLE ? nullptr : signal_stack().ss_sp;
    // AddressSanitizer's runtime unmaps whatever it finds there when a thread ends.
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
};

TEST(SignalStack, AnotherOneThatCameLaterStays) {
  std::thread([] {
    static thread_local Late late;  // made first, so it goes last
    (void)&late;
    ensure_signal_stack();
    stack_t other{};
    other.ss_sp = foreign.data();
    other.ss_size = foreign.size();
    ASSERT_EQ(sigaltstack(&other, nullptr), 0);
  }).join();
  EXPECT_EQ(stack_at_end, foreign.data());
}

TEST(Interrupts, ByStandardSignalsThatMeanNothingElse) {
  for (int signal : {SIGURG, SIGUSR1, SIGUSR2, SIGIO, SIGWINCH})
    EXPECT_TRUE(can_interrupt(static_cast<uint32_t>(signal)));
  for (int signal : {0, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
    EXPECT_FALSE(can_interrupt(static_cast<uint32_t>(signal))) << signal;
  }
  for (uint32_t signal = 32; signal < 200; ++signal) EXPECT_FALSE(can_interrupt(signal)) << signal;
}

TEST(Thread, SignalsReachItWhileItLives) {
  static std::atomic<int> seen{0};
  set_interrupt_handler([](MachineState&) {
    ++seen;
    if (Thread* self = Thread::current_or_null()) self->on_signal();
    return false;
  });
  ASSERT_TRUE(catch_interrupts(kDefaultInterruptSignal));
  std::atomic<Thread*> other{nullptr};
  std::atomic<bool> end{false};
  std::thread thread([&] {
    EXPECT_EQ(Thread::current_or_null(), nullptr);
    other = &Thread::current();
    while (!end) std::this_thread::yield();
  });
  while (!other) std::this_thread::yield();
  const uint64_t request = other.load()->send(kDefaultInterruptSignal);
  ASSERT_NE(request, 0u);
  while (!other.load()->seen(request)) std::this_thread::yield();
  EXPECT_EQ(seen, 1);
  end = true;
  thread.join();
  EXPECT_EQ(other.load()->send(kDefaultInterruptSignal), 0u) << "it has ended";
  std::thread([&] { EXPECT_EQ(&Thread::current(), other.load()) << "its record is used again"; }).join();
}

std::atomic<Thread*> own_at_end{nullptr};
struct AtEnd {
  ~AtEnd() { own_at_end = Thread::current_or_null(); }
};

TEST(Thread, LastsAsLongAsThreadLocalObjects) {
  Thread* own = nullptr;
  std::thread([&] {
    static thread_local AtEnd at_end;  // made first, so it goes last
    (void)&at_end;
    own = &Thread::current();
  }).join();
  EXPECT_EQ(own_at_end, own);
}

}  // namespace
}  // namespace vitrine::os

#include "os/fork.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace vitrine::os {
namespace {

/// Forks while another thread holds the lock; what the child does with it has to end.
template <class Mutex, class Use>
void fork_while_held(Mutex& mutex, Use use) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "fork takes no locks under ThreadSanitizer (fork.cpp)";
#endif
  std::atomic<bool> held{false};
  std::thread other([&] {
    std::lock_guard lock(mutex);
    held = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  while (!held) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    use(mutex);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  other.join();
  use(mutex);
}

TEST(Fork, AMutexIsFreeInTheChild) {
  auto use = [](auto& mutex) { std::lock_guard lock(mutex); };
  ForkSafe<std::mutex> first;
  {
    ForkSafe<std::mutex> gone;
  }
  ForkSafe<std::mutex> second;
  fork_while_held(first, use);
  fork_while_held(second, use);
}

TEST(Fork, SoIsASharedMutex) {
  ForkSafe<std::shared_mutex> mutex;
  fork_while_held(mutex, [](auto& m) {
    for (int i = 0; i < 2; ++i) {
      std::lock_guard lock(m);
    }
    std::shared_lock one(m);
    std::shared_lock another(m);
  });
}

}  // namespace
}  // namespace vitrine::os

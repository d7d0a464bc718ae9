// The engine's one timer thread; started when first used, ends with the engine.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "os/thread.hpp"

namespace vitrine::runtime {

class Timer : public std::enable_shared_from_this<Timer> {
 public:
  using Clock = std::chrono::steady_clock;
  /// Answers whether it wants to be called again.
  using Task = std::function<bool()>;

  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls `task` until it answers false: every 100 microseconds at first, and more seldom the longer it takes, up to
  /// every 10 ms. Without room for a thread it is the caller that does so.
  void repeat(Task task);
  /// Calls `task` once, in `delay`. False if there is no room for a thread.
  bool after(std::chrono::nanoseconds delay, Task task);
  /// No task is called from now on, and none is running when this returns (unless it is a task that calls this).
  void end();

 private:
  struct Entry {
    Task task;
    Clock::duration age{};
  };
  bool add(Clock::time_point when, Entry entry);
  void run();
  void forget_parent();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Entry> entries_;
  bool ends_ = false;
  std::thread thread_;
  std::atomic<uint64_t> forks_ = os::forks();
};

}  // namespace vitrine::runtime

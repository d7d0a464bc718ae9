// The engine's one timer thread; started when first used, ends with the engine. A child of fork has one of its own if
// there was something to do.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "os/fork.hpp"
#include "os/thread.hpp"

namespace vitrine::runtime {

class Timer final : public std::enable_shared_from_this<Timer>, os::ForkLock {
 public:
  using Clock = std::chrono::steady_clock;
  /// Answers whether it wants to be called again.
  using Task = std::function<bool()>;
  /// What `after` has added: when it is due, and its number.
  using Key = std::pair<Clock::time_point, uint64_t>;

  Timer() { ForkLock::add(*this); }
  ~Timer() { ForkLock::remove(*this); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls `task` until it answers false: every 100 microseconds at first, and more seldom the longer it takes, up to
  /// every 10 ms. Without room for a thread, and if it may wait, it is the caller that does so, for a second at most.
  enum class MayWait : bool { No, Yes };
  void repeat(Task task, MayWait may_wait);
  /// Calls `task` in `delay`, and then as `repeat` does. None if there is no room for a thread, or it has ended.
  std::optional<Key> after(std::chrono::nanoseconds delay, Task task);
  /// Lets go of what `after` has added. It may be running already, or have run.
  void call_off(const Key& key);
  /// No task is called from now on, and none is running when this returns (unless it is a task that calls this).
  void end();

 private:
  struct Entry {
    Task task;
    Clock::duration age{};
  };
  /// None if it has ended, or if there is no room for a thread.
  std::optional<Key> add(Clock::time_point when, Entry entry);
  /// Locked. False: no room for a thread.
  bool start();
  void run();
  void forget_parent();
  void before_fork() override { mutex_.lock(); }
  void after_in_parent() override { mutex_.unlock(); }
  void after_in_child() override { forget_parent(); }
  std::function<void()> begin_in_child() override;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Entry> entries_;
  std::map<Key, Entry>::node_type current_;  // whose task is running
  uint64_t numbers_ = 0;                     // given out so far
  bool ends_ = false;
  std::thread thread_;
  std::thread::id runner_;  // the thread that runs tasks
  std::atomic<uint64_t> forks_ = os::forks();
};

}  // namespace vitrine::runtime

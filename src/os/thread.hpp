// Threads that signals are sent to.
//
// Invariants
//   - A Thread is never freed: whoever holds a pointer may send at any time, and a thread that has ended gets nothing.
//     Its record goes to another thread later, which then gets signals that were not meant for it: a handler has to
//     look for itself at what it interrupted.
//   - `seen` says that a handler ran in the thread after a `send`: whatever the sender had written before is visible
//     to everything that the thread does after that.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace vitrine::os {

class Thread {
 public:
  /// The calling thread's; made on first use.
  static Thread& current();
  /// The same, or null if there is none yet. Async-signal-safe.
  static Thread* current_or_null();

  /// Sends the signal and answers the number of the request; 0: the thread has ended.
  uint64_t send(int signal);
  /// Whether it ran in a parent of this process, where another thread has forked. Such a record is not given out again.
  bool was_left_by_fork();
  /// Whether a handler that calls `on_signal` ran after the request.
  bool seen(uint64_t request) const { return seen_.load(std::memory_order_acquire) >= request; }
  /// Called by the handler.
  void on_signal() { seen_.store(requested_.load(std::memory_order_acquire), std::memory_order_release); }

 private:
  friend struct ThreadPool;
  friend struct ThreadOwner;
  /// Makes it the calling thread's; false if it has one.
  bool begin();

  std::mutex mutex_;
  static constexpr int kEnded = 0;  // or not begun
  static constexpr int kLeft = -1;  // by a fork
  int id_ = kEnded;
  std::atomic<uint64_t> requested_{0}, seen_{0};
  Thread* next_ = nullptr;  // of all there are
};

/// How often this process is the child of a fork, counted from the first call in an ancestor.
uint64_t forks();

}  // namespace vitrine::os

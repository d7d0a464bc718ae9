// Ends what a store runs, from any thread: its guests, its bulk operations and its host functions that block.
//
// A guest is ended by a signal to its thread: where it meets guest code, its handler unwinds as a trap does, so guest
// code itself has nothing to look at. In the host it does nothing, and need not: who comes back to the guest finds the
// store's flag, and leaves. What lies between, and host functions that call guests, are why the engine's timer sends it
// again until the store has left its last guest. Without signals the guest is ended by its epoch check.
//
// Cancelling goes: the store's flag, no more thread may enter, wake who waits, then signals. Entering goes the other way
// round: the activation is listed, then the thread looked at (`Store::enter`, or the thread found at home). So one of
// both sees the other: the signal's handler runs in the thread between two of its instructions, and once it has run,
// either the activation is listed or the thread will be refused.
//
// A host function may let another thread enter its store and wait for it: the innermost activation's thread runs the
// guest, and is looked up each time.
//
// In a child of fork, a store that another thread was running is nobody's: its guests will not come back, and nobody is
// woken for it, unless the guest was on a stack that another thread goes on with. What another thread had begun for any
// other living store is finished by the child's timer, but for the one function that it was just calling.
//
// Outlives its store; shared by whoever may cancel.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "os/fork.hpp"
#include "os/thread.hpp"
#include "runtime/engine/timer.hpp"

namespace vitrine::runtime {

class Store;

class Cancellation final : public std::enable_shared_from_this<Cancellation>, os::ForkLock {
 public:
  explicit Cancellation(Store& store) : store_(&store) { ForkLock::add(*this); }
  ~Cancellation() { ForkLock::remove(*this); }

  /// Any thread; only the first call has an effect.
  void cancel();
  bool is_cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  /// Cancels in so much time; none: not by the clock. What an earlier call said does not hold any more when this
  /// returns. By the store's thread; false if the system has no room for the timer's.
  bool cancel_after(std::optional<std::chrono::nanoseconds> delay);
  /// Calls it once, when cancelled, on the thread that cancels; at once if that has been. It must not touch the store;
  /// what it throws is dropped. Not any more, nor is it running, when what is answered has gone.
  std::shared_ptr<void> on_cancel(std::function<void()> wake);

 private:
  friend class Store;
  /// Tells the store's thread. False when there is nothing left to end.
  bool push();
  /// Sends the signal to who was at home when it was cancelled, unless it needs none any more.
  void tell_home(int signal);
  /// Cancelling begins: no more thread may enter. False if that has been, or is to be for a deadline that does not hold
  /// any more.
  bool begin(std::optional<uint64_t> deadline);
  /// Tells who runs something, and who waits. False when there is nothing left to end.
  bool tell();
  /// The store dies.
  void detach();
  /// A function to be called when cancelled: in the list from its making to its call, or its end.
  class Wake;
  /// Calls them all.
  void wake();
  void before_fork() override { mutex_.lock(); }
  void after_in_parent() override { mutex_.unlock(); }
  void after_in_child() override;
  std::function<void()> begin_in_child() override;
  void not_begun_in_child() noexcept override { woke_ = true; }  // who comes later is told at once
  /// Locked. Whether a thread was running something that this process, a child of fork, does not have.
  bool is_left() const;

  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  Store* store_;                   // null when it is dead
  os::Thread* at_home_ = nullptr;  // who might have been on its way in when it was cancelled; null: nobody, any more
  uint64_t first_request_ = 0;     // the first signal to it; 0: none was sent
  uint64_t deadline_ = 0;          // the number of the time that was set last
  std::optional<Timer::Key> due_;  // its place in the timer, for the store's thread
  Wake* first_wake_ = nullptr;     // that was not called yet
  Wake* running_wake_ = nullptr;   // by waker_; null: none, or it has gone
  bool woke_ = false;              // `wake` was called
  std::thread::id waker_;          // while it is calling them
  std::condition_variable wake_done_;
};

}  // namespace vitrine::runtime

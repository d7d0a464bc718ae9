// A Store: one guest world. It owns instances and everything they made; use one a tenant.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "vitrine/engine.hpp"
#include "vitrine/export.hpp"

namespace vitrine {

struct StoreImpl;

/// Bounds on what the guests of a store may have; exceeding one fails the growth (the guest sees -1) or the
/// instantiation.
struct StoreLimits {
  std::optional<uint64_t> memory_bytes;    ///< of each memory
  std::optional<uint64_t> table_elements;  ///< of each table
  uint64_t instances = 10000, memories = 10000, tables = 10000;
  bool trap_on_grow_failure = false;  ///< a failing grow traps instead of answering -1
};

/// What to do when the epoch deadline is reached: go on for so many more ticks, or stop the guest with a trap.
struct EpochDecision {
  std::optional<uint64_t> extend_by;
};

/// Ends what a store runs, from any thread: guests wherever they are, bulk operations, and host functions that wait, if
/// they said how (`Store::on_cancel`). The call that was running fails with TrapCode::Interrupt, every later one with
/// an error that says so. Guests are ended by a signal to their thread (Config::cancel_signal), so code has nothing to
/// look at; in an engine without signals they are by their epoch check, if they have one. Copyable; may outlive the
/// store.
class VITRINE_API CancelHandle {
 public:
  void cancel() const;
  bool cancelled() const;

 private:
  friend class Store;
  explicit CancelHandle(std::shared_ptr<void> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<void> shared_;
};

/// A stack other than the thread's own, [low, low + size), on which guests may be called while this lives, by any
/// thread and any store: a coroutine's. Without one such a call is refused, as a guest that recurses could write below
/// a stack whose end is not known. Host functions may enter a store again from another stack, and must come back in the
/// order in which they were called.
class VITRINE_API Stack {
 public:
  Stack(void* low, size_t size);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

 private:
  void* low_;
  size_t size_;
};

/// Not copyable; used by one thread at a time. Handles (Func, Memory, Instance ...) point into it and must not outlive
/// it.
class VITRINE_API Store {
 public:
  explicit Store(const Engine& engine);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const Engine& engine() const;
  void limits(const StoreLimits& limits);

  /// Fuel left; needs Config::consume_fuel. A new store has none.
  Result<void> set_fuel(uint64_t fuel);
  Result<uint64_t> fuel() const;
  /// The guest is interrupted when the engine's epoch has advanced by `ticks` from now.
  void set_epoch_deadline(uint64_t ticks);
  /// Called at the deadline instead of trapping.
  void epoch_callback(std::function<EpochDecision()> callback);

  /// Who may cancel it, from any thread. Of the store's own functions only these two may be called by another thread.
  CancelHandle canceller() const;
  void cancel();
  /// Cancels it in so much time, unless it has gone by then.
  Result<void> cancel_after(std::chrono::nanoseconds delay);
  bool cancelled() const;
  /// Called once when the store is cancelled, by the thread that cancels, or at once if that has been: wakes a host
  /// function that waits. Must not use the store.
  void on_cancel(std::function<void()> wake);

  /// One thing of the host's that its functions can find again (`Caller::data`), by a key: the address of something
  /// static.
  void set_data(const void* key, std::shared_ptr<void> data);
  void* data(const void* key) const;

  StoreImpl* impl() const { return impl_.get(); }

 private:
  std::unique_ptr<StoreImpl> impl_;
};

}  // namespace vitrine

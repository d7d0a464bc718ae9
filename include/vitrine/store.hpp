// A Store: one guest world. It owns instances and everything they made; use one a tenant.
//
//   StoreOf<App> store(engine, app_arguments...);
//   auto defined = linker.func("env", "log", [](CallerOf<App>& caller, int32_t ptr, int32_t len) {
//     caller->log(...);
//   });
//   if (!defined) return std::unexpected(std::move(defined).error());
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "vitrine/engine.hpp"
#include "vitrine/export.hpp"
#include "vitrine/limits.hpp"
#include "vitrine/val.hpp"

namespace vitrine {

struct StoreImpl;
class Trap;

/// Ends what a store runs, from any thread: guests wherever they are, bulk operations, and host functions that wait, if
/// they said how (`Context::on_cancel`). The call that was running fails with TrapCode::Interrupt, and so does every
/// later one; `cancelled` tells that from an interruption by the epoch. Guests are ended by a signal to their thread
/// (Config::cancel_signal), so code has nothing to look at; in an engine without signals they are by their epoch check,
/// if they have one, and after their next call of a host function. Copyable; may outlive the store.
///
/// Engine::make takes the signal's handler, and passes on what is not its own. A thread that calls a guest has the signal
/// let through from then on, so it must be none that the program takes by sigwait or signalfd. The signal may come
/// several times, also while a host function waits in the system: what is not restarted then answers EINTR.
class VITRINE_API CancelHandle {
 public:
  /// Not to be called by a signal handler.
  void cancel() const;
  /// Whether that was done.
  bool cancelled() const;

 private:
  friend class Context;
  explicit CancelHandle(std::shared_ptr<void> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<void> shared_;
};

/// A function that `Context::on_cancel` registered, for as long as this lives. When the destructor has returned, it is
/// not called any more; while it is running, the destructor waits, unless the function itself is what destroys this.
/// May outlive the store.
class VITRINE_API CancelCallback {
 public:
  CancelCallback() = default;
  CancelCallback(CancelCallback&&) noexcept = default;
  CancelCallback& operator=(CancelCallback&&) noexcept = default;

 private:
  friend class Context;
  explicit CancelCallback(std::shared_ptr<void> registered) : registered_(std::move(registered)) {}
  std::shared_ptr<void> registered_;
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

/// A store as whoever is inside of it sees it: its owner (`Store`), a host function that it called (`Caller`), a
/// callback. What makes or takes something of a store takes a Context, so all of them will do. Does not own; not
/// copyable; valid as long as what it was given for. One thread at a time.
class VITRINE_API Context {
 public:
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Whose guests run here.
  const Engine& engine() const;

  /// Replaces the limits, for what is made or grows from now on.
  void limits(const StoreLimits& limits) const;

  /// Asked and told about growth, on the guest's stack. Both may take their time, as when they wait for room, and may
  /// call the guest.
  struct Limiter {
    /// Before every growth and every new memory and table that is inside of the limits. True: may be; false: may not,
    /// and a growing guest sees -1; an error: may not, and ends the guest's call. None: all may be.
    std::function<Result<bool>(const Context&, const Growth&)> may_grow = {};
    /// Of every growth that did not happen, and why: the type, a limit, `may_grow` or the system. If one memory or table
    /// of a new instance cannot be, those allowed before it are not either.
    std::function<void(const Context&, const Growth&, const Error& why)> grow_failed = {};
  };
  /// Replaces whom growth is asked of.
  void limiter(Limiter limiter) const;

  /// Fuel left; needs Config::consume_fuel. A new store has none.
  [[nodiscard]] Result<> set_fuel(uint64_t fuel) const;
  [[nodiscard]] Result<uint64_t> fuel() const;
  /// The guest is interrupted when the engine's epoch has advanced by `ticks` from now. A new store is due at once. Without
  /// Config::epoch_interruption nothing looks at it.
  void set_epoch_deadline(uint64_t ticks) const;
  /// Called at the deadline instead of trapping, on the guest's stack. An error ends the guest's call with it.
  using EpochCallback = std::function<Result<EpochDecision>(const Context&)>;
  void epoch_callback(EpochCallback callback) const;
  /// What EpochDecision::yield does: blocks, or switches to another coroutine if the guest was called on one, as long
  /// as nobody else enters the store meanwhile. An error ends the guest's call. Without one, yielding is an error.
  using YieldHook = std::function<Result<>(const Context&)>;
  void yield_hook(YieldHook hook) const;

  /// Who may cancel it, from any thread. Of what a store has only these two may be used by another thread.
  CancelHandle canceller() const;
  void cancel() const;
  /// Cancels it in so much time, unless it has gone by then; another call sets the time anew. None: calls that off. When
  /// it returns, what was set before cancels the store no more, if it has not yet. Fails if the system has no room for
  /// the engine's timer thread.
  [[nodiscard]] Result<> cancel_after(std::optional<std::chrono::nanoseconds> delay) const;
  bool cancelled() const;
  /// `wake` is called once when the store is cancelled, by the thread that cancels, or at once if that has been: wakes a
  /// host function that waits, which keeps what is answered for as long as it does. Must not use the store, nor take its
  /// time; an exception is dropped. What it holds goes when it has been called, on that same thread. In a child of fork
  /// it is not called for a guest that another thread was running in the parent.
  [[nodiscard]] CancelCallback on_cancel(std::function<void()> wake) const;

  /// Said by a host function that switches stacks, when it goes on on another thread than the one it was called on and
  /// before it comes back to the guest: without it, cancelling does not find the guest. A yield hook need not say it.
  void goes_on_here() const;

  /// One thing of the host's that its functions can find again, by a key: the address of something static. It goes with
  /// the store, last: its guests, extern references and host functions are gone already. (`StoreOf<T>` is the typed
  /// face.)
  void set_data(const void* key, std::shared_ptr<void> data) const;
  void* data(const void* key) const;

  /// Drops the extern references that nobody can reach any more; answers how many. While a guest is running nobody can
  /// tell what it holds, and none are dropped.
  size_t collect_garbage() const;
  /// When a call into a guest ends with the exception of a host function: the guest frames the exception passed (its
  /// `code` is none). Null before the first; replaced by the next.
  std::shared_ptr<const Trap> last_exception() const;

  /// For host functions in the raw convention: a reference as the word that guests hold, and back. The word of an
  /// extern reference is good until the store drops the reference; keep the Val. Fails for a reference of another
  /// store.
  [[nodiscard]] Result<RawVal> to_raw(const Val& value) const;
  Val from_raw(ValKind kind, const RawVal& raw) const;

 protected:
  explicit Context(StoreImpl* impl) : impl_(impl) {}
  friend struct detail::Access;
  StoreImpl* impl_;
};

/// Owns the store. Movable; Func, Memory, Instance and all other handles go with what they stand for, and answer errors
/// when the store is gone. Must not be destroyed by a host function that it called, nor while a coroutine that called
/// its guest is suspended, whose stack is full of it: cancel it and resume the coroutine, which then unwinds at once and
/// comes to its end. Else the process ends with a message. One that was moved from may only be assigned to and
/// destroyed.
class VITRINE_API Store : public Context {
 public:
  /// Empty, with the default limits.
  explicit Store(const Engine& engine);
  ~Store();
  Store(Store&& other) noexcept;
  Store& operator=(Store&& other) noexcept;
};

namespace detail {
/// Its address is the key of a store's data of type T.
template <class T>
inline char data_key = 0;
}  // namespace detail

/// A store with a T of the host's, which `CallerOf<T>` reaches in host functions.
template <class T>
class StoreOf : public Store {
 public:
  template <class... A>
  explicit StoreOf(const Engine& engine, A&&... args) : Store(engine) {
    auto data = std::make_shared<T>(std::forward<A>(args)...);
    data_ = data.get();
    set_data(&detail::data_key<T>, std::move(data));
  }
  using Context::data;
  T& data() const { return *data_; }
  T* operator->() const { return data_; }

 private:
  T* data_;  // owned by the store
};

}  // namespace vitrine

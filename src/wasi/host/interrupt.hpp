// How a guest is ended while the host works for it: every call of the host layer that may block waits for this as well,
// and one that takes long looks at it at least every kPiece.
//
// `raise` may be called by any thread and from a signal handler; it stays raised. A call that finds it raised answers
// os::kInterrupted, which a face turns into a trap.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "os/sys_result.hpp"

namespace vitrine::wasi::host {

/// For how long work may go on without a look at the interrupt, in nanoseconds.
inline constexpr uint64_t kPiece = 200'000;

class Interrupt {
 public:
  Interrupt() = default;
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise() noexcept;
  bool raised() const noexcept { return raised_.load(std::memory_order_acquire); }
  /// For those who know nothing of this class.
  const std::atomic<bool>& flag() const { return raised_; }

  /// Waits until `fd` is ready for `events`, or in error.
  os::SysResult<> wait(int fd, short events) const;
  /// Waits for `fds` up to `deadline` (monotonic nanoseconds). `fds` must end in a spare element, which this uses.
  os::SysResult<> wait(std::span<pollfd> fds, std::optional<uint64_t> deadline) const;
  /// Waits for `deadline` alone.
  os::SysResult<> sleep_until(std::optional<uint64_t> deadline) const;

 private:
  /// An event, and the process that made it: a child of fork shares it with its parent, so it leaves it alone, and
  /// makes one of its own.
  struct Event {
    int fd = -1;
    pid_t owner = 0;
    bool is_ours() const;
  };
  static_assert(std::atomic<Event>::is_always_lock_free);
  /// -1 if the system has none left.
  int event() const;

  std::atomic<bool> raised_ = false;
  // Readable while raised. Made by the first wait, as most guests never wait; without one, waits come in slices.
  mutable std::atomic<Event> event_{};
};

}  // namespace vitrine::wasi::host

// How a blocked guest is woken to be ended: every call of the host layer that may block waits for this as well.
//
// `raise` may be called by any thread and from a signal handler; it stays raised until `clear`. A call that finds it
// raised while it would block answers os::kInterrupted, which a face turns into a trap.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "os/fd.hpp"
#include "os/sys_result.hpp"

namespace vitrine::wasi::host {

class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise() noexcept;
  void clear() noexcept;
  bool raised() const noexcept { return raised_.load(std::memory_order_acquire); }

  /// Waits until `fd` is ready for `events`, or in error.
  os::SysResult<> wait(int fd, short events) const;
  /// Waits for `fds` up to `deadline` (monotonic nanoseconds). `fds` must end in a spare element, which this uses.
  os::SysResult<> wait(std::span<pollfd> fds, std::optional<uint64_t> deadline) const;
  /// Waits for `deadline` alone.
  os::SysResult<> sleep_until(std::optional<uint64_t> deadline) const;

 private:
  std::atomic<bool> raised_ = false;
  os::FileDescriptor
      event_;  // readable while raised; none if the system had no descriptor left: then waits come in slices
};

}  // namespace vitrine::wasi::host

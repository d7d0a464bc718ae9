// Waiting for file descriptors, with nanosecond timeouts.
#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <span>

#include "os/clock.hpp"
#include "os/sys_result.hpp"

namespace vitrine::os {

/// Waits until one of `fds` is ready or the monotonic clock reaches `deadline` (none: without end). Answers how many
/// are ready; 0 means the deadline came. Signals handled meanwhile do not end the wait.
SysResult<int> poll_until(std::span<pollfd> fds, std::optional<uint64_t> deadline);

/// `timeout` nanoseconds from now as a deadline of the monotonic clock; one that never comes if the sum overflows.
inline std::optional<uint64_t> deadline_in(uint64_t timeout) {
  uint64_t deadline;
  if (__builtin_add_overflow(clock_now(Clock::Monotonic), timeout, &deadline)) return std::nullopt;
  return deadline;
}

}  // namespace vitrine::os

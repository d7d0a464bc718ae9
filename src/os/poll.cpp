#include "os/poll.hpp"

#include <algorithm>

namespace vitrine::os {

SysResult<int> poll_until(std::span<pollfd> fds, std::optional<uint64_t> deadline) {
  // ppoll refuses absurdly long times on some kernels; a day at a time is long enough.
  constexpr uint64_t kLongest = uint64_t{86'400} * 1'000'000'000;
  for (;;) {
    uint64_t left = kLongest;
    if (deadline) {
      uint64_t now = clock_now(Clock::Monotonic);
      left = *deadline > now ? std::min(*deadline - now, kLongest) : 0;
    }
    timespec timeout = to_timespec(left);
    int n = ::ppoll(fds.data(), fds.size(), &timeout, nullptr);
    if (n > 0) return n;
    if (n < 0 && errno != EINTR) return last_error();
    if (deadline && clock_now(Clock::Monotonic) >= *deadline) return 0;
  }
}

}  // namespace vitrine::os

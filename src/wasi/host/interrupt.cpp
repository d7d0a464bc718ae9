#include "wasi/host/interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/result.hpp"
#include "os/poll.hpp"

namespace vitrine::wasi::host {

Interrupt::Interrupt() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Interrupt::raise() noexcept {
  int saved = errno;
  raised_.store(true, std::memory_order_release);
  uint64_t one = 1;
  // A full counter is readable as well, and nobody can be told about another failure here.
  if (event_) [[maybe_unused]]
    auto n = ::write(event_.get(), &one, sizeof one);
  errno = saved;
}

void Interrupt::clear() noexcept {
  uint64_t count;
  if (event_) [[maybe_unused]]
    auto n = ::read(event_.get(), &count, sizeof count);
  raised_.store(false, std::memory_order_release);
}

os::SysResult<> Interrupt::wait(int fd, short events) const {
  pollfd fds[2] = {{fd, events, 0}, {}};
  return wait(fds, std::nullopt);
}

os::SysResult<> Interrupt::sleep_until(std::optional<uint64_t> deadline) const {
  pollfd spare{};
  return wait(std::span(&spare, 1), deadline);
}

os::SysResult<> Interrupt::wait(std::span<pollfd> fds, std::optional<uint64_t> deadline) const {
  constexpr uint64_t kSlice = 20'000'000;
  fds.back() = {event_.get(), POLLIN, 0};
  for (;;) {
    if (raised()) return os::sys_fail(os::kInterrupted);
    bool sliced = !event_;
    auto until = deadline;
    if (sliced) {
      uint64_t slice = os::clock_now(os::Clock::Monotonic) + kSlice;
      until = deadline ? std::min(*deadline, slice) : slice;
    }
    int ready = TRY(os::poll_until(fds, until));
    if (raised()) return os::sys_fail(os::kInterrupted);
    if (ready > 0 || !sliced || until == deadline) return {};
  }
}

}  // namespace vitrine::wasi::host

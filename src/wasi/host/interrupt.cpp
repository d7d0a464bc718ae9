#include "wasi/host/interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/result.hpp"
#include "os/poll.hpp"

namespace vitrine::wasi::host {

Interrupt::~Interrupt() {
  if (int fd = event_.load(); fd >= 0) ::close(fd);
}

// Whoever makes the event looks at the flag after that, and whoever raises the flag looks for the event after that: one
// of the two sees the other.
void Interrupt::raise() noexcept {
  int saved = errno;
  raised_.store(true);
  uint64_t one = 1;
  // A full counter is readable as well, and nobody can be told about another failure here.
  if (int fd = event_.load(); fd >= 0) [[maybe_unused]]
    auto n = ::write(fd, &one, sizeof one);
  errno = saved;
}

void Interrupt::clear() noexcept {
  uint64_t count;
  if (int fd = event_.load(); fd >= 0) [[maybe_unused]]
    auto n = ::read(fd, &count, sizeof count);
  raised_.store(false);
}

int Interrupt::event() const {
  int have = event_.load();
  pid_t self = ::getpid();
  if (have >= 0 && owner_.load(std::memory_order_relaxed) == self) return have;
  int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0) return -1;
  if (!event_.compare_exchange_strong(have, made)) {
    ::close(made);
    return have;
  }
  owner_.store(self, std::memory_order_relaxed);
  if (have >= 0) ::close(have);
  return made;
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
  constexpr uint64_t kSlice = 500'000;
  fds.back() = {event(), POLLIN, 0};
  bool sliced = fds.back().fd < 0;
  for (;;) {
    if (raised_.load()) return os::sys_fail(os::kInterrupted);
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

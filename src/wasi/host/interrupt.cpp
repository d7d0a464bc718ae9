#include "wasi/host/interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/result.hpp"
#include "os/poll.hpp"

namespace vitrine::wasi::host {

bool Interrupt::Event::is_ours() const {
  return fd >= 0 && owner == ::getpid();
}

Interrupt::~Interrupt() {
  if (int fd = event_.load().fd; fd >= 0) ::close(fd);
}

// Whoever makes the event looks at the flag after that, and whoever raises the flag looks for the event after that: one
// of the two sees the other.
void Interrupt::raise() noexcept {
  int saved = errno;
  raised_.store(true);
  uint64_t one = 1;
  // A full counter is readable as well, and nobody can be told about another failure here.
  if (Event event = event_.load(); event.is_ours()) [[maybe_unused]]
    auto n = ::write(event.fd, &one, sizeof one);
  errno = saved;
}

int Interrupt::event() const {
  Event have = event_.load();
  if (have.is_ours()) return have.fd;
  const Event made{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ::getpid()};
  if (made.fd < 0) return -1;
  if (!event_.compare_exchange_strong(have, made)) {
    ::close(made.fd);
    return have.fd;  // another thread's of this process, as nobody else puts one there
  }
  if (have.fd >= 0) ::close(have.fd);
  return made.fd;
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

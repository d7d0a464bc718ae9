#include "wasi/host/channel.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/result.hpp"
#include "os/pipe_guard.hpp"

namespace vitrine::wasi::host {
namespace {

size_t total_size(std::span<const iovec> data) {
  size_t total = 0;
  for (const auto& part : data) total += part.iov_len;
  return total;
}

}  // namespace

Channel::Channel(int fd, Owner owner) : fd_(fd) {
  struct stat st;
  if (::fstat(fd, &st) != 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode)) return;
  kind_ = Kind::Shared;
  guard_pipe_ = os::sigpipe_kills();
  if (owner == Owner::Others) return;
  int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && ((flags & O_NONBLOCK) || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)) kind_ = Kind::Own;
}

os::SysResult<size_t> Channel::read(std::span<const iovec> to, Blocking blocking, const Interrupt& interrupt) const {
  if (kind_ != Kind::Direct) return transfer(to, /*write=*/false, blocking, interrupt);
  for (;;) {
    ssize_t n = to.size() == 1 ? ::read(fd_, to[0].iov_base, to[0].iov_len)
                               : ::readv(fd_, to.data(), static_cast<int>(to.size()));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
    if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  }
}

os::SysResult<size_t> Channel::write(std::span<const iovec> from, Blocking blocking, const Interrupt& interrupt) const {
  if (kind_ != Kind::Direct) {
    std::optional<os::PipeGuard> guard;
    if (guard_pipe_) guard.emplace();
    size_t n = TRY(transfer(from, /*write=*/true, blocking, interrupt));
    if (blocking == Blocking::No || n == total_size(from)) return n;
    return write_rest(from, n, interrupt);
  }
  for (;;) {
    ssize_t n = from.size() == 1 ? ::write(fd_, from[0].iov_base, from[0].iov_len)
                                 : ::writev(fd_, from.data(), static_cast<int>(from.size()));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
    if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  }
}

os::SysResult<size_t> Channel::transfer(std::span<const iovec> data, bool write, Blocking blocking,
                                        const Interrupt& interrupt) const {
  int count = static_cast<int>(data.size());
  short events = write ? POLLOUT : POLLIN;
  for (;;) {
    ssize_t n;
    if (kind_ == Kind::Own) {
      n = write ? ::writev(fd_, data.data(), count) : ::readv(fd_, data.data(), count);
    } else if (have_nowait_) {
      n = write ? ::pwritev2(fd_, data.data(), count, -1, RWF_NOWAIT)
                : ::preadv2(fd_, data.data(), count, -1, RWF_NOWAIT);
      if (n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS)) {
        have_nowait_ = false;
        continue;
      }
    } else {
      if (blocking == Blocking::Yes) {
        TRY(interrupt.wait(fd_, events));
      } else {
        pollfd now{fd_, events, 0};
        if (::poll(&now, 1, 0) == 0) return os::sys_fail(EAGAIN);
      }
      // "Writable" promises room for a page at most, so that is all that is written at once.
      iovec piece = data.empty() ? iovec{} : data[0];
      for (const auto& part : data) {
        if (part.iov_len == 0) continue;
        piece = part;
        break;
      }
      if (write) {
        piece.iov_len = std::min<size_t>(piece.iov_len, PIPE_BUF);
        n = ::write(fd_, piece.iov_base, piece.iov_len);
      } else {
        n = ::readv(fd_, data.data(), count);
      }
    }
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) {
      if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
      continue;
    }
    if (errno != EAGAIN || blocking == Blocking::No) return os::last_error();
    TRY(interrupt.wait(fd_, events));
  }
}

// The slow end of a blocking write: the reader is behind. What has been written counts even if an error comes after it.
[[gnu::noinline]] os::SysResult<size_t> Channel::write_rest(std::span<const iovec> from, size_t written,
                                                            const Interrupt& interrupt) const {
  size_t total = written;
  size_t skip = written;
  for (const auto& part : from) {
    if (skip >= part.iov_len) {
      skip -= part.iov_len;
      continue;
    }
    iovec rest{static_cast<char*>(part.iov_base) + skip, part.iov_len - skip};
    skip = 0;
    while (rest.iov_len > 0) {
      auto n = transfer(std::span(&rest, 1), /*write=*/true, Blocking::Yes, interrupt);
      if (!n) return n.error() == os::kInterrupted ? os::SysResult<size_t>(std::unexpected(n.error())) : total;
      if (*n == 0) return total;
      total += *n;
      rest = {static_cast<char*>(rest.iov_base) + *n, rest.iov_len - *n};
    }
  }
  return total;
}

}  // namespace vitrine::wasi::host

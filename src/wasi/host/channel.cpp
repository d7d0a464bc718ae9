#include "wasi/host/channel.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/result.hpp"
#include "os/file_size_limit.hpp"
#include "os/pipe_guard.hpp"
#include "os/uncancelled_io.hpp"
#include "wasi/host/pieces.hpp"

namespace vitrine::wasi::host {

Channel::Channel(int fd, Owner owner) : fd_(fd) {
  os::survive_file_size_limit();
  struct stat st;
  if (::fstat(fd, &st) != 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode)) return;
  kind_ = Kind::Shared;
  if (owner == Owner::Others) return;
  int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && ((flags & O_NONBLOCK) || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)) kind_ = Kind::Own;
}

os::SysResult<size_t> Channel::read(std::span<const iovec> to, const Interrupt& interrupt) const {
  if (kind_ != Kind::Direct) return transfer(to, /*write=*/false, interrupt);
  if (to.size() == 1 && to[0].iov_len <= kFirstPiece) [[likely]] {
    ssize_t n = os::read_now(fd_, to[0].iov_base, to[0].iov_len);
    if (n >= 0) [[likely]]
      return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
  }
  return in_pieces(to, interrupt, [this](std::span<const iovec> parts, size_t) {
    return parts.size() == 1 ? os::read_now(fd_, parts[0].iov_base, parts[0].iov_len)
                             : ::readv(fd_, parts.data(), static_cast<int>(parts.size()));
  });
}

os::SysResult<size_t> Channel::write(std::span<const iovec> from, const Interrupt& interrupt) const {
  if (kind_ != Kind::Direct) {
    // Asked every time: the host may change its mind, and it is its life.
    std::optional<os::PipeGuard> guard;
    if (os::sigpipe_kills()) guard.emplace();
    return transfer(from, /*write=*/true, interrupt);
  }
  if (from.size() == 1 && from[0].iov_len <= kFirstPiece) [[likely]] {
    ssize_t n = os::write_now(fd_, from[0].iov_base, from[0].iov_len);
    if (n >= 0) [[likely]]
      return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
  }
  return in_pieces(from, interrupt, [this](std::span<const iovec> parts, size_t) {
    return parts.size() == 1 ? os::write_now(fd_, parts[0].iov_base, parts[0].iov_len)
                             : ::writev(fd_, parts.data(), static_cast<int>(parts.size()));
  });
}

os::SysResult<> Channel::wait(Direction direction, const Interrupt& interrupt) const {
  if (kind_ == Kind::Direct) return {};
  return interrupt.wait(fd_, direction == Direction::In ? POLLIN : POLLOUT);
}

os::SysResult<size_t> Channel::transfer(std::span<const iovec> data, bool write, const Interrupt& interrupt) const {
  // As much as a pipe holds. Devices would go on for as long as there is room.
  Piece piece(data);
  if (total_size(data) > kFirstPiece) data = piece.next(kFirstPiece);
  int count = static_cast<int>(data.size());
  std::atomic_ref<bool> have_nowait(have_nowait_);
  for (;;) {
    ssize_t n;
    if (kind_ == Kind::Own) {
      n = write ? ::writev(fd_, data.data(), count) : ::readv(fd_, data.data(), count);
    } else if (have_nowait.load(std::memory_order_relaxed)) {
      n = write ? ::pwritev2(fd_, data.data(), count, -1, RWF_NOWAIT)
                : ::preadv2(fd_, data.data(), count, -1, RWF_NOWAIT);
      if (n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS)) {
        have_nowait.store(false, std::memory_order_relaxed);
        continue;
      }
    } else {
      pollfd now{fd_, static_cast<short>(write ? POLLOUT : POLLIN), 0};
      if (::poll(&now, 1, 0) == 0) return os::sys_fail(EAGAIN);
      if (write) {
        // "Writable" promises room for a page at most, so that is all that is written at once.
        Piece page(data);
        auto some = page.next(PIPE_BUF);
        n = some.empty() ? ::write(fd_, nullptr, 0) : ::write(fd_, some[0].iov_base, some[0].iov_len);
      } else {
        n = ::readv(fd_, data.data(), count);
      }
    }
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
    if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  }
}

}  // namespace vitrine::wasi::host

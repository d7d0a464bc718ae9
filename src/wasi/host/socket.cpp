#include "wasi/host/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/result.hpp"

namespace vitrine::wasi::host {
namespace {

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : 0;
}

msghdr message(std::span<const iovec> parts) {
  msghdr m{};
  m.msg_iov = const_cast<iovec*>(parts.data());
  m.msg_iovlen = parts.size();
  return m;
}

}  // namespace

Socket::Socket(os::FileDescriptor fd)
    : fd_(std::move(fd)),
      type_(socket_option(fd_.get(), SO_TYPE) == SOCK_DGRAM ? FileType::SocketDgram : FileType::SocketStream),
      listening_(socket_option(fd_.get(), SO_ACCEPTCONN) != 0) {
  // accept has no flag for one call: a connection that is gone again between poll and accept would block it.
  if (listening_) ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
}

os::SysResult<Socket> Socket::accept(bool nonblock, const Interrupt& interrupt) const {
  for (;;) {
    int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      Socket connection{os::FileDescriptor(fd)};
      connection.set_nonblock(nonblock);
      return connection;
    }
    if (errno == EINTR || errno == ECONNABORTED) {
      if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
      continue;
    }
    if (errno != EAGAIN || nonblock_) return os::last_error();
    TRY(interrupt.wait(fd_.get(), POLLIN));
  }
}

os::SysResult<Socket::Received> Socket::receive(std::span<const iovec> to, bool peek, bool wait_all,
                                                const Interrupt& interrupt) const {
  // MSG_WAITALL has no effect together with MSG_DONTWAIT, so waiting for all is receiving piece by piece. Peeking
  // cannot do that: it would see the same bytes again.
  if (wait_all && !peek && !nonblock_ && type_ == FileType::SocketStream) return receive_all(to, interrupt);
  msghdr m = message(to);
  for (;;) {
    ssize_t n = ::recvmsg(fd_.get(), &m, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    if (n >= 0) return Received{static_cast<size_t>(n), (m.msg_flags & MSG_TRUNC) != 0};
    if (errno == EINTR) {
      if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
      continue;
    }
    if (errno != EAGAIN || nonblock_) return os::last_error();
    TRY(interrupt.wait(fd_.get(), POLLIN));
  }
}

os::SysResult<Socket::Received> Socket::receive_all(std::span<const iovec> to, const Interrupt& interrupt) const {
  Received all{0, false};
  for (auto part : to) {
    while (part.iov_len > 0) {
      auto piece = receive(std::span(&part, 1), /*peek=*/false, /*wait_all=*/false, interrupt);
      if (!piece && (all.bytes == 0 || piece.error() == os::kInterrupted)) return piece;
      if (!piece || piece->bytes == 0) return all;  // the end, or an error that the next call will meet again
      all.bytes += piece->bytes;
      part = {static_cast<char*>(part.iov_base) + piece->bytes, part.iov_len - piece->bytes};
    }
  }
  return all;
}

os::SysResult<size_t> Socket::send(std::span<const iovec> from, const Interrupt& interrupt) const {
  msghdr m = message(from);
  for (;;) {
    ssize_t n = ::sendmsg(fd_.get(), &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) {
      if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
      continue;
    }
    if (errno != EAGAIN || nonblock_) return os::last_error();
    TRY(interrupt.wait(fd_.get(), POLLOUT));
  }
}

os::SysResult<> Socket::shutdown(bool receive, bool send) const {
  int how = receive && send ? SHUT_RDWR : receive ? SHUT_RD : SHUT_WR;
  if (::shutdown(fd_.get(), how) != 0) return os::last_error();
  return {};
}

uint64_t Socket::available() const {
  int n = 0;
  return ::ioctl(fd_.get(), FIONREAD, &n) == 0 && n >= 0 ? static_cast<uint64_t>(n) : 1;
}

}  // namespace vitrine::wasi::host

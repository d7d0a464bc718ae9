#include "wasi/host/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/result.hpp"
#include "wasi/host/pieces.hpp"

namespace vitrine::wasi::host {
namespace {

// What one call moves; more could take longer than a look at the interrupt may wait.
constexpr size_t kLargestTransfer = 256 * 1024;

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

Socket::Socket(os::LeasedDescriptor fd, std::shared_ptr<const Grant> grant)
    : fd_(std::move(fd)),
      grant_(std::move(grant)),
      type_(socket_option(fd_.fd.get(), SO_TYPE) == SOCK_DGRAM ? FileType::SocketDgram : FileType::SocketStream),
      listening_(socket_option(fd_.fd.get(), SO_ACCEPTCONN) != 0) {
  // accept has no flag for one call: a connection that is gone again between poll and accept would block it.
  if (listening_) ::fcntl(fd_.fd.get(), F_SETFL, ::fcntl(fd_.fd.get(), F_GETFL) | O_NONBLOCK);
}

os::SysResult<std::shared_ptr<Socket>> Socket::accept() const {
  TRY(use(*grant_, Verb::Accept));
  const auto& descriptors = grant_->oversight().descriptors;
  auto lease = os::DescriptorLease::take(descriptors);
  if (!lease) return std::unexpected(refuse_accept(descriptors->limit()).error());
  for (;;) {
    int fd = ::accept4(fd_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      return std::make_shared<Socket>(os::LeasedDescriptor{std::move(lease), os::FileDescriptor(fd)}, grant_);
    }
    if (const int error = errno; error == EMFILE || error == ENFILE) {
      (void)refuse_accept(descriptors->limit());
      return os::sys_fail(error);
    }
    if (errno != EINTR && errno != ECONNABORTED) return os::last_error();
    if (grant_->interrupt().raised()) return os::sys_fail(os::kInterrupted);
  }
}

os::SysResult<> Socket::refuse_accept(uint64_t limit) const {
  grant_->oversight().denials.record(
      {.reason = Denial::Reason::Limit, .verb = Verb::Accept, .subject = grant_->name(), .limit = limit});
  return os::sys_fail(EMFILE);
}

os::SysResult<FileStat> Socket::stat() const {
  TRY(use(*grant_, Verb::Stat));
  return FileStat{.type = type_};
}

os::SysResult<Socket::Received> Socket::receive(std::span<const iovec> to, bool peek) const {
  Piece piece(to);
  if (total_size(to) > kLargestTransfer) to = piece.next(kLargestTransfer);
  uint64_t asked = total_size(to);
  TRY(use(*grant_, Verb::Receive, asked));
  msghdr m = message(to);
  for (;;) {
    ssize_t n = ::recvmsg(fd_.fd.get(), &m, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    if (n >= 0 || errno != EINTR) grant_->give_back(Verb::Receive, n < 0 ? asked : asked - static_cast<size_t>(n));
    if (n >= 0) return Received{static_cast<size_t>(n), (m.msg_flags & MSG_TRUNC) != 0};
    if (errno != EINTR) return os::last_error();
    if (grant_->interrupt().raised()) return os::sys_fail(os::kInterrupted);
  }
}

os::SysResult<size_t> Socket::send(std::span<const iovec> from) const {
  Piece piece(from);
  // A datagram goes as a whole; one of more than this does not go at all.
  if (type_ == FileType::SocketStream && total_size(from) > kLargestTransfer) from = piece.next(kLargestTransfer);
  uint64_t asked = total_size(from);
  TRY(use(*grant_, Verb::Send, asked));
  msghdr m = message(from);
  for (;;) {
    ssize_t n = ::sendmsg(fd_.fd.get(), &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0 || errno != EINTR) grant_->give_back(Verb::Send, n < 0 ? asked : asked - static_cast<size_t>(n));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return os::last_error();
    if (grant_->interrupt().raised()) return os::sys_fail(os::kInterrupted);
  }
}

os::SysResult<> Socket::wait(Direction direction) const {
  return grant_->interrupt().wait(fd_.fd.get(), direction == Direction::In ? POLLIN : POLLOUT);
}

os::SysResult<> Socket::shutdown(bool receive, bool send) const {
  TRY(use(*grant_, Verb::Shutdown));
  int how = receive && send ? SHUT_RDWR : receive ? SHUT_RD : SHUT_WR;
  if (::shutdown(fd_.fd.get(), how) != 0) return os::last_error();
  return {};
}

uint64_t Socket::available() const {
  int n = 0;
  return ::ioctl(fd_.fd.get(), FIONREAD, &n) == 0 && n >= 0 ? static_cast<uint64_t>(n) : 1;
}

}  // namespace vitrine::wasi::host

#include "wasi/host/stream.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace vitrine::wasi::host {

std::shared_ptr<Stream> Stream::none() {
  return std::shared_ptr<Stream>(new Stream(Kind::None));
}

std::shared_ptr<Stream> Stream::inherit(int fd) {
  std::shared_ptr<Stream> stream(new Stream(Kind::Fd));
  stream->channel_ = Channel(fd, Channel::Owner::Others);
  return stream;
}

std::shared_ptr<Stream> Stream::from_fd(os::FileDescriptor fd) {
  auto stream = inherit(fd.get());
  stream->owned_ = std::move(fd);
  return stream;
}

std::shared_ptr<Stream> Stream::input(std::string text) {
  std::shared_ptr<Stream> stream(new Stream(Kind::Input));
  stream->text_ = std::move(text);
  return stream;
}

std::shared_ptr<Stream> Stream::output(size_t limit) {
  std::shared_ptr<Stream> stream(new Stream(Kind::Output));
  stream->limit_ = limit;
  return stream;
}

os::SysResult<size_t> Stream::read(std::span<const iovec> to, Blocking blocking, const Interrupt& interrupt) {
  if (kind_ == Kind::Fd) return channel_.read(to, blocking, interrupt);
  if (kind_ != Kind::Input) return 0;
  std::lock_guard lock(mutex_);
  size_t done = 0;
  for (const auto& part : to) {
    size_t n = std::min(part.iov_len, text_.size() - position_);
    std::memcpy(part.iov_base, text_.data() + position_, n);
    position_ += n;
    done += n;
  }
  return done;
}

os::SysResult<size_t> Stream::write(std::span<const iovec> from, Blocking blocking, const Interrupt& interrupt) {
  if (kind_ == Kind::Fd) return channel_.write(from, blocking, interrupt);
  if (kind_ == Kind::Input) return os::sys_fail(EBADF);
  size_t done = 0;
  std::lock_guard lock(mutex_);
  for (const auto& part : from) {
    size_t n = part.iov_len;
    if (kind_ == Kind::Output) {
      n = std::min(n, limit_ - text_.size());
      text_.append(static_cast<const char*>(part.iov_base), n);
    }
    done += n;
    if (n < part.iov_len) return done ? os::SysResult<size_t>(done) : os::sys_fail(ENOSPC);
  }
  return done;
}

std::string Stream::contents() const {
  std::lock_guard lock(mutex_);
  return kind_ == Kind::Output ? text_ : std::string();
}

bool Stream::is_terminal() const {
  return kind_ == Kind::Fd && ::isatty(channel_.fd());
}

size_t Stream::available() const {
  if (kind_ == Kind::Fd) {
    int n = 0;
    return ::ioctl(channel_.fd(), FIONREAD, &n) == 0 && n >= 0 ? static_cast<size_t>(n) : 1;
  }
  std::lock_guard lock(mutex_);
  return kind_ == Kind::Input ? text_.size() - position_ : 0;
}

}  // namespace vitrine::wasi::host

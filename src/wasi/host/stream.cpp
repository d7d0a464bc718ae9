#include "wasi/host/stream.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/casts.hpp"
#include "base/result.hpp"
#include "wasi/host/pieces.hpp"

namespace vitrine::wasi::host {
namespace {

constexpr size_t kBlock = 64 * 1024;  // also the most that one function of an embedder's is asked for or given

}  // namespace

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

std::shared_ptr<Stream> Stream::reader(Reader read) {
  std::shared_ptr<Stream> stream(new Stream(Kind::Reader));
  stream->reader_ = std::move(read);
  return stream;
}

std::shared_ptr<Stream> Stream::writer(Writer write) {
  std::shared_ptr<Stream> stream(new Stream(Kind::Writer));
  stream->writer_ = std::move(write);
  return stream;
}

os::SysResult<> Stream::prepare() {
  if (kind_ != Kind::Reader) return {};
  {
    std::lock_guard lock(mutex_);
    if (delivered_) return {};
  }
  // Not under the lock, and not into text_: the function may use this very stream.
  // SAFETY: chars and bytes may stand for one another.
  std::string fresh(kBlock, '\0');
  auto n = reader_(std::span(reinterpret_cast<uint8_t*>(fresh.data()), fresh.size()));
  if (!n) return os::sys_fail(EIO);
  fresh.resize(std::min(*n, fresh.size()));
  std::lock_guard lock(mutex_);
  // Behind what others may have been given meanwhile.
  text_.erase(0, std::exchange(position_, 0));
  text_ = text_.empty() ? std::move(fresh) : text_ + fresh;
  delivered_ = true;
  return {};
}

os::SysResult<size_t> Stream::read(std::span<const iovec> to, const Interrupt& interrupt) {
  if (kind_ == Kind::Fd) return channel_.read(to, interrupt);
  if (kind_ == Kind::Input || kind_ == Kind::Reader) return take_text(to, interrupt);
  return 0;
}

os::SysResult<size_t> Stream::write(std::span<const iovec> from, const Interrupt& interrupt) {
  switch (kind_) {
    case Kind::Fd:
      return channel_.write(from, interrupt);
    case Kind::None:
      return total_size(from);
    case Kind::Output:
      return keep(from, interrupt);
    case Kind::Writer:
      return write_out(from);
    case Kind::Input:
    case Kind::Reader:
      break;
  }
  return os::sys_fail(EBADF);
}

os::SysResult<> Stream::wait(Direction direction, const Interrupt& interrupt) {
  if (kind_ == Kind::Fd) return channel_.wait(direction, interrupt);
  if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
  return prepare();
}

os::SysResult<size_t> Stream::take_text(std::span<const iovec> to, const Interrupt& interrupt) {
  std::lock_guard lock(mutex_);
  if (kind_ == Kind::Reader && !delivered_) return os::sys_fail(EAGAIN);
  auto n = in_pieces(to, interrupt, [this](std::span<const iovec> parts, size_t) {
    size_t done = 0;
    for (const auto& part : parts) {
      size_t n = std::min(part.iov_len, text_.size() - position_);
      if (n == 0) continue;
      std::memcpy(part.iov_base, text_.data() + position_, n);
      position_ += n;
      done += n;
    }
    return static_cast<ssize_t>(done);
  });
  if (position_ == text_.size() && total_size(to) > 0) delivered_ = false;
  return n;
}

os::SysResult<size_t> Stream::keep(std::span<const iovec> from, const Interrupt& interrupt) {
  std::lock_guard lock(mutex_);
  if (size_ == limit_ && total_size(from) > 0) return os::sys_fail(ENOSPC);
  return in_pieces(from, interrupt, [this](std::span<const iovec> parts, size_t) {
    size_t done = 0;
    for (const auto& part : parts) {
      std::string_view text(static_cast<const char*>(part.iov_base), std::min(part.iov_len, limit_ - size_));
      done += text.size();
      size_ += text.size();
      while (!text.empty()) {
        if (blocks_.empty() || blocks_.back().size() == kBlock) blocks_.emplace_back();
        auto fits = text.substr(0, kBlock - blocks_.back().size());
        blocks_.back().append(fits);
        text.remove_prefix(fits.size());
      }
    }
    return static_cast<ssize_t>(done);
  });
}

os::SysResult<size_t> Stream::write_out(std::span<const iovec> from) {
  Piece piece(from);
  std::string copy;
  for (size_t left = kBlock; left > 0;) {
    auto parts = piece.next(left);
    if (parts.empty()) break;
    for (const auto& part : parts) copy.append(static_cast<const char*>(part.iov_base), part.iov_len);
    left = kBlock - copy.size();
    piece.advance(total_size(parts));
  }
  auto n = writer_(bytes_of(copy));
  if (!n) return os::sys_fail(EIO);
  return std::min(*n, copy.size());
}

std::string Stream::contents() const {
  std::lock_guard lock(mutex_);
  std::string all;
  all.reserve(size_);
  for (const auto& block : blocks_) all += block;
  return all;
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
  if (kind_ == Kind::Reader && !delivered_) return 1;
  return text_.size() - position_;
}

}  // namespace vitrine::wasi::host

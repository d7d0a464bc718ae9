// A stdio stream: nothing, a host descriptor, or memory of the host's.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "os/fd.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/channel.hpp"

namespace vitrine::wasi::host {

class Stream {
 public:
  /// Reads as empty; takes what is written and forgets it.
  static std::shared_ptr<Stream> none();
  /// The host's own descriptor `fd`, which stays the host's.
  static std::shared_ptr<Stream> inherit(int fd);
  static std::shared_ptr<Stream> from_fd(os::FileDescriptor fd);
  /// Reads as `text`.
  static std::shared_ptr<Stream> input(std::string text);
  /// Keeps what is written, up to `limit` bytes; beyond it a write fails as on a full disk.
  static std::shared_ptr<Stream> output(size_t limit = 64 << 20);

  os::SysResult<size_t> read(std::span<const iovec> to, Blocking blocking, const Interrupt& interrupt);
  os::SysResult<size_t> write(std::span<const iovec> from, Blocking blocking, const Interrupt& interrupt);
  /// What an `output` stream has taken so far. Any thread.
  std::string contents() const;

  bool is_terminal() const;
  /// The descriptor to poll; -1 if the stream is always ready.
  int poll_fd() const { return kind_ == Kind::Fd && !channel_.is_direct() ? channel_.fd() : -1; }
  /// How many bytes can be read without waiting, as far as is known; at least 1 if unknown.
  size_t available() const;

 private:
  enum class Kind : uint8_t { None, Fd, Input, Output };

  explicit Stream(Kind kind) : kind_(kind) {}

  Kind kind_;
  Channel channel_;
  os::FileDescriptor owned_;
  mutable std::mutex mutex_;  // guards text_ and position_: the host may look while the guest runs
  std::string text_;
  size_t position_ = 0;
  size_t limit_ = 0;
};

}  // namespace vitrine::wasi::host

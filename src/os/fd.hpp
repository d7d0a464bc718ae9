// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <utility>

namespace vitrine::os {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Takes ownership of `fd`; -1 is "none".
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }
  /// Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    // EINTR is no reason to close again: Linux has freed the number by then, and another thread may own it.
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// How many descriptors this process may have open (the soft limit of RLIMIT_NOFILE).
size_t open_file_limit();

}  // namespace vitrine::os

// Reading and writing a host descriptor, in one system call where the data is there, so that a blocked call can be
// woken.
//
// Three kinds. Direct: files and block devices, which never wait for somebody else. Own: pipes, terminals and sockets
// that we opened, whose O_NONBLOCK is ours to set. Shared: those that we were given; O_NONBLOCK belongs to everyone who
// has the same open file, so each call asks not to wait by itself (RWF_NOWAIT), or waits first where the system lacks
// that.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

enum class Blocking : uint8_t { Yes, No };

class Channel {
 public:
  enum class Owner : uint8_t { Ours, Others };

  Channel() = default;
  /// Does not own `fd`. With Owner::Ours, sets O_NONBLOCK unless it is a file.
  Channel(int fd, Owner owner);

  int fd() const { return fd_; }
  bool is_direct() const { return kind_ == Kind::Direct; }
  /// As readv: fewer bytes than asked for are an answer, 0 is the end. EAGAIN only if not blocking.
  os::SysResult<size_t> read(std::span<const iovec> to, Blocking blocking, const Interrupt& interrupt) const;
  /// As writev. A blocking write to a pipe or terminal goes on until all is written, like the system's own.
  os::SysResult<size_t> write(std::span<const iovec> from, Blocking blocking, const Interrupt& interrupt) const;

 private:
  enum class Kind : uint8_t { Direct, Own, Shared };

  os::SysResult<size_t> transfer(std::span<const iovec> data, bool write, Blocking blocking,
                                 const Interrupt& interrupt) const;
  os::SysResult<size_t> write_rest(std::span<const iovec> from, size_t written, const Interrupt& interrupt) const;

  int fd_ = -1;
  Kind kind_ = Kind::Direct;
  bool guard_pipe_ = false;          // a write may raise a SIGPIPE that nobody handles
  mutable bool have_nowait_ = true;  // until the system says that this descriptor has no RWF_NOWAIT
};

}  // namespace vitrine::wasi::host

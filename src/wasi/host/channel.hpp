// Reading and writing a host descriptor, in one system call where the data is there, without ever waiting: EAGAIN says
// that it would, and `wait` waits, so that a blocked guest can be woken and no buffer of its has to stay where it is.
//
// Three kinds. Direct: files and block devices, which never wait for somebody else. Own: pipes, terminals and sockets
// that we opened, whose O_NONBLOCK is ours to set. Shared: those that we were given; O_NONBLOCK belongs to everyone who
// has the same open file, so each call asks not to wait by itself (RWF_NOWAIT), or looks first where the system lacks
// that.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

enum class Direction : uint8_t { In, Out };

class Channel {
 public:
  enum class Owner : uint8_t { Ours, Others };

  Channel() = default;
  /// Does not own `fd`. With Owner::Ours, sets O_NONBLOCK unless it is a file.
  Channel(int fd, Owner owner);

  int fd() const { return fd_; }
  bool is_direct() const { return kind_ == Kind::Direct; }
  /// As readv: fewer bytes than asked for are an answer, 0 is the end.
  os::SysResult<size_t> read(std::span<const iovec> to, const Interrupt& interrupt) const;
  /// As writev.
  os::SysResult<size_t> write(std::span<const iovec> from, const Interrupt& interrupt) const;
  /// Until there is something to read or room to write; at once if it is direct.
  os::SysResult<> wait(Direction direction, const Interrupt& interrupt) const;

 private:
  enum class Kind : uint8_t { Direct, Own, Shared };

  os::SysResult<size_t> transfer(std::span<const iovec> data, bool write, const Interrupt& interrupt) const;

  int fd_ = -1;
  Kind kind_ = Kind::Direct;
  // Until the system says that this descriptor has no RWF_NOWAIT. By std::atomic_ref, as guests of several threads may
  // have the same stream.
  mutable bool have_nowait_ = true;
};

}  // namespace vitrine::wasi::host

// A socket that was granted, or a connection accepted on one.
#pragma once

#include <memory>
#include <span>

#include "os/fd.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/channel.hpp"
#include "wasi/host/stat.hpp"

namespace vitrine::wasi::host {

class Socket {
 public:
  explicit Socket(os::FileDescriptor fd);

  struct Received {
    size_t bytes;
    bool truncated;  // a datagram was longer than the room for it
  };
  os::SysResult<Socket> accept(bool nonblock, const Interrupt& interrupt) const;
  os::SysResult<Received> receive(std::span<const iovec> to, bool peek, bool wait_all,
                                  const Interrupt& interrupt) const;
  os::SysResult<size_t> send(std::span<const iovec> from, const Interrupt& interrupt) const;
  os::SysResult<> shutdown(bool receive, bool send) const;

  FileType type() const { return type_; }
  bool is_listening() const { return listening_; }
  bool nonblock() const { return nonblock_; }
  void set_nonblock(bool nonblock) { nonblock_ = nonblock; }
  int poll_fd() const { return fd_.get(); }
  uint64_t available() const;

 private:
  os::SysResult<Received> receive_all(std::span<const iovec> to, const Interrupt& interrupt) const;

  os::FileDescriptor fd_;
  FileType type_;
  bool listening_;
  bool nonblock_ = false;  // as the guest sees it; each call asks the system not to wait by itself
};

}  // namespace vitrine::wasi::host

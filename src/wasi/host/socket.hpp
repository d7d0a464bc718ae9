// A socket that was granted, or a connection accepted on one, which has the same grant. A shared handle. No call waits
// (EAGAIN) but `wait`.
#pragma once

#include <memory>
#include <span>

#include "os/descriptors.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/channel.hpp"
#include "wasi/host/gate.hpp"
#include "wasi/host/stat.hpp"

namespace vitrine::wasi::host {

class Socket {
 public:
  Socket(os::LeasedDescriptor fd, std::shared_ptr<const Grant> grant);

  struct Received {
    size_t bytes;
    bool truncated;  // a datagram was longer than the room for it
  };
  /// EMFILE, and a denial, if the guest may have no more descriptors.
  os::SysResult<std::shared_ptr<Socket>> accept() const;
  /// The same refusal, by who gives out numbers for connections and has `limit` of them.
  os::SysResult<> refuse_accept(uint64_t limit) const;
  os::SysResult<Received> receive(std::span<const iovec> to, bool peek) const;
  os::SysResult<size_t> send(std::span<const iovec> from) const;
  os::SysResult<> shutdown(bool receive, bool send) const;
  os::SysResult<> wait(Direction direction) const;

  FileType type() const { return type_; }
  bool is_listening() const { return listening_; }
  int poll_fd() const { return fd_.fd.get(); }
  /// Counts a wait for it among others.
  os::SysResult<> use_poll() const { return use(*grant_, Verb::Poll); }
  /// Counts that its flags are set, which are its face's: no call of it waits anyway.
  os::SysResult<> use_flags() const { return use(*grant_, Verb::SetFlags); }
  os::SysResult<FileStat> stat() const;
  uint64_t available() const;

 private:
  os::LeasedDescriptor fd_;
  std::shared_ptr<const Grant> grant_;
  FileType type_;
  bool listening_;
};

}  // namespace vitrine::wasi::host

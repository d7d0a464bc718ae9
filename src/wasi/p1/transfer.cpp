// Moving bytes: one system call, straight between guest memory and the descriptor, without copying or allocating.

#include <sys/uio.h>

#include <algorithm>

#include "base/result.hpp"
#include "wasi/p1/lookup.hpp"

namespace vitrine::wasi::p1 {
namespace {

// What the system takes in one call (IOV_MAX). A guest that passes more gets a short count, which is legal.
constexpr uint32_t kMaxIovecs = 1024;
// Nor does the system move more than this in one call.
constexpr uint64_t kMaxBytes = 0x7fff'f000;

/// The guest's buffers as host ranges, each of them checked. Not initialised: only what was filled is looked at.
struct Buffers {
  iovec parts[kMaxIovecs];
  size_t count = 0;

  std::span<const iovec> view() const { return {parts, count}; }
};

Answer<> gather(Call& c, uint32_t iovecs, uint32_t count, Buffers& to) {
  auto array = TRY(c.memory.range(iovecs, uint64_t{count} * Layout::kIovecSize, 4));
  uint64_t total = 0;
  // What is beyond is not looked at: the guest passes it again when it goes on after the short count, and a bad one
  // traps then. The array itself is inside, or this call traps.
  for (uint32_t i = 0; i < std::min(count, kMaxIovecs) && total < kMaxBytes; ++i) {
    auto element = array.subspan(size_t{i} * Layout::kIovecSize, Layout::kIovecSize);
    auto bytes = TRY(c.memory.range(get<uint32_t>(element, 0), get<uint32_t>(element, 4)));
    size_t length = std::min<uint64_t>(bytes.size(), kMaxBytes - total);
    total += length;
    to.parts[to.count++] = {bytes.data(), length};
  }
  return {};
}

host::Blocking blocking(bool nonblock) {
  return nonblock ? host::Blocking::No : host::Blocking::Yes;
}

Answer<size_t> read(Call& c, Descriptor& from, std::span<const iovec> to) {
  auto& interrupt = c.state.context().interrupt_token();
  if (auto* file = std::get_if<host::File>(&from)) return TRY(file->read(to, interrupt));
  if (auto* stdio = std::get_if<Stdio>(&from)) {
    if (stdio->writes) return fail(Errno::BadF);
    return TRY(stdio->stream->read(to, blocking(stdio->nonblock), interrupt));
  }
  if (auto* socket = std::get_if<host::Socket>(&from)) {
    return TRY(socket->receive(to, /*peek=*/false, /*wait_all=*/false, interrupt)).bytes;
  }
  return fail(Errno::IsDir);
}

Answer<size_t> write(Call& c, Descriptor& to, std::span<const iovec> from) {
  auto& interrupt = c.state.context().interrupt_token();
  if (auto* file = std::get_if<host::File>(&to)) return TRY(file->write(from, interrupt));
  if (auto* stdio = std::get_if<Stdio>(&to)) {
    if (!stdio->writes) return fail(Errno::BadF);
    return TRY(stdio->stream->write(from, blocking(stdio->nonblock), interrupt));
  }
  if (auto* socket = std::get_if<host::Socket>(&to)) return TRY(socket->send(from, interrupt));
  return fail(Errno::BadF);
}

Answer<host::File*> seekable(Call& c, uint32_t fd) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  if (std::holds_alternative<OpenDirectory>(*descriptor)) return fail(Errno::BadF);
  if (auto* file = std::get_if<host::File>(descriptor)) return file;
  return fail(Errno::SPipe);
}

}  // namespace

Answer<> fd_read(Call& c, I32 fd, I32 iovs, I32 iovs_len, I32 nread) {
  auto count = TRY(c.memory.slot<uint32_t>(nread));
  Buffers buffers;
  TRY(gather(c, iovs, iovs_len, buffers));
  count.store(static_cast<uint32_t>(TRY(read(c, *TRY(c.state.fds().get(fd)), buffers.view()))));
  return {};
}

Answer<> fd_write(Call& c, I32 fd, I32 iovs, I32 iovs_len, I32 nwritten) {
  auto count = TRY(c.memory.slot<uint32_t>(nwritten));
  Buffers buffers;
  TRY(gather(c, iovs, iovs_len, buffers));
  count.store(static_cast<uint32_t>(TRY(write(c, *TRY(c.state.fds().get(fd)), buffers.view()))));
  return {};
}

Answer<> fd_pread(Call& c, I32 fd, I32 iovs, I32 iovs_len, I64 offset, I32 nread) {
  auto count = TRY(c.memory.slot<uint32_t>(nread));
  Buffers buffers;
  TRY(gather(c, iovs, iovs_len, buffers));
  count.store(static_cast<uint32_t>(TRY(TRY(seekable(c, fd))->read_at(buffers.view(), offset))));
  return {};
}

Answer<> fd_pwrite(Call& c, I32 fd, I32 iovs, I32 iovs_len, I64 offset, I32 nwritten) {
  auto count = TRY(c.memory.slot<uint32_t>(nwritten));
  Buffers buffers;
  TRY(gather(c, iovs, iovs_len, buffers));
  count.store(static_cast<uint32_t>(TRY(TRY(seekable(c, fd))->write_at(buffers.view(), offset))));
  return {};
}

Answer<> sock_accept(Call& c, I32 fd, I32 flags, I32 connection) {
  auto to = TRY(c.memory.slot<uint32_t>(connection));
  auto* socket = TRY(socket_at(c, fd));
  if (flags & ~fdflags::kNonblock) return fail(Errno::Inval);
  if (c.state.fds().is_full()) return fail(Errno::MFile);
  auto accepted = TRY(socket->accept(flags & fdflags::kNonblock, c.state.context().interrupt_token()));
  to.store(TRY(c.state.fds().insert(std::move(accepted))));
  return {};
}

Answer<> sock_recv(Call& c, I32 fd, I32 ri_data, I32 ri_data_len, I32 ri_flags, I32 ro_datalen, I32 ro_flags) {
  auto length = TRY(c.memory.slot<uint32_t>(ro_datalen));
  auto out_flags = TRY(c.memory.slot<uint16_t>(ro_flags));
  Buffers buffers;
  TRY(gather(c, ri_data, ri_data_len, buffers));
  auto* socket = TRY(socket_at(c, fd));
  if (ri_flags & ~(kRiPeek | kRiWaitall)) return fail(Errno::Inval);
  auto received = TRY(
      socket->receive(buffers.view(), ri_flags & kRiPeek, ri_flags & kRiWaitall, c.state.context().interrupt_token()));
  length.store(static_cast<uint32_t>(received.bytes));
  out_flags.store(received.truncated ? kRoDataTruncated : 0);
  return {};
}

Answer<> sock_send(Call& c, I32 fd, I32 si_data, I32 si_data_len, I32 si_flags, I32 so_datalen) {
  auto length = TRY(c.memory.slot<uint32_t>(so_datalen));
  Buffers buffers;
  TRY(gather(c, si_data, si_data_len, buffers));
  auto* socket = TRY(socket_at(c, fd));
  if (si_flags != 0) return fail(Errno::Inval);
  length.store(static_cast<uint32_t>(TRY(socket->send(buffers.view(), c.state.context().interrupt_token()))));
  return {};
}

Answer<> sock_shutdown(Call& c, I32 fd, I32 how) {
  auto* socket = TRY(socket_at(c, fd));
  if (how == 0 || (how & ~(kSdRd | kSdWr))) return fail(Errno::Inval);
  TRY(socket->shutdown(how & kSdRd, how & kSdWr));
  return {};
}

}  // namespace vitrine::wasi::p1

// Moving bytes: one system call, straight between guest memory and the descriptor, without copying or allocating.
//
// The host layer never waits in such a call. Where it would, the wait is here, and the guest's buffers are looked up
// again after it.

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

/// The buffers of one call, as the guest names them and as host ranges; the latter are good until the next wait.
class Transfer {
 public:
  Transfer(Call& c, uint32_t iovecs, uint32_t count) : c_(c), iovecs_(iovecs), iovec_count_(count) {}

  /// Looks the buffers up, each of them checked.
  Answer<> gather();
  /// Leaves out the first bytes of what was gathered.
  void skip(uint64_t done);
  std::span<const iovec> parts() const { return {parts_ + first_, parts_ + count_}; }
  /// The size of all, skipped ones included.
  uint64_t total() const { return total_; }

  /// Attempts until something is moved (or `nonblock`).
  template <class Handle, class Attempt>
  Answer<size_t> some(const Handle& handle, bool nonblock, host::Direction direction, Attempt attempt);
  /// Attempts until all is moved, or the end or an error comes: what was moved before counts.
  template <class Handle, class Attempt>
  Answer<size_t> all(const Handle& handle, bool nonblock, host::Direction direction, Attempt attempt);

 private:
  Call& c_;
  uint32_t iovecs_, iovec_count_;
  uint64_t total_ = 0;
  uint32_t first_ = 0, count_ = 0;
  iovec parts_[kMaxIovecs];  // not initialised: only what was filled is looked at
};

inline Answer<> Transfer::gather() {
  const GuestMemory& memory = c_.memory;
  auto array = TRY(memory.range(iovecs_, uint64_t{iovec_count_} * Layout::kIovecSize, 4));
  // What is beyond is not looked at: the guest passes it again when it goes on after the short count, and a bad one
  // traps then. The array itself is inside, or this call traps.
  const uint32_t most = std::min(iovec_count_, kMaxIovecs);
  uint32_t count = 0;
  uint64_t total = 0;
  for (; count < most && total < kMaxBytes; ++count) {
    auto element = array.subspan(size_t{count} * Layout::kIovecSize, Layout::kIovecSize);
    auto bytes = TRY(memory.range(get<uint32_t>(element, 0), get<uint32_t>(element, 4)));
    const auto size = std::min<uint64_t>(bytes.size(), kMaxBytes - total);
    parts_[count] = {bytes.data(), size};
    total += size;
  }
  first_ = 0;
  count_ = count;
  total_ = total;
  return {};
}

void Transfer::skip(uint64_t done) {
  while (first_ < count_ && done >= parts_[first_].iov_len) done -= parts_[first_++].iov_len;
  if (first_ == count_) return;
  iovec& part = parts_[first_];
  part = {static_cast<char*>(part.iov_base) + done, part.iov_len - done};
}

template <class Handle, class Attempt>
Answer<size_t> Transfer::some(const Handle& handle, bool nonblock, host::Direction direction, Attempt attempt) {
  for (;;) {
    auto n = attempt(parts());
    if (n || n.error().code != EAGAIN || nonblock) return TRY(std::move(n));
    TRY(handle->wait(direction));
    c_.memory.refresh();
    TRY(gather());
  }
}

template <class Handle, class Attempt>
Answer<size_t> Transfer::all(const Handle& handle, bool nonblock, host::Direction direction, Attempt attempt) {
  uint64_t done = 0;
  for (;;) {
    auto n = attempt(parts());
    if (n) {
      done += *n;
      if (nonblock || *n == 0 || done >= total_) return done;
      // The other side is behind.
    } else if (n.error().code != EAGAIN || nonblock) {
      if (done == 0 || n.error() == os::kInterrupted) return TRY(std::move(n));
      return done;
    }
    if (auto waited = handle->wait(direction); !waited) return std::unexpected(CallError(waited.error()));
    c_.memory.refresh();
    TRY(gather());
    skip(done);
  }
}

// Of these two: a copy is made of what is waited for, as the table may have changed after a wait, or after a function
// of the embedder's.

Answer<size_t> read(Call& c, const Descriptor& from, Transfer& to) {
  if (auto* open = std::get_if<OpenFile>(&from)) {
    if (open->file->poll_fd() < 0) return TRY(open->file->read(to.parts()));
    auto [file, nonblock] = *open;
    return to.some(file, nonblock, host::Direction::In, [&](auto parts) { return file->read(parts); });
  }
  if (auto* stdio = std::get_if<Stdio>(&from)) {
    auto [stream, writes, nonblock] = *stdio;
    if (writes) return fail(Errno::BadF);
    if (stream->stream().calls_out()) {
      TRY(stream->prepare());
      c.memory.refresh();
      TRY(to.gather());
    }
    return to.some(stream, nonblock, host::Direction::In, [&](auto parts) { return stream->read(parts); });
  }
  if (auto* open = std::get_if<OpenSocket>(&from)) {
    auto [socket, nonblock] = *open;
    return to.some(socket, nonblock, host::Direction::In, [&](auto parts) -> os::SysResult<size_t> {
      return TRY(socket->receive(parts, /*peek=*/false)).bytes;
    });
  }
  return fail(Errno::IsDir);
}

Answer<size_t> write(Call& c, const Descriptor& to, Transfer& from) {
  // A blocking write to a pipe or terminal goes on until all is written, like the system's own. What nobody reads takes
  // what it takes at once.
  if (auto* open = std::get_if<OpenFile>(&to)) {
    if (open->file->poll_fd() < 0) return TRY(open->file->write(from.parts()));
    auto [file, nonblock] = *open;
    return from.all(file, nonblock, host::Direction::Out, [&](auto parts) { return file->write(parts); });
  }
  if (auto* stdio = std::get_if<Stdio>(&to)) {
    auto [stream, writes, nonblock] = *stdio;
    if (!writes) return fail(Errno::BadF);
    auto attempt = [&](auto parts) { return stream->write(parts); };
    if (stream->stream().poll_fd() >= 0) return from.all(stream, nonblock, host::Direction::Out, attempt);
    auto n = attempt(from.parts());
    if (stream->stream().calls_out()) c.memory.refresh();
    return TRY(std::move(n));
  }
  if (auto* open = std::get_if<OpenSocket>(&to)) {
    auto [socket, nonblock] = *open;
    return from.some(socket, nonblock, host::Direction::Out, [&](auto parts) { return socket->send(parts); });
  }
  return fail(Errno::BadF);
}

Answer<host::File*> seekable(Call& c, uint32_t fd) {
  Descriptor* descriptor = TRY(c.state.fds().get(fd));
  if (std::holds_alternative<OpenDirectory>(*descriptor)) return fail(Errno::BadF);
  if (auto* open = std::get_if<OpenFile>(descriptor)) return open->file.get();
  return fail(Errno::SPipe);
}

/// Moves bytes between the guest's buffers and what `move` does it with, which answers how many; `count` is where the
/// guest wants to find that.
template <class Move>
Answer<> transfer(Call& c, I32 iovs, I32 iovs_len, I32 count, Move&& move) {
  auto moved = TRY(c.memory.slot<uint32_t>(count));
  Transfer buffers(c, iovs, iovs_len);
  TRY(buffers.gather());
  moved.store(static_cast<uint32_t>(TRY(move(buffers))));
  return {};
}

}  // namespace

Answer<> fd_read(Call& c, I32 fd, I32 iovs, I32 iovs_len, I32 nread) {
  return transfer(c, iovs, iovs_len, nread,
                  [&](Transfer& to) -> Answer<size_t> { return read(c, *TRY(c.state.fds().get(fd)), to); });
}

Answer<> fd_write(Call& c, I32 fd, I32 iovs, I32 iovs_len, I32 nwritten) {
  return transfer(c, iovs, iovs_len, nwritten,
                  [&](Transfer& from) -> Answer<size_t> { return write(c, *TRY(c.state.fds().get(fd)), from); });
}

Answer<> fd_pread(Call& c, I32 fd, I32 iovs, I32 iovs_len, I64 offset, I32 nread) {
  return transfer(c, iovs, iovs_len, nread, [&](Transfer& to) -> Answer<size_t> {
    return TRY(TRY(seekable(c, fd))->read_at(to.parts(), offset));
  });
}

Answer<> fd_pwrite(Call& c, I32 fd, I32 iovs, I32 iovs_len, I64 offset, I32 nwritten) {
  return transfer(c, iovs, iovs_len, nwritten, [&](Transfer& from) -> Answer<size_t> {
    return TRY(TRY(seekable(c, fd))->write_at(from.parts(), offset));
  });
}

Answer<> sock_accept(Call& c, I32 fd, I32 flags, I32 connection) {
  auto to = TRY(c.memory.slot<uint32_t>(connection));
  auto [socket, nonblock] = *TRY(socket_at(c, fd));
  if (flags & ~fdflags::kNonblock) return fail(Errno::Inval);
  if (c.state.fds().is_full()) TRY(socket->refuse_accept(c.state.context().max_open_files()));
  for (;;) {
    auto accepted = socket->accept();
    if (accepted) {
      to.store(TRY(c.state.fds().insert(OpenSocket{std::move(*accepted), (flags & fdflags::kNonblock) != 0})));
      return {};
    }
    if (accepted.error().code != EAGAIN || nonblock) return std::unexpected(CallError(accepted.error()));
    TRY(socket->wait(host::Direction::In));
    c.memory.refresh();
  }
}

Answer<> sock_recv(Call& c, I32 fd, I32 ri_data, I32 ri_data_len, I32 ri_flags, I32 ro_datalen, I32 ro_flags) {
  auto length = TRY(c.memory.slot<uint32_t>(ro_datalen));
  auto out_flags = TRY(c.memory.slot<uint16_t>(ro_flags));
  Transfer buffers(c, ri_data, ri_data_len);
  TRY(buffers.gather());
  auto [socket, nonblock] = *TRY(socket_at(c, fd));
  if (ri_flags & ~(kRiPeek | kRiWaitall)) return fail(Errno::Inval);
  bool peek = ri_flags & kRiPeek, truncated = false;
  auto attempt = [&](auto parts) -> os::SysResult<size_t> {
    auto received = TRY(socket->receive(parts, peek));
    truncated = received.truncated;
    return received.bytes;
  };
  // MSG_WAITALL has no effect together with MSG_DONTWAIT, so waiting for all is receiving piece by piece. Peeking
  // cannot do that: it would see the same bytes again.
  bool whole = (ri_flags & kRiWaitall) && !peek && socket->type() == host::FileType::SocketStream;
  auto n = whole ? buffers.all(socket, nonblock, host::Direction::In, attempt)
                 : buffers.some(socket, nonblock, host::Direction::In, attempt);
  length.store(static_cast<uint32_t>(TRY(std::move(n))));
  out_flags.store(truncated ? kRoDataTruncated : 0);
  return {};
}

Answer<> sock_send(Call& c, I32 fd, I32 si_data, I32 si_data_len, I32 si_flags, I32 so_datalen) {
  return transfer(c, si_data, si_data_len, so_datalen, [&](Transfer& from) -> Answer<size_t> {
    auto [socket, nonblock] = *TRY(socket_at(c, fd));
    if (si_flags != 0) return fail(Errno::Inval);
    return from.some(socket, nonblock, host::Direction::Out, [&](auto parts) { return socket->send(parts); });
  });
}

Answer<> sock_shutdown(Call& c, I32 fd, I32 how) {
  auto* open = TRY(socket_at(c, fd));
  if (how == 0 || (how & ~(kSdRd | kSdWr))) return fail(Errno::Inval);
  TRY(open->socket->shutdown(how & kSdRd, how & kSdWr));
  return {};
}

}  // namespace vitrine::wasi::p1

// Much data in pieces, with a look at the interrupt between them.
//
// Up to kFirstPiece goes in one call, as it would without this. What is more begins there and grows while a piece takes
// less than a quarter of kPiece: how long a byte takes depends on caches and fresh pages by a factor of fifty.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>

#include "os/clock.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/interrupt.hpp"

namespace vitrine::wasi::host {

inline constexpr size_t kFirstPiece = 64 * 1024;
inline constexpr size_t kLargestPiece = 4u << 20;

inline size_t total_size(std::span<const iovec> data) {
  size_t total = 0;
  for (const auto& part : data) total += part.iov_len;
  return total;
}

/// The size of the next piece, after one of `size` that took since `begin`.
class PieceSize {
 public:
  size_t size() const { return size_; }
  void begin() { begin_ = os::clock_now(os::Clock::Monotonic); }
  void end() {
    uint64_t took = os::clock_now(os::Clock::Monotonic) - begin_;
    if (took < kPiece / 4) size_ = std::min(2 * size_, kLargestPiece);
    if (took > kPiece) size_ = std::max(size_ / 2, size_t{4096});
  }

 private:
  size_t size_ = kFirstPiece;
  uint64_t begin_ = 0;
};

/// Part of a list of buffers, of at most kParts buffers.
class Piece {
 public:
  explicit Piece(std::span<const iovec> data) : rest_(data) {}
  /// The next `size` bytes, or as many as kParts buffers hold; none at the end.
  std::span<const iovec> next(size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < rest_.size() && count < kParts && size > 0; ++i) {
      size_t at = i == 0 ? offset_ : 0;
      size_t length = std::min(rest_[i].iov_len - at, size);
      if (length == 0) continue;
      parts_[count++] = {static_cast<char*>(rest_[i].iov_base) + at, length};
      size -= length;
    }
    return {parts_, count};
  }
  void advance(size_t bytes) {
    while (!rest_.empty() && bytes >= rest_[0].iov_len - offset_) {
      bytes -= rest_[0].iov_len - offset_;
      offset_ = 0;
      rest_ = rest_.subspan(1);
    }
    offset_ += bytes;
  }

 private:
  static constexpr size_t kParts = 64;
  std::span<const iovec> rest_;
  size_t offset_ = 0;  // into the first of them
  iovec parts_[kParts];
};

/// `move(parts, done)` moves bytes as readv does (-1 and errno, or fewer than there are), `done` of them before.
/// An error after some bytes is left for the next call to find.
template <class Move>
os::SysResult<size_t> in_pieces(std::span<const iovec> data, const Interrupt& interrupt, Move&& move) {
  auto once = [&](std::span<const iovec> parts, size_t done) -> os::SysResult<size_t> {
    for (;;) {
      ssize_t n = move(parts, done);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return os::last_error();
      if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
    }
  };
  size_t total = total_size(data);
  if (total <= kFirstPiece) [[likely]]
    return once(data, 0);
  Piece piece(data);
  PieceSize size;
  size_t done = 0;
  while (done < total) {
    if (interrupt.raised()) return os::sys_fail(os::kInterrupted);
    auto parts = piece.next(size.size());
    size.begin();
    auto n = once(parts, done);
    size.end();
    if (!n) return done > 0 && n.error() != os::kInterrupted ? os::SysResult<size_t>(done) : n;
    done += *n;
    if (*n < total_size(parts)) break;
    piece.advance(*n);
  }
  return done;
}

}  // namespace vitrine::wasi::host

// The byte reader of the binary format.
//
// It latches: after the first error every read answers 0 and moves nothing (the reader stands at its end), so a run of
// reads needs one test of `ok()`, and the earliest error is the one reported. A loop over a decoded count tests `ok()`
// every time round; `count` bounds such counts by the bytes that are left.
//
// Invariants: position <= end; offsets are those of the module, whatever part of it is being read.
// Cost: a one-byte LEB128 is a compare, a load and a branch; longer ones go out of line.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vitrine::wasm {

class ByteReader {
 public:
  ByteReader() = default;
  /// Reads `bytes`, which stand at `offset` in the module.
  explicit ByteReader(std::span<const uint8_t> bytes, uint32_t offset = 0)
      : begin_(bytes.data()), pos_(bytes.data()), end_(bytes.data() + bytes.size()), base_(offset) {}

  bool ok() const { return !failed_; }
  bool at_end() const { return pos_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - pos_); }
  /// Module offset of the next byte.
  uint32_t offset() const { return base_ + static_cast<uint32_t>(pos_ - begin_); }
  /// The next byte without moving, 0 at the end.
  uint8_t peek() const { return pos_ < end_ ? *pos_ : 0; }

  uint8_t u8() {
    if (pos_ == end_) [[unlikely]]
      return fail_at_end();
    return *pos_++;
  }
  uint32_t u32() {
    if (pos_ < end_ && *pos_ < 0x80) [[likely]]
      return *pos_++;
    return long_u32();
  }
  uint64_t u64() {
    if (pos_ < end_ && *pos_ < 0x80) [[likely]]
      return *pos_++;
    return long_u64();
  }
  int32_t s32() {
    if (pos_ < end_ && *pos_ < 0x80) [[likely]]
      return sign_extend7(*pos_++);
    return static_cast<int32_t>(long_signed(32));
  }
  int64_t s33() {
    if (pos_ < end_ && *pos_ < 0x80) [[likely]]
      return sign_extend7(*pos_++);
    return long_signed(33);
  }
  int64_t s64() {
    if (pos_ < end_ && *pos_ < 0x80) [[likely]]
      return sign_extend7(*pos_++);
    return long_signed(64);
  }
  /// Four bytes, little-endian: an f32 or a header word.
  uint32_t word32() { return fixed<uint32_t>(); }
  uint64_t word64() { return fixed<uint64_t>(); }

  std::span<const uint8_t> bytes(size_t n) {
    if (n > remaining()) [[unlikely]] {
      fail_at_end();
      return {};
    }
    std::span<const uint8_t> result(pos_, n);
    pos_ += n;
    return result;
  }
  /// The length of what follows, at most the bytes that are left.
  uint32_t length();
  /// The number of things that follow, each of at least one byte; over `limit` is an error that names `what` ("types").
  uint32_t count(uint32_t limit, const char* what);
  /// A name: length, then UTF-8.
  std::string_view name();
  /// A reader of the next `n` bytes (at most those left), which this one skips.
  ByteReader sub(size_t n);

  /// Latches an error at module offset `offset`; ", at offset 0x..." is appended to `message`.
  void fail(std::string_view message, uint32_t offset, ErrorKind kind = ErrorKind::Malformed);
  void fail(std::string_view message) { fail(message, offset()); }
  /// Latches an error that another reader of the same module met; does nothing if that one is fine.
  void fail_with(ByteReader& other);
  /// Gives the error away; only if `!ok()`.
  Error take_error() { return Error(std::move(message_), kind_); }
  ErrorKind error_kind() const { return kind_; }

  // For loops that keep the position in a register.
  const uint8_t* pos() const { return pos_; }
  const uint8_t* end() const { return end_; }
  void set_pos(const uint8_t* pos) { pos_ = pos; }
  uint32_t offset_of(const uint8_t* pos) const { return base_ + static_cast<uint32_t>(pos - begin_); }

 private:
  static int32_t sign_extend7(uint8_t byte) { return static_cast<int8_t>(byte << 1) >> 1; }
  template <class T>
  T fixed() {
    if (remaining() < sizeof(T)) [[unlikely]]
      return fail_at_end();
    T value;
    std::memcpy(&value, pos_, sizeof value);
    pos_ += sizeof value;
    return value;
  }
  uint8_t fail_at_end();
  uint32_t long_u32();
  uint64_t long_u64();
  int64_t long_signed(unsigned bits);

  const uint8_t* begin_ = nullptr;
  const uint8_t* pos_ = nullptr;
  const uint8_t* end_ = nullptr;
  uint32_t base_ = 0;
  bool failed_ = false;
  ErrorKind kind_ = ErrorKind::Malformed;
  std::string message_;
};

}  // namespace vitrine::wasm

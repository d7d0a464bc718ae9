// Little-endian and LEB128 output into a growing byte vector; the one writer of every format we produce.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace vitrine {

class ByteWriter {
 public:
  void u8(uint8_t v) { bytes_.push_back(v); }
  void u16(uint16_t v) { raw(&v, sizeof v); }
  void u32(uint32_t v) { raw(&v, sizeof v); }
  void u64(uint64_t v) { raw(&v, sizeof v); }
  void raw(const void* from, size_t n) {
    auto* p = static_cast<const uint8_t*>(from);
    bytes_.insert(bytes_.end(), p, p + n);
  }
  void append(std::span<const uint8_t> from) { bytes_.insert(bytes_.end(), from.begin(), from.end()); }

  /// Unsigned LEB128 in as few bytes as it takes.
  void uleb(uint64_t v) {
    do {
      uint8_t byte = v & 0x7f;
      v >>= 7;
      bytes_.push_back(v ? byte | 0x80 : byte);
    } while (v);
  }
  /// Signed LEB128 in as few bytes as it takes.
  void sleb(int64_t v) {
    for (;;) {
      uint8_t byte = v & 0x7f;
      v >>= 7;
      bool done = (v == 0 && !(byte & 0x40)) || (v == -1 && (byte & 0x40));
      bytes_.push_back(done ? byte : byte | 0x80);
      if (done) return;
    }
  }
  /// A length-prefixed byte string, as names are in the binary format.
  void name(std::string_view s) {
    uleb(s.size());
    raw(s.data(), s.size());
  }
  void align(size_t to) {
    while (bytes_.size() % to) bytes_.push_back(0);
  }

  size_t size() const { return bytes_.size(); }
  std::vector<uint8_t>& bytes() { return bytes_; }
  std::span<const uint8_t> view() const { return bytes_; }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace vitrine

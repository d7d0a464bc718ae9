// Bytes of the binary format being written: LEB128, floats, sections.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace vitrine::fuzz {

class WasmWriter {
 public:
  void byte(uint8_t b) { bytes_.push_back(b); }
  void bytes(std::span<const uint8_t> b) { bytes_.insert(bytes_.end(), b.begin(), b.end()); }
  void u(uint64_t v) {
    do {
      uint8_t low = v & 0x7f;
      v >>= 7;
      byte(v ? low | 0x80 : low);
    } while (v);
  }
  void s(int64_t v) {
    for (;;) {
      uint8_t low = v & 0x7f;
      v >>= 7;
      if ((v == 0 && !(low & 0x40)) || (v == -1 && (low & 0x40))) return byte(low);
      byte(low | 0x80);
    }
  }
  void word(uint64_t v, int size) {
    for (int i = 0; i < size; ++i) byte(static_cast<uint8_t>(v >> 8 * i));
  }
  void name(std::string_view text) {
    u(text.size());
    for (char c : text) byte(static_cast<uint8_t>(c));
  }
  /// Length, then the bytes.
  void sized(const WasmWriter& inner) {
    u(inner.size());
    bytes(inner.bytes_);
  }
  void section(uint8_t id, const WasmWriter& content) {
    byte(id);
    sized(content);
  }
  size_t size() const { return bytes_.size(); }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace vitrine::fuzz

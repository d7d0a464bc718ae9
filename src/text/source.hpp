// A range of text being read, and the one way an error says where in it: `line:column: message`, the line, a caret.
//
// A module inside a script is read as a range of the whole script, so its errors carry the script's lines. Line and
// column are counted when an error is made and at no other time: reading pays nothing for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace vitrine::text {

/// Offsets of tokens are 32 bits wide; text beyond that is refused.
inline constexpr size_t kMaxSourceSize = 0xffff'fff0;

struct Source {
  explicit Source(std::string_view whole) : text(whole), end(whole.size()) {}
  Source(std::string_view whole, size_t from, size_t to) : text(whole), begin(from), end(to) {}

  std::string_view text;  // the whole file, for line numbers
  size_t begin = 0;       // the part to read
  size_t end = 0;
};

struct Position {
  uint32_t line = 1;
  uint32_t column = 1;  // in characters, not bytes
};

/// Where `offset` (into `text`) is. Cost: linear in offset.
Position position_of(std::string_view text, size_t offset);

/// "line:column: message", then the source line (clipped if very long) and a caret under the place.
Error error_at(std::string_view text, size_t offset, std::string_view message, ErrorKind kind = ErrorKind::Malformed);

}  // namespace vitrine::text

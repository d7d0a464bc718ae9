#include "text/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace vitrine::text {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

size_t count_characters(std::string_view bytes) {
  return bytes.size() - static_cast<size_t>(std::ranges::count_if(bytes, is_continuation));
}

// The source line shown under an error is at most this long on either side of the caret: generated text has lines of
// megabytes.
constexpr size_t kClip = 70;

// What a terminal would act on, or not show at the width of one column, is shown as a blank.
std::string printable(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  return out;
}

}  // namespace

Position position_of(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  Position at;
  size_t line_start = 0;
  for (size_t i = 0; i < offset; ++i) {
    // "\r\n" is one line end, as is either alone.
    if (text[i] == '\n' || (text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'))) {
      ++at.line;
      line_start = i + 1;
    }
  }
  at.column = static_cast<uint32_t>(count_characters(text.substr(line_start, offset - line_start))) + 1;
  return at;
}

Error error_at(std::string_view text, size_t offset, std::string_view message, ErrorKind kind) {
  offset = std::min(offset, text.size());
  Position at = position_of(text, offset);
  size_t from = offset;
  while (from > 0 && text[from - 1] != '\n' && text[from - 1] != '\r' && offset - from < kClip) --from;
  while (from < offset && is_continuation(text[from])) ++from;
  size_t to = offset;
  while (to < text.size() && text[to] != '\n' && text[to] != '\r' && to - offset < kClip) ++to;
  while (to > offset && to < text.size() && is_continuation(text[to])) --to;
  return Error(
      fmt::format("{}:{}: {}\n  {}\n  {}^", at.line, at.column, message, printable(text.substr(from, to - from)),
                  std::string(count_characters(text.substr(from, offset - from)), ' ')),
      kind);
}

}  // namespace vitrine::text

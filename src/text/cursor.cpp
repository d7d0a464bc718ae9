#include "text/cursor.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "text/number.hpp"

namespace vitrine::text {

Result<> Cursor::expect_keyword(std::string_view word) {
  if (take_keyword(word)) return {};
  return std::unexpected(unexpected(fmt::format("'{}'", word)));
}

Result<> Cursor::skip_to_close() {
  size_t open = at_ == 0 ? 0 : at_ - 1;
  for (size_t depth = 1; depth > 0;) {
    const Token& token = next();
    if (token.kind == TokenKind::LeftParen) {
      ++depth;
    } else if (token.kind == TokenKind::RightParen) {
      --depth;
    } else if (token.kind == TokenKind::Eof) {
      while (open > 0 && tokens_[open].kind != TokenKind::LeftParen) --open;
      return std::unexpected(error(tokens_[open], "unclosed parenthesis"));
    }
  }
  return {};
}

std::string_view Cursor::name_of(const Token& id) {
  std::string_view name = text(id).substr(1);
  if (!name.starts_with('"')) return name;
  if (name.find('\\') == name.npos) return name.substr(1, name.size() - 2);
  decoded_.emplace_back();
  append_string(name, decoded_.back());
  return decoded_.back();
}

Result<std::string> Cursor::expect_string(std::string_view what) {
  if (!at(TokenKind::String)) return std::unexpected(unexpected(what));
  std::string bytes;
  append_string(text(next()), bytes);
  return bytes;
}

Result<std::string> Cursor::expect_name(std::string_view what) {
  const Token& token = peek();
  std::string name = TRY(expect_string(what));
  if (!is_utf8(name)) return std::unexpected(error(token, "malformed UTF-8 encoding"));
  return name;
}

Result<uint64_t> Cursor::expect_nat(uint64_t max, std::string_view what) {
  uint64_t value = 0;
  switch (parse_nat(text(), max, value)) {
    case NumberStatus::Ok:
      next();
      return value;
    case NumberStatus::OutOfRange:
      return std::unexpected(error_here(fmt::format("{} out of range", what)));
    case NumberStatus::Malformed:
      break;
  }
  return std::unexpected(unexpected(what));
}

Error Cursor::unexpected(std::string_view what) const {
  const Token& token = peek();
  if (token.kind == TokenKind::Eof) return error(token, fmt::format("unexpected end of text, expected {}", what));
  std::string_view found = text(token);
  constexpr size_t kShown = 40;
  bool clipped = found.size() > kShown;
  if (clipped) {
    size_t n = kShown;
    while (n > 0 && (static_cast<unsigned char>(found[n]) & 0xc0) == 0x80) --n;
    found = found.substr(0, n);
  }
  return error(token, fmt::format("unexpected token '{}{}', expected {}", found, clipped ? "..." : "", what));
}

}  // namespace vitrine::text

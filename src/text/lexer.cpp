#include "text/lexer.hpp"

#include <fmt/format.h>

#include <array>

#include "base/assert.hpp"
#include "base/utf8.hpp"

namespace vitrine::text {
namespace {

enum CharClass : uint8_t { kOther = 0, kIdChar = 1, kSpace = 2, kPunctuation = 4, kPlainString = 8, kHex = 16 };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  for (int c = '0'; c <= '9'; ++c) classes[c] |= kIdChar | kHex;
  for (int c = 'a'; c <= 'z'; ++c) classes[c] |= kIdChar;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] |= kIdChar;
  for (int c = 'a'; c <= 'f'; ++c) classes[c] |= kHex;
  for (int c = 'A'; c <= 'F'; ++c) classes[c] |= kHex;
  for (unsigned char c : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~")) classes[c] |= kIdChar;
  for (unsigned char c : std::string_view(" \t\n\r")) classes[c] |= kSpace;
  for (unsigned char c : std::string_view(",;[]{}")) classes[c] |= kPunctuation;
  for (int c = 0x20; c < 0x7f; ++c) {
    if (c != '"' && c != '\\') classes[c] |= kPlainString;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();

bool is(char c, CharClass what) {
  return kClasses[static_cast<unsigned char>(c)] & what;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

uint32_t hex_value(char c) {
  return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void append_utf8(uint32_t c, std::string& to) {
  auto put = [&](uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  } else if (c < 0x1'0000) {
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  }
}

class Lexer {
 public:
  Lexer(const Source& source, bool inside_annotation)
      : text_(source.text.substr(0, source.end)), at_(source.begin), keep_annotations_(inside_annotation) {
    // Four characters a token is what generated text has; too small a guess costs a copy, too large one memory.
    list_.tokens.reserve((source.end - source.begin) / 4 + 16);
  }

  Result<TokenList> run() {
    while (at_ < text_.size()) TRY(next());
    if (annotation_depth_ > 0) return std::unexpected(error(annotation_start_, "unclosed annotation"));
    push(TokenKind::Eof, at_);
    return std::move(list_);
  }

 private:
  Error error(size_t offset, std::string_view message) const { return error_at(text_, offset, message); }
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void push(TokenKind kind, size_t start) {
    if (annotation_depth_ > 0) return;
    list_.tokens.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(at_ - start), kind});
  }

  Result<> next() {
    char c = text_[at_];
    if (is(c, kSpace)) {
      ++at_;
      return {};
    }
    if (c == '(') {
      if (peek(1) == ';') return block_comment();
      if (peek(1) == '@' && !keep_annotations_ && annotation_depth_ == 0) return begin_annotation();
      ++at_;
      if (annotation_depth_ > 0) {
        ++annotation_depth_;
      } else {
        push(TokenKind::LeftParen, at_ - 1);
      }
      return {};
    }
    if (c == ')') {
      ++at_;
      if (annotation_depth_ == 0) {
        push(TokenKind::RightParen, at_ - 1);
      } else if (--annotation_depth_ == 0) {
        list_.annotations.push_back({static_cast<uint32_t>(annotation_start_),
                                     static_cast<uint32_t>(at_ - annotation_start_),
                                     static_cast<uint32_t>(list_.tokens.size())});
      }
      return {};
    }
    if (c == ';' && peek(1) == ';') return line_comment();
    if (is(c, kIdChar) || c == '"') return word();
    if (is(c, kPunctuation)) {
      ++at_;
      push(TokenKind::Reserved, at_ - 1);
      return {};
    }
    return std::unexpected(illegal_character());
  }

  Error illegal_character() const {
    auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x80) return error(at_, fmt::format("illegal character 0x{:02x}", c));
    if (utf8_length(text_, at_) == 0) return error(at_, "malformed UTF-8 encoding");
    return error(at_, "illegal character: only strings and comments may hold characters outside ASCII");
  }

  // The longest run of identifier characters and strings: one token, whatever it turns out to be.
  Result<> word() {
    size_t start = at_;
    size_t strings = 0, string_start = 0;
    while (at_ < text_.size()) {
      if (is(text_[at_], kIdChar)) {
        ++at_;
      } else if (text_[at_] == '"') {
        if (strings++ == 0) string_start = at_;
        TRY(string());
      } else {
        break;
      }
    }
    std::string_view word = text_.substr(start, at_ - start);
    if (strings > 0) {
      // `"..."`, `$"..."`, or something of the kind of `a"b"c`, which is reserved.
      bool ends_in_string = strings == 1 && word.back() == '"';
      if (ends_in_string && string_start == start) {
        push(TokenKind::String, start);
      } else if (ends_in_string && string_start == start + 1 && word[0] == '$') {
        TRY(check_quoted_name(word.substr(1), start, "identifier"));
        push(TokenKind::Id, start);
      } else {
        push(TokenKind::Reserved, start);
      }
      return {};
    }
    char c = word[0];
    if (c == '$') {
      if (word.size() == 1) return std::unexpected(error(start, "empty identifier"));
      push(TokenKind::Id, start);
    } else if (is_digit(c) || c == '+' || c == '-') {
      push(classify_number(word), start);
    } else if (c >= 'a' && c <= 'z') {
      TokenKind kind = TokenKind::Keyword;
      if (word == "inf" || word.starts_with("nan")) {
        if (TokenKind number = classify_number(word); number != TokenKind::Reserved) kind = number;
      }
      push(kind, start);
    } else {
      push(TokenKind::Reserved, start);
    }
    return {};
  }

  Result<> check_quoted_name(std::string_view quoted, size_t at, std::string_view what) {
    std::string bytes;
    append_string(quoted, bytes);
    if (bytes.empty()) return std::unexpected(error(at, fmt::format("empty {}", what)));
    if (!is_utf8(bytes)) return std::unexpected(error(at, "malformed UTF-8 encoding"));
    return {};
  }

  // Moves past a string, checking every character of it.
  Result<> string() {
    size_t start = at_++;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (is(c, kPlainString)) {
        ++at_;
      } else if (c == '"') {
        ++at_;
        return {};
      } else if (c == '\\') {
        TRY(escape());
      } else if (static_cast<unsigned char>(c) >= 0x80) {
        size_t n = utf8_length(text_, at_);
        if (n == 0) return std::unexpected(error(at_, "malformed UTF-8 encoding"));
        at_ += n;
      } else if (c == '\n' || c == '\r') {
        break;
      } else {
        return std::unexpected(error(
            at_, fmt::format("illegal control character 0x{:02x} in string literal", static_cast<unsigned char>(c))));
      }
    }
    return std::unexpected(error(start, "unclosed string literal"));
  }

  Result<> escape() {
    size_t start = at_++;
    char c = peek(0);
    if (c == 'n' || c == 'r' || c == 't' || c == '\\' || c == '\'' || c == '"') {
      ++at_;
      return {};
    }
    if (at_ < text_.size() && is(c, kHex) && is(peek(1), kHex)) {
      at_ += 2;
      return {};
    }
    if (c == 'u' && peek(1) == '{') {
      at_ += 2;
      uint32_t value = 0;
      bool digit_before = false;
      for (;; ++at_) {
        c = peek(0);
        if (is(c, kHex)) {
          if (value < 0x11'0000) value = value * 16 + hex_value(c);
          digit_before = true;
        } else if (c == '_' && digit_before && is(peek(1), kHex)) {
          digit_before = false;
        } else {
          break;
        }
      }
      if (c == '}' && digit_before && value < 0x11'0000 && !(value >= 0xd800 && value < 0xe000)) {
        ++at_;
        return {};
      }
    }
    return std::unexpected(error(start, "illegal escape"));
  }

  Result<> line_comment() {
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') TRY(comment_character());
    return {};
  }

  Result<> block_comment() {
    size_t start = at_;
    size_t depth = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '(' && peek(1) == ';') {
        ++depth;
        at_ += 2;
      } else if (text_[at_] == ';' && peek(1) == ')') {
        at_ += 2;
        if (--depth == 0) return {};
      } else {
        TRY(comment_character());
      }
    }
    return std::unexpected(error(start, "unclosed comment"));
  }

  Result<> comment_character() {
    size_t n = static_cast<unsigned char>(text_[at_]) < 0x80 ? 1 : utf8_length(text_, at_);
    if (n == 0) return std::unexpected(error(at_, "malformed UTF-8 encoding"));
    at_ += n;
    return {};
  }

  Result<> begin_annotation() {
    annotation_start_ = at_;
    at_ += 2;
    size_t id = at_;
    if (peek(0) == '"') {
      TRY(string());
      TRY(check_quoted_name(text_.substr(id, at_ - id), annotation_start_, "annotation id"));
    } else {
      while (at_ < text_.size() && is(text_[at_], kIdChar)) ++at_;
      if (at_ == id) return std::unexpected(error(annotation_start_, "empty annotation id"));
    }
    annotation_depth_ = 1;
    return {};
  }

  std::string_view text_;
  size_t at_;
  bool keep_annotations_;  // nested ones, when an annotation itself is what is read
  size_t annotation_depth_ = 0;
  size_t annotation_start_ = 0;
  TokenList list_;
};

// Moves past digits with single underscores between them; false if there is no digit or a stray underscore.
bool skip_digits(std::string_view s, size_t& i, bool hex) {
  auto digit = [&](size_t k) { return k < s.size() && (hex ? is(s[k], kHex) : is_digit(s[k])); };
  if (!digit(i)) return false;
  ++i;
  for (;;) {
    if (digit(i)) {
      ++i;
    } else if (i < s.size() && s[i] == '_') {
      if (!digit(i + 1)) return false;
      i += 2;
    } else {
      return true;
    }
  }
}

}  // namespace

Result<TokenList> lex(const Source& source) {
  if (source.text.size() > kMaxSourceSize) {
    return fail("text of 4 GiB or more is not supported", ErrorKind::Limit);
  }
  return Lexer(source, false).run();
}

Result<TokenList> lex_annotation(const Source& source, const Annotation& annotation) {
  return Lexer(Source(source.text, annotation.offset + 1, annotation.offset + annotation.length - 1), true).run();
}

void append_string(std::string_view token, std::string& to) {
  VITRINE_DCHECK(token.size() >= 2 && token.front() == '"' && token.back() == '"');
  std::string_view s = token.substr(1, token.size() - 2);
  for (size_t i = 0; i < s.size();) {
    size_t plain = s.find('\\', i);
    if (plain == s.npos) plain = s.size();
    to.append(s.substr(i, plain - i));
    i = plain;
    if (i == s.size()) break;
    switch (char c = s[i + 1]) {
      case 'n':
        to.push_back('\n'), i += 2;
        break;
      case 'r':
        to.push_back('\r'), i += 2;
        break;
      case 't':
        to.push_back('\t'), i += 2;
        break;
      case '\\':
      case '\'':
      case '"':
        to.push_back(c), i += 2;
        break;
      case 'u': {
        uint32_t value = 0;
        for (i += 3; s[i] != '}'; ++i) {
          if (s[i] != '_') value = value * 16 + hex_value(s[i]);
        }
        ++i;
        append_utf8(value, to);
        break;
      }
      default:
        to.push_back(static_cast<char>(hex_value(c) * 16 + hex_value(s[i + 2])));
        i += 3;
    }
  }
}

TokenKind classify_number(std::string_view s) {
  size_t i = 0;
  bool sign = !s.empty() && (s[0] == '+' || s[0] == '-');
  if (sign) ++i;
  std::string_view rest = s.substr(i);
  if (rest == "inf" || rest == "nan") return TokenKind::Float;
  if (rest.starts_with("nan:0x")) {
    size_t k = 6;
    return skip_digits(rest, k, true) && k == rest.size() ? TokenKind::Float : TokenKind::Reserved;
  }
  bool hex = rest.starts_with("0x");
  if (hex) i += 2;
  if (!skip_digits(s, i, hex)) return TokenKind::Reserved;
  if (i == s.size()) return sign ? TokenKind::Int : TokenKind::Nat;
  if (s[i] == '.') {
    ++i;
    bool more = i < s.size() && (hex ? is(s[i], kHex) : is_digit(s[i]));
    if (more && !skip_digits(s, i, hex)) return TokenKind::Reserved;
  }
  if (i < s.size() && (s[i] | 0x20) == (hex ? 'p' : 'e')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!skip_digits(s, i, false)) return TokenKind::Reserved;
  }
  return i == s.size() ? TokenKind::Float : TokenKind::Reserved;
}

}  // namespace vitrine::text

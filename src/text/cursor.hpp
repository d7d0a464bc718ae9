// A place in a list of tokens, with the questions a parser asks there.
//
// What always holds: the cursor never moves past the `Eof` token, so looking and taking need no bounds in the caller.
// Every error it makes says what was found and what was expected, with line, column and caret.
#pragma once

#include <fmt/core.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/lexer.hpp"

namespace vitrine::text {

class Cursor {
 public:
  Cursor(const Source& source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  // Where we are.
  const Token& peek(size_t ahead = 0) const {
    size_t i = at_ + ahead;
    return i < tokens_.size() ? tokens_[i] : tokens_.back();
  }
  size_t position() const { return at_; }
  void seek(size_t position) { at_ = position; }
  const Source& source() const { return source_; }
  std::span<const Token> tokens() const { return tokens_; }
  std::string_view text(const Token& token) const { return source_.text.substr(token.offset, token.length); }
  std::string_view text(size_t ahead = 0) const { return text(peek(ahead)); }

  // What is there.
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_end() const { return at(TokenKind::Eof); }
  bool at_keyword(std::string_view word, size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Keyword && text(ahead) == word;
  }
  /// At `(word`.
  bool at_form(std::string_view word) const { return at(TokenKind::LeftParen) && at_keyword(word, 1); }
  /// At a number or an identifier that may be an index.
  bool at_index(size_t ahead = 0) const {
    TokenKind kind = peek(ahead).kind;
    return kind == TokenKind::Nat || kind == TokenKind::Id;
  }

  // Moving on.
  const Token& next() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool take(TokenKind kind) {
    if (!at(kind)) return false;
    next();
    return true;
  }
  bool take_keyword(std::string_view word) {
    if (!at_keyword(word)) return false;
    next();
    return true;
  }
  /// Moves past `(word` if it is there.
  bool take_form(std::string_view word) {
    if (!at_form(word)) return false;
    next();
    next();
    return true;
  }
  Result<> expect_left() { return expect(TokenKind::LeftParen, "'('"); }
  Result<> expect_right() { return expect(TokenKind::RightParen, "')'"); }
  Result<> expect_keyword(std::string_view word);
  Result<> expect(TokenKind kind, std::string_view what) {
    if (take(kind)) return {};
    return std::unexpected(unexpected(what));
  }
  /// From behind an opening parenthesis to behind its closing one.
  Result<> skip_to_close();

  // Values of tokens.
  /// The name an Id token stands for (without `$`, quotes and escapes). The view lives as long as this cursor and its
  /// text.
  std::string_view name_of(const Token& id);
  /// A string token's bytes; the error says what was expected.
  Result<std::string> expect_string(std::string_view what);
  /// The same, and valid UTF-8.
  Result<std::string> expect_name(std::string_view what);
  /// An unsigned number of at most `max`.
  Result<uint64_t> expect_nat(uint64_t max, std::string_view what);

  // Errors.
  Error error(const Token& token, std::string_view message) const {
    return error_at(source_.text, token.offset, message);
  }
  Error error_here(std::string_view message) const { return error(peek(), message); }
  /// "unexpected token 'x', expected <what>".
  Error unexpected(std::string_view what) const;

 private:
  Source source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::deque<std::string> decoded_;  // names of quoted identifiers
};

}  // namespace vitrine::text

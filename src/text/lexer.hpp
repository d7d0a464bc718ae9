// Tokens of the text format.
//
// The whole range is cut into tokens at once, so that the parsers can look ahead, go back, and walk a module twice
// (names first, then uses) at no cost. White space, comments and annotations are no tokens; annotations are kept on the
// side.
//
// What always holds
//   - Tokens are in order of offset, do not overlap, and the last one is `Eof`.
//   - A String or a quoted Id has valid escapes and a closing quote; a quoted Id is valid UTF-8 and not empty.
//   - A Nat, Int or Float is a number as the specification writes one; that it fits a type is for text/number.hpp.
//   - A Reserved token never occurs in well-formed text: whoever expects something else reports it.
//   - Annotations are well nested.
// Cost: linear, without recursion. See: spec, text/lexical.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "text/source.hpp"

namespace vitrine::text {

enum class TokenKind : uint8_t { Eof, LeftParen, RightParen, Keyword, Id, String, Nat, Int, Float, Reserved };

struct Token {
  uint32_t offset;  // into Source::text
  uint32_t length;
  TokenKind kind;
};

/// An outermost annotation `(@id ...)`: white space to the grammar, meaning to whoever knows its id.
struct Annotation {
  uint32_t offset;      // of its opening parenthesis, into Source::text
  uint32_t length;      // up to and with its closing parenthesis
  uint32_t next_token;  // index of the first token behind it
};

struct TokenList {
  std::vector<Token> tokens;
  std::vector<Annotation> annotations;
};

Result<TokenList> lex(const Source& source);

/// The tokens inside an annotation (without its parentheses), the first being its id, `@...`: what to call to read one.
Result<TokenList> lex_annotation(const Source& source, const Annotation& annotation);

/// Appends the bytes that a String token (with its quotes) stands for.
void append_string(std::string_view token, std::string& to);

/// Nat, Int or Float if `text` is a number as the specification writes one, else Reserved.
TokenKind classify_number(std::string_view text);

}  // namespace vitrine::text

#include "text/lexer.hpp"

#include <gtest/gtest.h>

namespace vitrine::text {
namespace {

using K = TokenKind;

std::vector<K> kinds(std::string_view text) {
  auto list = lex(Source(text));
  if (!list) return {};
  std::vector<K> out;
  for (const Token& token : list->tokens) out.push_back(token.kind);
  EXPECT_EQ(out.back(), K::Eof);
  out.pop_back();
  return out;
}

std::string message(std::string_view text) {
  auto list = lex(Source(text));
  return list ? "" : list.error().message();
}

std::string decoded(std::string_view token) {
  std::string bytes;
  append_string(token, bytes);
  return bytes;
}

TEST(Lexer, KindsOfTokens) {
  EXPECT_EQ(kinds("(func $f \"s\" 1 -1 1.5 nan $\"q\" )"),
            (std::vector{K::LeftParen, K::Keyword, K::Id, K::String, K::Nat, K::Int, K::Float, K::Float, K::Id,
                         K::RightParen}));
  EXPECT_EQ(kinds("offset=4 nan:canonical i32.add"), (std::vector(3, K::Keyword)));
  EXPECT_EQ(kinds("inf -inf +nan nan:0x1 0x1p3 1e5"), (std::vector(6, K::Float)));
  EXPECT_EQ(kinds("0x 1_ 1__0 _1 1e 0x1p + - Abc @x #"), (std::vector(11, K::Reserved)));
  EXPECT_EQ(kinds(", ; [ ] { }"), (std::vector(6, K::Reserved)));
}

TEST(Lexer, WordsWithoutSpaceAreOneReservedToken) {
  for (std::string_view text : {"0$x", "\"a\"\"b\"", "a\"b\"", "$l\"a\"", "\"a\"0", "$\"l\"$l", "1\"\"", "0drop"}) {
    EXPECT_EQ(kinds(text), std::vector{K::Reserved}) << text;
  }
  EXPECT_EQ(kinds("$l$l"), std::vector{K::Id});
  EXPECT_EQ(kinds("i32.const0"), std::vector{K::Keyword});
  EXPECT_EQ(kinds("a(b)c"), (std::vector{K::Keyword, K::LeftParen, K::Keyword, K::RightParen, K::Keyword}));
  EXPECT_EQ(kinds("a;;x\nb(;c;)d"), (std::vector{K::Keyword, K::Keyword, K::Keyword}));
}

TEST(Lexer, Comments) {
  EXPECT_EQ(kinds("(; a (; b ;) ( c ;;) x"), std::vector{K::Keyword});
  EXPECT_EQ(kinds(";; comment\rx"), std::vector{K::Keyword});
  EXPECT_EQ(kinds(";; the end"), std::vector<K>{});
  EXPECT_NE(message("(; a (; b ;)").find("1:1: unclosed comment"), std::string::npos);
  EXPECT_NE(message("(; \xff ;)").find("malformed UTF-8"), std::string::npos);
  EXPECT_NE(message(";; \xc0\x80").find("malformed UTF-8"), std::string::npos);
}

TEST(Lexer, NestedCommentsAndAnnotationsNeedNoStack) {
  std::string comment, annotation = "(@a";
  for (int i = 0; i < 1'000'000; ++i) comment += "(;", annotation += "(";
  EXPECT_NE(message(comment).find("unclosed comment"), std::string::npos);
  EXPECT_NE(message(annotation).find("unclosed annotation"), std::string::npos);
}

TEST(Lexer, Strings) {
  EXPECT_EQ(decoded(R"("a\t\n\r\"\'\\b")"), "a\t\n\r\"'\\b");
  EXPECT_EQ(decoded(R"("\00\fF\7f")"), std::string("\0\xff\x7f", 3));
  EXPECT_EQ(decoded(R"("\u{41}\u{e9}\u{20ac}\u{1_F600}")"), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(kinds("\"caf\xc3\xa9\""), std::vector{K::String});
  EXPECT_NE(message("\"abc").find("1:1: unclosed string"), std::string::npos);
  EXPECT_NE(message("\"abc\n\"").find("unclosed string"), std::string::npos);
  EXPECT_NE(message("\"a\x01\"").find("control character 0x01"), std::string::npos);
  EXPECT_NE(message("\"a\x7f\"").find("control character 0x7f"), std::string::npos);
  EXPECT_NE(message("\"\xed\xa0\x80\"").find("malformed UTF-8"), std::string::npos);
  for (std::string_view bad :
       {R"("\x")", R"("\0")", R"("\0g")", R"("\u{}")", R"("\u{110000}")", R"("\u{d800}")", R"("\u{dfff}")",
        R"("\u{_1}")", R"("\u{1_}")", R"("\u41")", R"("\u{41")", "\"\\", R"("\u{fffffffffffffffffffff}")"}) {
    EXPECT_NE(message(bad).find("illegal escape"), std::string::npos) << bad;
  }
}

TEST(Lexer, Identifiers) {
  EXPECT_NE(message("$").find("empty identifier"), std::string::npos);
  EXPECT_NE(message("$\"\"").find("empty identifier"), std::string::npos);
  EXPECT_NE(message("$\"\\ff\"").find("malformed UTF-8"), std::string::npos);
  EXPECT_EQ(kinds("$!#%&'*+-./:<=>?@\\^_`|~"), std::vector{K::Id});
}

TEST(Lexer, IllegalCharacters) {
  EXPECT_NE(message("a \x01").find("1:3: illegal character 0x01"), std::string::npos);
  EXPECT_NE(message("a \xc3\xa9").find("illegal character"), std::string::npos);
  EXPECT_NE(message("a \x80").find("malformed UTF-8"), std::string::npos);
  EXPECT_NE(message(std::string_view("\0", 1)).find("illegal character 0x00"), std::string::npos);
}

TEST(Lexer, AnnotationsAreWhiteSpace) {
  auto list = lex(Source("a (@x (y \")\" (;);) ;; )\n (@z)) []{},) b (@\"q\" 1)"));
  ASSERT_TRUE(list.has_value()) << list.error().message();
  ASSERT_EQ(list->tokens.size(), 3u);
  ASSERT_EQ(list->annotations.size(), 2u);
  EXPECT_EQ(list->annotations[0].next_token, 1u);
  EXPECT_EQ(list->annotations[1].next_token, 2u);
  for (std::string_view bad : {"(@)", "(@ x)", "(@\"\")", "(@(@a)x)"}) {
    EXPECT_NE(message(bad).find("empty annotation id"), std::string::npos) << bad;
  }
  EXPECT_NE(message("(@x (y)").find("1:1: unclosed annotation"), std::string::npos);
  EXPECT_NE(message("(@x \")").find("unclosed string"), std::string::npos);
  EXPECT_NE(message("(@\"\\ef\")").find("malformed UTF-8"), std::string::npos);
}

TEST(Lexer, TokensInsideAnAnnotation) {
  Source source("(@custom \"a\" (before type) (@n))");
  auto list = lex(source);
  ASSERT_TRUE(list.has_value());
  auto inside = lex_annotation(source, list->annotations.at(0));
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->tokens.size(), 10u);  // @custom "a" ( before type ) ( @n ) and the end
}

TEST(Source, ErrorsShowLineColumnAndCaret) {
  EXPECT_EQ(message("(module\r\n  \"\xc3\xa9\" \x01)"), "2:7: illegal character 0x01\n    \"\xc3\xa9\"  )\n        ^");
}

TEST(Source, LongLinesAreClipped) {
  std::string text(100'000, ' ');
  text += "\x02";
  text += std::string(100'000, ' ');
  EXPECT_LT(message(text).size(), 400u);
}

TEST(Source, LineEnds) {
  EXPECT_EQ(position_of("a\nb\r\nc\rd", 7).line, 4u);
  EXPECT_EQ(position_of("a\nb\r\nc\rd", 5).line, 3u);
  EXPECT_EQ(position_of("a\nb\r\nc\rd", 5).column, 1u);
}

}  // namespace
}  // namespace vitrine::text

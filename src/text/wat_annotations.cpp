// Annotations that mean something: `@name` and `@custom`. See wat_module.hpp; spec: appendix/custom.
//
// All others are white space. These two are checked for form and place: one that stands elsewhere is an error, because
// it would be lost without a word.
#include <fmt/format.h>

#include <algorithm>

#include "base/casts.hpp"
#include "text/wat_module.hpp"

namespace vitrine::text {
namespace {

// The id without `@` and quotes.
std::string id_of(std::string_view annotation) {
  std::string_view rest = annotation.substr(2);
  if (rest.starts_with('"')) {
    size_t end = 1;
    while (rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
    std::string id;
    append_string(rest.substr(0, end + 1), id);
    return id;
  }
  return std::string(rest.substr(0, rest.find_first_of(" \t\r\n\"(),;[]{}")));
}

constexpr std::string_view kBranchHint = "metadata.code.branch_hint";

}  // namespace

Result<> ModuleParser::collect_annotations() {
  std::vector<Annotation> known;
  for (const Annotation& annotation : annotations_) {
    std::string_view text = cursor_.source().text.substr(annotation.offset, annotation.length);
    std::string id = id_of(text);
    if (id == "name") {
      name_annotations_.push_back({annotation.next_token, {}, annotation.offset, false});
      Cursor inside(cursor_.source(), TRY(lex_annotation(cursor_.source(), annotation)).tokens);
      inside.next();  // its id
      std::string name;
      if (inside.at(TokenKind::String)) {
        name = TRY(inside.expect_name("a name"));
      } else {
        return std::unexpected(inside.error_here("@name annotation: a string is missing"));
      }
      if (!inside.at_end()) return std::unexpected(inside.error_here("@name annotation: unexpected token"));
      name_annotations_.back().name = std::move(name);
    } else if (id == "custom") {
      known.push_back(annotation);
    } else if (id == kBranchHint) {
      TRY(read_hint(annotation));
    }
  }
  annotations_ = std::move(known);
  return {};
}

// The name annotated right at the cursor, that is, behind an identifier or the keyword it would follow.
Result<std::string_view> ModuleParser::name_annotation() {
  if (name_annotations_.empty()) return std::string_view{};
  auto at = static_cast<uint32_t>(cursor_.position());
  auto it = std::ranges::lower_bound(name_annotations_, at, {}, &NameAnnotation::next_token);
  if (it == name_annotations_.end() || it->next_token != at) return std::string_view{};
  if (it + 1 != name_annotations_.end() && it[1].next_token == at) {
    return std::unexpected(
        error_at(cursor_.source().text, it[1].offset, "@name annotation: multiple names for one item"));
  }
  it->used = true;
  return std::string_view(it->name);
}

Result<> ModuleParser::check_annotations_used() {
  for (const NameAnnotation& annotation : name_annotations_) {
    if (!annotation.used) {
      return std::unexpected(error_at(cursor_.source().text, annotation.offset, "misplaced @name annotation"));
    }
  }
  for (const BranchHint& hint : hints_) {
    if (!hint.used) {
      return std::unexpected(error_at(cursor_.source().text, hint.offset,
                                      "@metadata.code.branch_hint annotation: not in front of an instruction"));
    }
  }
  if (hinted_functions_ > 0) {
    CustomSection section{
        .place = 2 * static_cast<uint32_t>(Section::Code), .name = std::string(kBranchHint), .bytes = {}};
    ByteWriter bytes;
    bytes.uleb(hinted_functions_);
    bytes.append(hint_bytes_.view());
    section.bytes = text_of(bytes.view());
    customs_.push_back(std::move(section));
  }
  for (const Annotation& annotation : annotations_) {
    if (!std::ranges::binary_search(field_starts_, annotation.next_token)) {
      return std::unexpected(error_at(cursor_.source().text, annotation.offset, "misplaced @custom annotation"));
    }
    TRY(read_custom(annotation));
  }
  return {};
}

// `(@metadata.code.branch_hint "\00")` or `"\01"`
Result<> ModuleParser::read_hint(const Annotation& annotation) {
  auto error = [&](std::string_view message) {
    return std::unexpected(error_at(cursor_.source().text, annotation.offset,
                                    fmt::format("@metadata.code.branch_hint annotation: {}", message)));
  };
  if (!hints_.empty() && hints_.back().next_token == annotation.next_token) return error("duplicate annotation");
  Cursor in(cursor_.source(), TRY(lex_annotation(cursor_.source(), annotation)).tokens);
  in.next();  // its id
  std::string bytes;
  while (in.at(TokenKind::String)) append_string(in.text(in.next()), bytes);
  if (!in.at_end()) return error("unexpected token");
  if (bytes != std::string_view("\0", 1) && bytes != "\1") return error("the hint has to be \"\\00\" or \"\\01\"");
  hints_.push_back({annotation.next_token, annotation.offset, static_cast<uint8_t>(bytes[0]), false});
  return {};
}

Result<> ModuleParser::take_hint(size_t position, wasm::Op op, Frame& frame) {
  while (next_hint_ < hints_.size() && hints_[next_hint_].next_token < position) ++next_hint_;
  if (next_hint_ == hints_.size() || hints_[next_hint_].next_token != position) return {};
  BranchHint& hint = hints_[next_hint_];
  hint.used = true;
  if (op != wasm::Op::If && op != wasm::Op::BrIf) {
    return std::unexpected(error_at(cursor_.source().text, hint.offset,
                                    "@metadata.code.branch_hint annotation: invalid target, expected if or br_if",
                                    ErrorKind::Invalid));
  }
  frame.hint = hint.likely;
  return {};
}

// The instruction of `frame` is about to be written at `offset` of the function's body.
void ModuleParser::place_hint(const Frame& frame, size_t offset) {
  if (!frame.hint) return;
  ++function_hint_count_;
  function_hints_.uleb(offset);
  function_hints_.uleb(1);
  function_hints_.u8(*frame.hint);
}

void ModuleParser::end_of_hints(uint32_t function) {
  if (function_hint_count_ == 0) return;
  ++hinted_functions_;
  hint_bytes_.uleb(function);
  hint_bytes_.uleb(function_hint_count_);
  hint_bytes_.append(function_hints_.view());
  function_hint_count_ = 0;
  function_hints_.bytes().clear();
}

// `(@custom "name" place? "bytes"*)`
Result<> ModuleParser::read_custom(const Annotation& annotation) {
  static constexpr std::string_view kSections[kSectionCount] = {"type",      "import", "func",   "table", "memory",
                                                                "tag",       "global", "export", "start", "elem",
                                                                "datacount", "code",   "data"};
  Cursor in(cursor_.source(), TRY(lex_annotation(cursor_.source(), annotation)).tokens);
  in.next();  // its id
  if (!in.at(TokenKind::String)) return std::unexpected(in.error_here("@custom annotation: missing section name"));
  CustomSection custom;
  custom.name = TRY(in.expect_name("a section name"));
  custom.place = kPlaceLast;
  if (in.take(TokenKind::LeftParen)) {
    bool before = in.at_keyword("before");
    if (!before && !in.at_keyword("after")) {
      return std::unexpected(in.error_here("@custom annotation: malformed placement, expected before or after"));
    }
    in.next();
    const auto* section = std::ranges::find(kSections, in.text());
    if (section != std::end(kSections)) {
      custom.place = static_cast<uint32_t>(2 * (section - kSections) + (before ? 0 : 1));
    } else if (before && in.at_keyword("first")) {
      custom.place = kPlaceFirst;
    } else if (!(!before && in.at_keyword("last"))) {
      return std::unexpected(in.error_here("@custom annotation: malformed section kind"));
    }
    in.next();
    TRY(in.expect_right());
  }
  while (in.at(TokenKind::String)) append_string(in.text(in.next()), custom.bytes);
  if (!in.at_end()) return std::unexpected(in.error_here("@custom annotation: unexpected token"));
  customs_.push_back(std::move(custom));
  return {};
}

}  // namespace vitrine::text

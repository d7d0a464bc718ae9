#include "text/wat_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/casts.hpp"
#include "text/wat_module.hpp"

namespace vitrine::text {
namespace {

constexpr std::string_view kSpaceNames[] = {"type",   "function", "table",           "memory",
                                            "global", "tag",      "element segment", "data segment"};

// Binary ids of `Section`s, and of the name section's parts for the index spaces.
constexpr uint8_t kSectionIds[kSectionCount] = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};

void write_section(ByteWriter& to, uint8_t id, std::span<const uint8_t> contents) {
  to.u8(id);
  to.uleb(contents.size());
  to.append(contents);
}

void write_custom(ByteWriter& to, std::string_view name, std::span<const uint8_t> contents) {
  ByteWriter section;
  section.name(name);
  section.append(contents);
  write_section(to, 0, section.view());
}

void write_name_map(ByteWriter& to, std::span<const std::pair<uint32_t, std::string_view>> names) {
  to.uleb(names.size());
  for (auto [index, name] : names) {
    to.uleb(index);
    to.name(name);
  }
}

}  // namespace

Result<std::vector<uint8_t>> parse_wat(std::string_view source, const wasm::Features& features) {
  Source whole(source);
  return ModuleParser(whole, TRY(lex(whole)), features, false).run();
}

Result<std::vector<uint8_t>> parse_wat_in_script(const Source& source, const wasm::Features& features) {
  return ModuleParser(source, TRY(lex(source)), features, true).run();
}

std::string_view space_name(Space space) {
  return kSpaceNames[static_cast<size_t>(space)];
}

ModuleParser::ModuleParser(const Source& source, TokenList list, const wasm::Features& features, bool in_script)
    : cursor_(source, std::move(list.tokens)),
      annotations_(std::move(list.annotations)),
      features_(features),
      in_script_(in_script) {}

Result<std::vector<uint8_t>> ModuleParser::run() {
  TRY(collect_annotations());
  TRY(header());
  TRY(collect_fields());
  types_.reserve(count(Space::Type));
  for (const Field& f : fields_) {
    if (f.kind != FieldKind::Type && f.kind != FieldKind::Rec) continue;
    cursor_.seek(f.position);
    TRY(type_field(f.kind == FieldKind::Rec));
  }
  for (const Field& f : fields_) TRY(field(f));
  TRY(check_annotations_used());
  return assemble();
}

// `(module $name`, or nothing.
Result<> ModuleParser::header() {
  if (!cursor_.take_form("module")) return {};
  if (in_script_) cursor_.take_keyword("definition");
  if (cursor_.at(TokenKind::Id)) module_name_ = cursor_.name_of(cursor_.next());
  if (std::string_view name = TRY(name_annotation()); !name.empty()) module_name_ = name;
  return {};
}

Result<> ModuleParser::collect_fields() {
  bool wrapped = cursor_.position() != 0;
  static constexpr std::pair<std::string_view, FieldKind> kKinds[] = {
      {"func", FieldKind::Func},     {"type", FieldKind::Type},     {"import", FieldKind::Import},
      {"export", FieldKind::Export}, {"global", FieldKind::Global}, {"memory", FieldKind::Memory},
      {"table", FieldKind::Table},   {"data", FieldKind::Data},     {"elem", FieldKind::Elem},
      {"rec", FieldKind::Rec},       {"start", FieldKind::Start},   {"tag", FieldKind::Tag}};
  for (;;) {
    field_starts_.push_back(static_cast<uint32_t>(cursor_.position()));
    if (!cursor_.at(TokenKind::LeftParen)) break;
    const Token& keyword = cursor_.peek(1);
    std::string_view word = cursor_.text(keyword);
    const auto* kind = std::ranges::find(kKinds, word, &std::pair<std::string_view, FieldKind>::first);
    if (keyword.kind != TokenKind::Keyword || kind == std::end(kKinds)) {
      cursor_.next();
      return std::unexpected(cursor_.unexpected("a module field"));
    }
    cursor_.next();
    cursor_.next();
    fields_.push_back({kind->second, static_cast<uint32_t>(cursor_.position())});
    TRY(collect_field(keyword, kind->second));
    TRY(cursor_.skip_to_close());
  }
  if (wrapped) {
    if (cursor_.at_end()) {
      return std::unexpected(cursor_.error(cursor_.tokens()[0], "unclosed parenthesis"));
    }
    TRY(cursor_.expect_right());
  }
  if (!cursor_.at_end()) {
    return std::unexpected(cursor_.unexpected(wrapped ? "the end of the text behind the module" : "a module field"));
  }
  return {};
}

Result<> ModuleParser::collect_field(const Token& keyword, FieldKind kind) {
  // A definition, unless it turns out to be an inline import; imports are refused behind the first definition.
  auto definition = [&](Space space, const char* what) -> Result<> {
    TRY(bind(space));
    if (!looks_like_inline_import()) {
      if (!defined_) defined_ = what;
    } else if (defined_) {
      return std::unexpected(cursor_.error(keyword, fmt::format("import after {} definition", defined_)));
    }
    return {};
  };
  switch (kind) {
    case FieldKind::Type:
      return bind(Space::Type);
    case FieldKind::Rec:
      return collect_rec();
    case FieldKind::Import:
      return collect_import(keyword);
    case FieldKind::Func:
      return definition(Space::Func, "function");
    case FieldKind::Global:
      return definition(Space::Global, "global");
    case FieldKind::Tag:
      return definition(Space::Tag, "tag");
    case FieldKind::Table:
      TRY(definition(Space::Table, "table"));
      if (looks_like_inline_segment("elem")) ++counts_[static_cast<size_t>(Space::Elem)];
      return {};
    case FieldKind::Memory:
      TRY(definition(Space::Memory, "memory"));
      if (looks_like_inline_segment("data")) ++counts_[static_cast<size_t>(Space::Data)];
      return {};
    case FieldKind::Elem:
      return bind(Space::Elem);
    case FieldKind::Data:
      return bind(Space::Data);
    case FieldKind::Export:
    case FieldKind::Start:
      return {};
  }
  return {};
}

Result<> ModuleParser::collect_rec() {
  while (cursor_.at(TokenKind::LeftParen)) {
    cursor_.next();
    TRY(cursor_.expect_keyword("type"));
    TRY(bind(Space::Type));
    TRY(cursor_.skip_to_close());
  }
  return {};
}

Result<> ModuleParser::collect_import(const Token& keyword) {
  if (defined_) return std::unexpected(cursor_.error(keyword, fmt::format("import after {} definition", defined_)));
  TRY(cursor_.expect(TokenKind::String, "the name of a module"));
  TRY(cursor_.expect(TokenKind::String, "the name of an import"));
  TRY(cursor_.expect_left());
  static constexpr std::pair<std::string_view, Space> kKinds[] = {{"func", Space::Func},
                                                                  {"table", Space::Table},
                                                                  {"memory", Space::Memory},
                                                                  {"global", Space::Global},
                                                                  {"tag", Space::Tag}};
  for (auto [word, space] : kKinds) {
    if (!cursor_.take_keyword(word)) continue;
    TRY(bind(space));
    return cursor_.skip_to_close();
  }
  return std::unexpected(cursor_.unexpected("func, table, memory, global or tag"));
}

// These two look ahead from behind a field's identifier; what they step over is read and checked later.
bool ModuleParser::looks_like_inline_import() {
  size_t at = cursor_.position();
  while (cursor_.take_form("export")) {
    if (!cursor_.skip_to_close()) break;
  }
  bool found = cursor_.at_form("import");
  cursor_.seek(at);
  return found;
}

bool ModuleParser::looks_like_inline_segment(std::string_view form) {
  size_t at = cursor_.position();
  bool found = false;
  for (;;) {
    if (cursor_.at_form(form)) {
      found = true;
      break;
    }
    if (cursor_.at(TokenKind::LeftParen)) {
      cursor_.next();
      if (!cursor_.skip_to_close()) break;
    } else if (!cursor_.take(TokenKind::Keyword)) {
      break;
    }
  }
  cursor_.seek(at);
  return found;
}

// Gives the next index of a space to a field, and the identifier at the cursor (if any) to that index.
Result<> ModuleParser::bind(Space space) {
  auto s = static_cast<size_t>(space);
  uint32_t index = counts_[s]++;
  std::string_view name;
  if (cursor_.at(TokenKind::Id)) {
    const Token& id = cursor_.next();
    name = cursor_.name_of(id);
    if (names_[s].set(name, index) != NameTable::kNone) {
      return std::unexpected(cursor_.error(id, fmt::format("duplicate {} ${}", space_name(space), name)));
    }
  }
  if (std::string_view annotated = TRY(name_annotation()); !annotated.empty()) name = annotated;
  if (!name.empty()) bound_[s].emplace_back(index, name);
  return {};
}

Result<uint32_t> ModuleParser::index(Space space) {
  if (cursor_.at(TokenKind::Id)) {
    const Token& id = cursor_.next();
    std::string_view name = cursor_.name_of(id);
    uint32_t index = names_[static_cast<size_t>(space)].find(name);
    if (index == NameTable::kNone) {
      return std::unexpected(cursor_.error(id, fmt::format("unknown {} ${}", space_name(space), name)));
    }
    return index;
  }
  if (!cursor_.at(TokenKind::Nat)) {
    return std::unexpected(cursor_.unexpected(fmt::format("the index of a {}", space_name(space))));
  }
  return static_cast<uint32_t>(TRY(cursor_.expect_nat(0xffff'ffff, "index")));
}

Result<uint32_t> ModuleParser::optional_index(Space space) {
  if (!cursor_.at_index()) return 0;
  return index(space);
}

std::vector<uint8_t> ModuleParser::assemble() {
  section_counts_[static_cast<size_t>(Section::Type)] = explicit_groups_ + implicit_types_;
  size_t size = 64;
  for (const ByteWriter& s : sections_) size += s.size();
  ByteWriter out;
  out.bytes().reserve(size);
  out.raw("\0asm\1\0\0\0", 8);
  auto customs_at = [&](uint32_t place) {
    for (const CustomSection& c : customs_) {
      if (c.place != place) continue;
      write_custom(out, c.name, bytes_of(c.bytes));
    }
  };
  customs_at(kPlaceFirst);
  for (size_t s = 0; s < kSectionCount; ++s) {
    customs_at(static_cast<uint32_t>(2 * s));
    ByteWriter count;
    bool present = section_counts_[s] > 0;
    switch (static_cast<Section>(s)) {
      case Section::Start:
        present = has_start_;
        break;
      case Section::DataCount:
        present = needs_data_count_;
        count.uleb(section_counts_[static_cast<size_t>(Section::Data)]);
        break;
      default:
        count.uleb(section_counts_[s]);
    }
    if (present) {
      out.u8(kSectionIds[s]);
      out.uleb(count.size() + sections_[s].size());
      out.append(count.view());
      out.append(sections_[s].view());
      sections_[s] = ByteWriter();  // two copies of a big code section are enough
    }
    customs_at(static_cast<uint32_t>(2 * s + 1));
  }
  write_name_section(out);
  customs_at(kPlaceLast);
  return out.take();
}

// spec: appendix/custom, name section; the parts beyond functions, locals, types, fields and tags are those of the
// extended-name-section proposal, which tools know.
void ModuleParser::write_name_section(ByteWriter& to) {
  ByteWriter contents;
  auto part = [&](uint8_t id, Space space) {
    const auto& names = bound_[static_cast<size_t>(space)];
    if (names.empty()) return;
    ByteWriter map;
    write_name_map(map, names);
    write_section(contents, id, map.view());
  };
  if (!module_name_.empty()) {
    ByteWriter name;
    name.name(module_name_);
    write_section(contents, 0, name.view());
  }
  part(1, Space::Func);
  if (functions_with_local_names_ > 0) {
    ByteWriter locals;
    locals.uleb(functions_with_local_names_);
    locals.append(local_name_bytes_.view());
    write_section(contents, 2, locals.view());
  }
  part(4, Space::Type);
  part(5, Space::Table);
  part(6, Space::Memory);
  part(7, Space::Global);
  part(8, Space::Elem);
  part(9, Space::Data);
  if (!bound_fields_.empty()) {
    ByteWriter fields;
    fields.uleb(bound_fields_.size());
    for (const auto& [type, names] : bound_fields_) {
      fields.uleb(type);
      write_name_map(fields, names);
    }
    write_section(contents, 10, fields.view());
  }
  part(11, Space::Tag);
  if (contents.size() > 0) write_custom(to, "name", contents.view());
}

}  // namespace vitrine::text

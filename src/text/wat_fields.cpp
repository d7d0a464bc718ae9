// Fields of a module in text form, each into its section. See wat_module.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "text/wat_module.hpp"

namespace vitrine::text {
namespace {

// External kinds, in imports and exports. spec: binary/modules
constexpr uint8_t kFuncKind = 0, kTableKind = 1, kMemoryKind = 2, kGlobalKind = 3, kTagKind = 4;

constexpr uint8_t kEnd = 0x0b;
constexpr uint8_t kI32Const = 0x41, kI64Const = 0x42;
constexpr uint8_t kFuncRef = 0x70;
constexpr uint64_t kPageSize = 65'536;

}  // namespace

Result<> ModuleParser::field(const Field& field) {
  cursor_.seek(field.position);
  auto next_index = [&](Space space) { return next_[static_cast<size_t>(space)]++; };
  switch (field.kind) {
    case FieldKind::Type:
    case FieldKind::Rec:
      return {};
    case FieldKind::Import:
      TRY(import_field());
      break;
    case FieldKind::Func:
      TRY(func_field(next_index(Space::Func)));
      break;
    case FieldKind::Global:
      TRY(global_field(next_index(Space::Global)));
      break;
    case FieldKind::Memory:
      TRY(memory_field(next_index(Space::Memory)));
      break;
    case FieldKind::Table:
      TRY(table_field(next_index(Space::Table)));
      break;
    case FieldKind::Tag:
      TRY(tag_field(next_index(Space::Tag)));
      break;
    case FieldKind::Export:
      TRY(export_field());
      break;
    case FieldKind::Start:
      TRY(start_field());
      break;
    case FieldKind::Elem:
      TRY(elem_field());
      break;
    case FieldKind::Data:
      TRY(data_field());
      break;
  }
  return cursor_.expect_right();
}

// Identifiers were bound when fields were collected.
void ModuleParser::skip_binding() {
  cursor_.take(TokenKind::Id);
}

// -- imports and exports

Result<> ModuleParser::import_field() {
  std::string module = TRY(cursor_.expect_name("the name of a module"));
  std::string name = TRY(cursor_.expect_name("the name of an import"));
  ByteWriter& to = add_to(Section::Import);
  to.name(module);
  to.name(name);
  TRY(cursor_.expect_left());
  static constexpr std::pair<std::string_view, Space> kKinds[] = {{"func", Space::Func},
                                                                  {"table", Space::Table},
                                                                  {"memory", Space::Memory},
                                                                  {"global", Space::Global},
                                                                  {"tag", Space::Tag}};
  for (uint8_t kind = 0; kind < std::size(kKinds); ++kind) {
    if (!cursor_.take_keyword(kKinds[kind].first)) continue;
    ++next_[static_cast<size_t>(kKinds[kind].second)];
    skip_binding();
    to.u8(kind);
    TRY(external_type(kind, to));
    return cursor_.expect_right();
  }
  return std::unexpected(cursor_.unexpected("func, table, memory, global or tag"));
}

Result<> ModuleParser::external_type(uint8_t kind, ByteWriter& to) {
  switch (kind) {
    case kFuncKind:
      if (cursor_.take_form("exact")) {  // custom descriptors: the import's type is no subtype of the one named
        to.bytes().back() = 0x20;
        to.uleb(TRY(type_use(ParamNames::Allowed)));
        return cursor_.expect_right();
      }
      to.uleb(TRY(type_use(ParamNames::Allowed)));
      return {};
    case kTableKind:
      return table_type(to);
    case kMemoryKind:
      return memory_type(to);
    case kGlobalKind:
      return global_type(to);
    default:
      to.u8(0);
      to.uleb(TRY(type_use(ParamNames::Allowed)));
      return {};
  }
}

Result<bool> ModuleParser::inline_import(uint8_t kind) {
  if (!cursor_.take_form("import")) return false;
  std::string module = TRY(cursor_.expect_name("the name of a module"));
  std::string name = TRY(cursor_.expect_name("the name of an import"));
  TRY(cursor_.expect_right());
  ByteWriter& to = add_to(Section::Import);
  to.name(module);
  to.name(name);
  to.u8(kind);
  TRY(external_type(kind, to));
  return true;
}

Result<> ModuleParser::inline_exports(Space space, uint32_t index) {
  uint8_t kind = 0;
  switch (space) {
    case Space::Table:
      kind = kTableKind;
      break;
    case Space::Memory:
      kind = kMemoryKind;
      break;
    case Space::Global:
      kind = kGlobalKind;
      break;
    case Space::Tag:
      kind = kTagKind;
      break;
    default:
      kind = kFuncKind;
  }
  while (cursor_.take_form("export")) {
    std::string name = TRY(cursor_.expect_name("the name of an export"));
    TRY(cursor_.expect_right());
    ByteWriter& to = add_to(Section::Export);
    to.name(name);
    to.u8(kind);
    to.uleb(index);
  }
  return {};
}

Result<> ModuleParser::export_field() {
  std::string name = TRY(cursor_.expect_name("the name of an export"));
  ByteWriter& to = add_to(Section::Export);
  to.name(name);
  TRY(cursor_.expect_left());
  static constexpr std::pair<std::string_view, Space> kKinds[] = {{"func", Space::Func},
                                                                  {"table", Space::Table},
                                                                  {"memory", Space::Memory},
                                                                  {"global", Space::Global},
                                                                  {"tag", Space::Tag}};
  for (uint8_t kind = 0; kind < std::size(kKinds); ++kind) {
    if (!cursor_.take_keyword(kKinds[kind].first)) continue;
    to.u8(kind);
    to.uleb(TRY(index(kKinds[kind].second)));
    return cursor_.expect_right();
  }
  return std::unexpected(cursor_.unexpected("func, table, memory, global or tag"));
}

Result<> ModuleParser::start_field() {
  if (has_start_) return std::unexpected(cursor_.error_here("multiple start sections"));
  has_start_ = true;
  section(Section::Start).uleb(TRY(index(Space::Func)));
  return {};
}

// -- functions

Result<> ModuleParser::func_field(uint32_t index) {
  skip_binding();
  TRY(inline_exports(Space::Func, index));
  if (TRY(inline_import(kFuncKind))) return {};
  uint32_t type = TRY(type_use(ParamNames::Allowed));
  add_to(Section::Func).uleb(type);
  return func_body(index, type);
}

// Locals and instructions; the parameters are in signature_, and bound.
Result<> ModuleParser::func_body(uint32_t index, uint32_t type) {
  local_names_.clear();
  auto note_name = [&](uint32_t local, std::string_view name, std::string_view annotated) {
    if (!annotated.empty()) name = annotated;
    if (!name.empty()) local_names_.emplace_back(local, name);
  };

  // A type use without inline parameters still has those of its type.
  bool declared = signature_.param_count > 0 || signature_.result_count > 0;
  uint32_t next_local = signature_.param_count;
  if (!declared && type < types_.size()) next_local = types_[type].param_count;
  for (size_t i = 0; i < std::max(signature_.names.size(), signature_.annotated.size()); ++i) {
    note_name(static_cast<uint32_t>(i), i < signature_.names.size() ? signature_.names[i].first : std::string_view{},
              i < signature_.annotated.size() ? signature_.annotated[i] : std::string_view{});
  }

  // Runs of locals of one type are one entry.
  ByteWriter entries, type_bytes, run_type;
  uint32_t entry_count = 0, run = 0;
  auto end_run = [&] {
    if (run == 0) return;
    entries.uleb(run);
    entries.append(run_type.view());
    ++entry_count;
    run = 0;
  };
  auto add_local = [&]() -> Result<> {
    type_bytes.bytes().clear();
    TRY(value_type(type_bytes));
    if (type_bytes.bytes() != run_type.bytes()) {
      end_run();
      std::swap(type_bytes, run_type);
    }
    ++run;
    ++next_local;
    return {};
  };
  while (cursor_.take_form("local")) {
    if (cursor_.at(TokenKind::Id)) {
      const Token& id = cursor_.next();
      std::string_view name = cursor_.name_of(id);
      if (locals_.set(name, next_local) != NameTable::kNone) {
        return std::unexpected(cursor_.error(id, fmt::format("duplicate local ${}", name)));
      }
      note_name(next_local, name, TRY(name_annotation()));
      TRY(add_local());
    } else {
      note_name(next_local, {}, TRY(name_annotation()));
      while (!cursor_.at(TokenKind::RightParen)) TRY(add_local());
    }
    TRY(cursor_.expect_right());
  }
  end_run();

  body_.bytes().clear();
  body_.uleb(entry_count);
  body_.append(entries.view());
  TRY(instructions(body_, Extent::UntilClose));
  body_.u8(kEnd);
  ByteWriter& to = add_to(Section::Code);
  to.uleb(body_.size());
  to.append(body_.view());
  end_of_hints(index);

  if (!local_names_.empty()) {
    ++functions_with_local_names_;
    local_name_bytes_.uleb(index);
    local_name_bytes_.uleb(local_names_.size());
    for (auto [local, name] : local_names_) {
      local_name_bytes_.uleb(local);
      local_name_bytes_.name(name);
    }
  }
  return {};
}

// -- tables, memories, globals, tags

// `(table $t i64? reftype (elem ...))` is a table just as large as its segment, which begins at 0.
Result<> ModuleParser::table_field(uint32_t index) {
  skip_binding();
  TRY(inline_exports(Space::Table, index));
  if (TRY(inline_import(kTableKind))) return {};

  size_t at = cursor_.position();
  uint8_t flags = TRY(address_type());
  if (cursor_.take_keyword("shared")) flags |= 2;
  if (!at_reference_type()) {
    cursor_.seek(at);
    ByteWriter type;
    TRY(table_type(type));
    ByteWriter& to = add_to(Section::Table);
    if (cursor_.at(TokenKind::RightParen)) {
      to.append(type.view());
      return {};
    }
    to.u8(0x40);  // a table with an initial value
    to.u8(0x00);
    to.append(type.view());
    return constant_expression(to);
  }

  ByteWriter type;
  TRY(reference_type(type));
  if (!cursor_.take_form("elem")) return std::unexpected(cursor_.unexpected("(elem ...)"));
  bool is_funcref = type.size() == 1 && type.bytes()[0] == kFuncRef;
  ByteWriter entries, element_type;
  bool expressions = false;
  if (cursor_.take_keyword("func")) {
    TRY(function_indices(entries));
  } else if (at_reference_type()) {
    expressions = true;
    TRY(reference_type(element_type));
    TRY(element_expressions(entries));
  } else if (cursor_.at(TokenKind::LeftParen)) {
    expressions = true;
    element_type = type;
    TRY(element_expressions(entries));
  } else if (is_funcref) {
    TRY(function_indices(entries));
  } else {
    // Function indices as elements of a more particular type: that type needs the form with expressions.
    ByteWriter list;
    expressions = true;
    element_type = type;
    uint32_t count = 0;
    while (cursor_.at_index()) {
      list.u8(0xd2);  // ref.func
      list.uleb(TRY(this->index(Space::Func)));
      list.u8(kEnd);
      ++count;
    }
    entries.uleb(count);
    entries.append(list.view());
  }
  TRY(cursor_.expect_right());

  // The count leads the entries; it is the table's size as well.
  uint64_t size = 0;
  for (size_t i = 0, shift = 0;; ++i, shift += 7) {
    uint8_t byte = entries.bytes()[i];
    size |= uint64_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) break;
  }
  ByteWriter& table = add_to(Section::Table);
  table.append(type.view());
  table.u8(flags | 1);
  table.uleb(size);
  table.uleb(size);

  ByteWriter& elem = add_to(Section::Elem);
  ++next_[static_cast<size_t>(Space::Elem)];
  bool element_funcref = element_type.size() == 1 && element_type.bytes()[0] == kFuncRef;
  bool short_form = index == 0 && (!expressions || element_funcref);
  elem.uleb((expressions ? 4u : 0u) | (short_form ? 0u : 2u));
  if (!short_form) elem.uleb(index);
  elem.u8(flags & 4 ? kI64Const : kI32Const);
  elem.u8(0);
  elem.u8(kEnd);
  if (!short_form && expressions) elem.append(element_type.view());
  if (!short_form && !expressions) elem.u8(0);  // element kind: functions
  elem.append(entries.view());
  return {};
}

// `(memory $m i64? (data ...))` is as many pages as its data needs, which begins at 0.
Result<> ModuleParser::memory_field(uint32_t index) {
  skip_binding();
  TRY(inline_exports(Space::Memory, index));
  if (TRY(inline_import(kMemoryKind))) return {};

  size_t at = cursor_.position();
  uint8_t flags = TRY(address_type());
  uint64_t page_size = kPageSize;
  if (cursor_.take_form("pagesize")) {
    page_size = TRY(cursor_.expect_nat(~uint64_t{0}, "a page size"));
    if (!std::has_single_bit(page_size)) {
      return std::unexpected(cursor_.error_here("invalid custom page size: it has to be a power of two"));
    }
    TRY(cursor_.expect_right());
    flags |= 8;
  }
  if (!cursor_.take_form("data")) {
    cursor_.seek(at);
    return memory_type(add_to(Section::Memory));
  }
  std::string bytes;
  TRY(data_string(bytes));
  TRY(cursor_.expect_right());
  uint64_t pages = bytes.size() / page_size + (bytes.size() % page_size != 0);
  ByteWriter& memory = add_to(Section::Memory);
  memory.u8(flags | 1);
  memory.uleb(pages);
  memory.uleb(pages);
  if (flags & 8) memory.uleb(static_cast<unsigned>(std::countr_zero(page_size)));

  ByteWriter& data = add_to(Section::Data);
  ++next_[static_cast<size_t>(Space::Data)];
  data.uleb(index == 0 ? 0 : 2);
  if (index != 0) data.uleb(index);
  data.u8(flags & 4 ? kI64Const : kI32Const);
  data.u8(0);
  data.u8(kEnd);
  data.name(bytes);
  return {};
}

Result<> ModuleParser::global_field(uint32_t index) {
  skip_binding();
  TRY(inline_exports(Space::Global, index));
  if (TRY(inline_import(kGlobalKind))) return {};
  ByteWriter& to = add_to(Section::Global);
  TRY(global_type(to));
  return constant_expression(to);
}

Result<> ModuleParser::tag_field(uint32_t index) {
  skip_binding();
  TRY(inline_exports(Space::Tag, index));
  if (TRY(inline_import(kTagKind))) return {};
  uint32_t type = TRY(type_use(ParamNames::Allowed));
  ByteWriter& to = add_to(Section::Tag);
  to.u8(0);
  to.uleb(type);
  return {};
}

// -- segments

Result<> ModuleParser::constant_expression(ByteWriter& to) {
  TRY(instructions(to, Extent::UntilClose));
  to.u8(kEnd);
  return {};
}

// `(offset instr*)` or one folded instruction.
Result<> ModuleParser::offset_expression(ByteWriter& to) {
  if (cursor_.take_form("offset")) {
    TRY(constant_expression(to));
    return cursor_.expect_right();
  }
  TRY(instructions(to, Extent::OneFolded));
  to.u8(kEnd);
  return {};
}

// `(item instr*)` or one folded instruction each, with their number in front.
Result<> ModuleParser::element_expressions(ByteWriter& to) {
  ByteWriter list;
  uint32_t count = 0;
  while (cursor_.at(TokenKind::LeftParen)) {
    if (cursor_.take_form("item")) {
      TRY(constant_expression(list));
      TRY(cursor_.expect_right());
    } else {
      TRY(instructions(list, Extent::OneFolded));
      list.u8(kEnd);
    }
    ++count;
  }
  to.uleb(count);
  to.append(list.view());
  return {};
}

Result<> ModuleParser::function_indices(ByteWriter& to) {
  ByteWriter list;
  uint32_t count = 0;
  while (cursor_.at_index()) {
    list.uleb(TRY(index(Space::Func)));
    ++count;
  }
  to.uleb(count);
  to.append(list.view());
  return {};
}

// spec: text/modules, element segments; binary/modules has the eight forms. Bit 0 of the flags: not active; bit 1:
// explicit table, or declarative; bit 2: expressions.
Result<> ModuleParser::elem_field() {
  skip_binding();
  ++next_[static_cast<size_t>(Space::Elem)];
  bool declarative = cursor_.take_keyword("declare");
  bool active = false, table_named = false;
  uint32_t table = 0;
  ByteWriter offset;
  if (!declarative && cursor_.at(TokenKind::LeftParen) && !at_reference_type()) {
    active = true;
    if (cursor_.take_form("table")) {
      table_named = true;
      table = TRY(index(Space::Table));
      TRY(cursor_.expect_right());
    }
    TRY(offset_expression(offset));
  } else if (!declarative && cursor_.at(TokenKind::Nat) && cursor_.peek(1).kind == TokenKind::LeftParen) {
    active = true;  // the form of 1.0, `(elem 0 (i32.const 1) $f)`, which old text still has
    table = TRY(index(Space::Table));
    TRY(offset_expression(offset));
  }

  ByteWriter entries, type;
  bool expressions = false;
  if (cursor_.take_keyword("func")) {
    TRY(function_indices(entries));
  } else if (at_reference_type()) {
    expressions = true;
    TRY(reference_type(type));
    TRY(element_expressions(entries));
  } else if (active && !table_named) {
    TRY(function_indices(entries));
  } else {
    return std::unexpected(cursor_.unexpected("func or a reference type"));
  }

  ByteWriter& to = add_to(Section::Elem);
  bool is_funcref = type.size() == 1 && type.bytes()[0] == kFuncRef;
  bool short_form = active && table == 0 && (!expressions || is_funcref);
  uint32_t flags = (active ? 0u : 1u) | (expressions ? 4u : 0u) | (declarative || (active && !short_form) ? 2u : 0u);
  to.uleb(flags);
  if (active && !short_form) to.uleb(table);
  to.append(offset.view());
  if (!short_form) {
    if (expressions) {
      to.append(type.view());
    } else {
      to.u8(0);  // element kind: functions
    }
  }
  to.append(entries.view());
  return {};
}

Result<> ModuleParser::data_field() {
  skip_binding();
  ++next_[static_cast<size_t>(Space::Data)];
  bool old_form = cursor_.at(TokenKind::Nat);  // of 1.0: `(data 0 (i32.const 1) "...")`
  bool active = old_form || cursor_.at(TokenKind::LeftParen);
  uint32_t memory = 0;
  ByteWriter offset;
  if (active) {
    if (old_form) {
      memory = TRY(index(Space::Memory));
    } else if (cursor_.take_form("memory")) {
      memory = TRY(index(Space::Memory));
      TRY(cursor_.expect_right());
    }
    TRY(offset_expression(offset));
  }
  std::string bytes;
  TRY(data_string(bytes));
  ByteWriter& to = add_to(Section::Data);
  to.uleb(!active ? 1 : memory == 0 ? 0 : 2);
  if (active && memory != 0) to.uleb(memory);
  to.append(offset.view());
  to.name(bytes);
  return {};
}

Result<> ModuleParser::data_string(std::string& to) {
  while (cursor_.at(TokenKind::String)) append_string(cursor_.text(cursor_.next()), to);
  return {};
}

}  // namespace vitrine::text

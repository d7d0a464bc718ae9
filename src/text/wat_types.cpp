// Types, type definitions and type uses of the text format. See wat_module.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/casts.hpp"
#include "text/number.hpp"
#include "text/wat_module.hpp"

namespace vitrine::text {
namespace {

struct TypeWord {
  std::string_view word;
  uint8_t code;
};

// spec: binary/types. Words for abstract heap types, and for nullable references to them.
constexpr TypeWord kHeapTypes[] = {{"func", 0x70}, {"extern", 0x6f},   {"any", 0x6e},    {"eq", 0x6d},
                                   {"i31", 0x6c},  {"struct", 0x6b},   {"array", 0x6a},  {"exn", 0x69},
                                   {"none", 0x71}, {"noextern", 0x72}, {"nofunc", 0x73}, {"noexn", 0x74},
                                   {"cont", 0x68}, {"nocont", 0x75}};
constexpr TypeWord kReferenceTypes[] = {
    {"funcref", 0x70},     {"externref", 0x6f},  {"anyref", 0x6e},  {"eqref", 0x6d},      {"i31ref", 0x6c},
    {"structref", 0x6b},   {"arrayref", 0x6a},   {"exnref", 0x69},  {"nullref", 0x71},    {"nullexternref", 0x72},
    {"nullfuncref", 0x73}, {"nullexnref", 0x74}, {"contref", 0x68}, {"nullcontref", 0x75}};
constexpr TypeWord kNumberTypes[] = {{"i32", 0x7f}, {"i64", 0x7e}, {"f32", 0x7d}, {"f64", 0x7c}, {"v128", 0x7b}};

constexpr uint8_t kRefNull = 0x63, kRef = 0x64, kShared = 0x65, kExact = 0x62;
constexpr uint8_t kFunc = 0x60, kStruct = 0x5f, kArray = 0x5e, kCont = 0x5d;
constexpr uint8_t kSub = 0x50, kSubFinal = 0x4f, kRec = 0x4e, kDescriptor = 0x4d, kDescribes = 0x4c;
constexpr uint8_t kI8 = 0x78, kI16 = 0x77;

const TypeWord* find(std::span<const TypeWord> words, std::string_view word) {
  auto it = std::ranges::find(words, word, &TypeWord::word);
  return it == words.end() ? nullptr : &*it;
}

}  // namespace

// `type` or `rec`, whose keyword has been passed.
Result<> ModuleParser::type_field(bool rec) {
  auto first = static_cast<uint32_t>(types_.size());
  ByteWriter& to = section(Section::Type);
  ++explicit_groups_;
  if (!rec) {
    types_.emplace_back();
    return type_definition(first, to, true);
  }
  // Definitions of the group are counted first: the count stands in front of them.
  uint32_t size = 0;
  size_t at = cursor_.position();
  while (cursor_.take_form("type")) {
    ++size;
    TRY(cursor_.skip_to_close());
  }
  cursor_.seek(at);
  types_.resize(first + size);
  if (size != 1) {
    to.u8(kRec);
    to.uleb(size);
  }
  for (uint32_t i = 0; i < size; ++i) {
    cursor_.next();
    cursor_.next();
    TRY(type_definition(first + i, to, size == 1));
  }
  return cursor_.expect_right();
}

// From behind `(type` to behind its `)`.
Result<> ModuleParser::type_definition(uint32_t type_index, ByteWriter& to, bool singular) {
  skip_binding();
  if (!cursor_.take_form("sub")) {
    TRY(composite_type(type_index, to, singular));
    return cursor_.expect_right();
  }
  bool final = cursor_.take_keyword("final");
  ByteWriter supertypes;
  uint32_t supertype_count = 0;
  while (cursor_.at_index()) {
    supertypes.uleb(TRY(index(Space::Type)));
    ++supertype_count;
  }
  // `sub final` without supertypes is what a plain definition means, and is encoded like it.
  bool plain = final && supertype_count == 0;
  if (!plain) {
    to.u8(final ? kSubFinal : kSub);
    to.uleb(supertype_count);
    to.append(supertypes.view());
  }
  TRY(composite_type(type_index, to, singular && plain));
  TRY(cursor_.expect_right());
  return cursor_.expect_right();
}

// `plain_final`: nothing but a final function type would be the definition, so that implicit type uses may mean it.
Result<> ModuleParser::composite_type(uint32_t type_index, ByteWriter& to, bool plain_final) {
  bool shared = cursor_.take_form("shared");
  if (shared) to.u8(kShared);
  for (auto [word, code] : {TypeWord{"describes", kDescribes}, TypeWord{"descriptor", kDescriptor}}) {
    if (!cursor_.take_form(word)) continue;
    to.u8(code);
    to.uleb(TRY(index(Space::Type)));
    TRY(cursor_.expect_right());
    plain_final = false;
  }
  TypeDef& type = types_[type_index];
  if (cursor_.take_form("func")) {
    to.u8(kFunc);
    signature_.clear();
    TRY(signature(signature_, ParamNames::Allowed));
    type.kind = TypeDef::Kind::Func;
    type.param_count = signature_.param_count;
    type.signature = signature_.encode();
    to.raw(type.signature.data(), type.signature.size());
    if (plain_final && !shared && signatures_.find(type.signature) == NameTable::kNone) {
      signatures_.set(signature_texts_.emplace_back(type.signature), type_index);
    }
  } else if (cursor_.take_form("struct")) {
    to.u8(kStruct);
    TRY(struct_fields(type_index, to));
  } else if (cursor_.take_form("array")) {
    to.u8(kArray);
    TRY(field_type(to));
  } else if (cursor_.take_form("cont")) {
    to.u8(kCont);
    to.sleb(TRY(index(Space::Type)));
  } else {
    return std::unexpected(cursor_.unexpected("a type definition: (func ...), (struct ...), (array ...) or (sub ...)"));
  }
  TRY(cursor_.expect_right());
  if (shared) TRY(cursor_.expect_right());
  return {};
}

Result<> ModuleParser::struct_fields(uint32_t type_index, ByteWriter& to) {
  ByteWriter fields;
  uint32_t count = 0;
  std::vector<Name> names;
  while (cursor_.take_form("field")) {
    if (cursor_.at(TokenKind::Id)) {
      const Token& id = cursor_.next();
      std::string_view name = cursor_.name_of(id);
      if (field_names_.set(name, count, type_index) != NameTable::kNone) {
        return std::unexpected(cursor_.error(id, fmt::format("duplicate field ${}", name)));
      }
      if (std::string_view annotated = TRY(name_annotation()); !annotated.empty()) name = annotated;
      names.emplace_back(count++, name);
      TRY(field_type(fields));
    } else {
      std::string_view annotated = TRY(name_annotation());
      if (!annotated.empty()) names.emplace_back(count, annotated);
      while (!cursor_.at(TokenKind::RightParen)) {
        TRY(field_type(fields));
        ++count;
      }
    }
    TRY(cursor_.expect_right());
  }
  to.uleb(count);
  to.append(fields.view());
  if (!names.empty()) bound_fields_.emplace_back(type_index, std::move(names));
  return {};
}

Result<> ModuleParser::field_type(ByteWriter& to) {
  bool mut = cursor_.take_form("mut");
  TRY(storage_type(to));
  if (mut) TRY(cursor_.expect_right());
  to.u8(mut);
  return {};
}

Result<> ModuleParser::storage_type(ByteWriter& to) {
  if (cursor_.take_keyword("i8")) {
    to.u8(kI8);
  } else if (cursor_.take_keyword("i16")) {
    to.u8(kI16);
  } else {
    return value_type(to);
  }
  return {};
}

bool ModuleParser::at_reference_type() const {
  return cursor_.at_form("ref") || cursor_.at_form("shared") ||
         (cursor_.at(TokenKind::Keyword) && find(kReferenceTypes, cursor_.text()));
}

bool ModuleParser::at_value_type() const {
  return at_reference_type() || (cursor_.at(TokenKind::Keyword) && find(kNumberTypes, cursor_.text()));
}

Result<> ModuleParser::value_type(ByteWriter& to) {
  if (cursor_.at(TokenKind::Keyword)) {
    std::string_view word = cursor_.text();
    const TypeWord* type = find(kNumberTypes, word);
    if (!type) type = find(kReferenceTypes, word);
    if (type) {
      cursor_.next();
      to.u8(type->code);
      return {};
    }
  } else if (at_reference_type()) {
    return reference_type(to);
  }
  return std::unexpected(cursor_.unexpected("a value type"));
}

Result<> ModuleParser::reference_type(ByteWriter& to) {
  heap_.bytes().clear();
  bool nullable = TRY(reference_parts(heap_));
  // The short form of a nullable reference to an abstract type is the heap type's own byte (indices are below 0x40 or
  // take more bytes; their sign bit, 0x40, is clear).
  bool abstract = heap_.size() == 1 && (heap_.bytes()[0] & 0x40);
  if (!(nullable && abstract)) to.u8(nullable ? kRefNull : kRef);
  to.append(heap_.view());
  return {};
}

Result<bool> ModuleParser::reference_parts(ByteWriter& heap) {
  if (cursor_.take_form("ref")) {
    bool nullable = cursor_.take_keyword("null");
    TRY(heap_type(heap));
    TRY(cursor_.expect_right());
    return nullable;
  }
  bool shared = cursor_.take_form("shared");  // `(shared funcref)` is `(ref null (shared func))`
  if (shared) heap.u8(kShared);
  if (cursor_.at(TokenKind::Keyword)) {
    if (const TypeWord* type = find(kReferenceTypes, cursor_.text())) {
      cursor_.next();
      heap.u8(type->code);
      if (shared) TRY(cursor_.expect_right());
      return true;
    }
  }
  return std::unexpected(cursor_.unexpected("a reference type"));
}

Result<> ModuleParser::heap_type(ByteWriter& to) {
  if (cursor_.at_index()) {
    to.sleb(TRY(index(Space::Type)));
    return {};
  }
  if (cursor_.take_form("exact")) {
    to.u8(kExact);
    to.uleb(TRY(index(Space::Type)));
    return cursor_.expect_right();
  }
  bool shared = cursor_.take_form("shared");
  if (shared) to.u8(kShared);
  const TypeWord* type = cursor_.at(TokenKind::Keyword) ? find(kHeapTypes, cursor_.text()) : nullptr;
  if (!type) return std::unexpected(cursor_.unexpected("a heap type"));
  cursor_.next();
  to.u8(type->code);
  if (shared) return cursor_.expect_right();
  return {};
}

void ModuleParser::Signature::clear() {
  params.bytes().clear();
  results.bytes().clear();
  param_count = result_count = 0;
  names.clear();
  annotated.clear();
}

std::string ModuleParser::Signature::encode() const {
  ByteWriter out;
  out.uleb(param_count);
  out.append(params.view());
  out.uleb(result_count);
  out.append(results.view());
  return std::string(text_of(out.view()));
}

// `(param ...)* (result ...)*`
Result<> ModuleParser::signature(Signature& to, ParamNames names) {
  while (cursor_.take_form("param")) {
    if (cursor_.at(TokenKind::Id)) {
      if (names == ParamNames::Refused)
        return std::unexpected(cursor_.unexpected("a value type: names bind nothing here"));
      const Token& id = cursor_.next();
      to.names.resize(to.param_count + 1);
      to.names[to.param_count] = {cursor_.name_of(id), &id};
      if (std::string_view name = TRY(name_annotation()); !name.empty()) {
        to.annotated.resize(to.param_count + 1);
        to.annotated[to.param_count] = name;
      }
      TRY(value_type(to.params));
      ++to.param_count;
    } else {
      if (std::string_view name = TRY(name_annotation()); !name.empty()) {
        to.annotated.resize(to.param_count + 1);
        to.annotated[to.param_count] = name;
      }
      while (!cursor_.at(TokenKind::RightParen)) {
        TRY(value_type(to.params));
        ++to.param_count;
      }
    }
    TRY(cursor_.expect_right());
  }
  while (cursor_.take_form("result")) {
    while (!cursor_.at(TokenKind::RightParen)) {
      TRY(value_type(to.results));
      ++to.result_count;
    }
    TRY(cursor_.expect_right());
  }
  return {};
}

// spec: text/types, type uses
Result<uint32_t> ModuleParser::type_use(ParamNames names) {
  signature_.clear();
  const Token* explicit_type = nullptr;
  uint32_t type = 0;
  if (cursor_.take_form("type")) {
    explicit_type = &cursor_.peek();
    type = TRY(index(Space::Type));
    TRY(cursor_.expect_right());
  }
  TRY(signature(signature_, names));
  if (names == ParamNames::Allowed) TRY(bind_params());
  return explicit_type ? checked_type_use(type, *explicit_type) : implicit_type(signature_);
}

// Parameters are the first locals; where there is no body, their names still have to differ.
Result<> ModuleParser::bind_params() {
  locals_.clear();
  for (size_t i = 0; i < signature_.names.size(); ++i) {
    auto [name, id] = signature_.names[i];
    if (id && locals_.set(name, static_cast<uint32_t>(i)) != NameTable::kNone) {
      return std::unexpected(cursor_.error(*id, fmt::format("duplicate local ${}", name)));
    }
  }
  return {};
}

// Inline declarations behind an explicit type have to be that type's.
Result<uint32_t> ModuleParser::checked_type_use(uint32_t type, const Token& at) {
  if (signature_.param_count == 0 && signature_.result_count == 0) return type;
  if (type >= types_.size()) return std::unexpected(cursor_.error(at, fmt::format("unknown type {}", type)));
  if (types_[type].kind != TypeDef::Kind::Func) {
    return std::unexpected(cursor_.error(at, fmt::format("type {} is not a function type", type)));
  }
  if (types_[type].signature != signature_.encode()) {
    return std::unexpected(
        cursor_.error(at, fmt::format("inline function type does not match type {}: its declaration differs", type)));
  }
  return type;
}

uint32_t ModuleParser::implicit_type(const Signature& signature) {
  std::string encoded = signature.encode();
  if (uint32_t type = signatures_.find(encoded); type != NameTable::kNone) return type;
  auto type = static_cast<uint32_t>(types_.size());
  ByteWriter& to = section(Section::Type);
  to.u8(kFunc);
  to.raw(encoded.data(), encoded.size());
  ++implicit_types_;
  signatures_.set(signature_texts_.emplace_back(encoded), type);
  types_.push_back({TypeDef::Kind::Func, signature.param_count, std::move(encoded)});
  return type;
}

// spec: text/instructions, block types: nothing and a single result need no type.
Result<> ModuleParser::block_type(ByteWriter& to) {
  if (cursor_.at_form("type")) {
    to.sleb(TRY(type_use(ParamNames::Refused)));
    return {};
  }
  signature_.clear();
  TRY(signature(signature_, ParamNames::Refused));
  if (signature_.param_count > 0 || signature_.result_count > 1) {
    to.sleb(implicit_type(signature_));
  } else if (signature_.result_count == 1) {
    to.append(signature_.results.view());
  } else {
    to.u8(0x40);
  }
  return {};
}

// The flag of a 64-bit address type, if `i64` is there.
Result<uint8_t> ModuleParser::address_type() {
  if (cursor_.take_keyword("i64")) return 4;
  if (cursor_.take_keyword("i32")) return 0;
  if (cursor_.at_keyword("f32") || cursor_.at_keyword("f64") || cursor_.at_keyword("v128")) {
    return std::unexpected(cursor_.unexpected("an address type: i32 or i64"));
  }
  return 0;
}

Result<> ModuleParser::limits(ByteWriter& to, uint8_t flags, bool is_memory) {
  // Before 64-bit memories, sizes were numbers of 32 bits, and larger ones no text at all.
  uint64_t most = features_.has(wasm::Feature::Memory64) ? ~uint64_t{0} : 0xffff'ffff;
  uint64_t min = TRY(cursor_.expect_nat(most, "a minimum size"));
  uint64_t max = 0;
  if (cursor_.at(TokenKind::Nat)) {
    flags |= 1;
    max = TRY(cursor_.expect_nat(most, "a maximum size"));
  }
  uint64_t page_size = 0;
  if (is_memory && cursor_.take_keyword("shared")) flags |= 2;
  if (is_memory && cursor_.take_form("pagesize")) {
    const Token& at = cursor_.peek();
    page_size = TRY(cursor_.expect_nat(~uint64_t{0}, "a page size"));
    if (!std::has_single_bit(page_size)) {
      return std::unexpected(cursor_.error(at, "invalid custom page size: it has to be a power of two"));
    }
    TRY(cursor_.expect_right());
    flags |= 8;
  }
  to.u8(flags);
  to.uleb(min);
  if (flags & 1) to.uleb(max);
  if (flags & 8) to.uleb(static_cast<unsigned>(std::countr_zero(page_size)));
  return {};
}

Result<> ModuleParser::memory_type(ByteWriter& to) {
  uint8_t flags = TRY(address_type());
  return limits(to, flags, true);
}

Result<> ModuleParser::table_type(ByteWriter& to) {
  uint8_t flags = TRY(address_type());
  if (cursor_.take_keyword("shared")) flags |= 2;
  ByteWriter limits_bytes;
  TRY(limits(limits_bytes, flags, false));
  TRY(reference_type(to));
  to.append(limits_bytes.view());
  return {};
}

Result<> ModuleParser::global_type(ByteWriter& to) {
  uint8_t flags = 0;
  bool form = false;
  if (cursor_.take_form("shared")) {
    flags = 2;
    form = true;
    if (cursor_.take_keyword("mut")) flags |= 1;
  } else if (cursor_.take_form("mut")) {
    flags = 1;
    form = true;
  }
  TRY(value_type(to));
  if (form) TRY(cursor_.expect_right());
  to.u8(flags);
  return {};
}

}  // namespace vitrine::text

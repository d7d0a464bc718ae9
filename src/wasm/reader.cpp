#include "wasm/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wasm/limits.hpp"
#include "wasm/operator_decoder.hpp"

namespace vitrine::wasm {

namespace {

constexpr uint32_t kMagic = 0x6d73'6100;
constexpr uint32_t kVersion = 1;
constexpr uint32_t kComponentVersion = 0x1'000d;

enum SectionId : uint8_t {
  kCustom = 0,
  kType = 1,
  kImport = 2,
  kFunction = 3,
  kTable = 4,
  kMemory = 5,
  kGlobal = 6,
  kExport = 7,
  kStart = 8,
  kElem = 9,
  kCode = 10,
  kData = 11,
  kDataCount = 12,
  kTag = 13
};

struct SectionInfo {
  const char* name;
  uint8_t rank;  // sections stand in this order, each at most once
};
constexpr SectionInfo kSections[] = {
    {"custom", 0}, {"type", 1},  {"import", 2},   {"function", 3}, {"table", 4}, {"memory", 5},      {"global", 7},
    {"export", 8}, {"start", 9}, {"element", 10}, {"code", 12},    {"data", 13}, {"data count", 11}, {"tag", 6},
};

/// One reading of one module. What is malformed latches in the byte reader and ends everything; what is merely invalid
/// is remembered (the first of it) and decoding goes on, because malformed bytes further on would count for more.
class ModuleReader {
 public:
  ModuleReader(std::span<const uint8_t> bytes, Features features, const ReadOptions& options)
      : r_(bytes), features_(features), options_(options), decoder_(module_, features) {
    module_.bytes = bytes;
  }
  Result<Module> read();

 private:
  // Sections; `r` is bounded by the section.
  void section(uint8_t id, ByteReader& r);
  void custom_section(ByteReader& r);
  void type_section(ByteReader& r);
  void import_section(ByteReader& r);
  void function_section(ByteReader& r);
  void table_section(ByteReader& r);
  void memory_section(ByteReader& r);
  void tag_section(ByteReader& r);
  void global_section(ByteReader& r);
  void export_section(ByteReader& r);
  void start_section(ByteReader& r);
  void elem_section(ByteReader& r);
  void data_count_section(ByteReader& r);
  void code_section(ByteReader& r);
  void data_section(ByteReader& r);
  void finish();

  // Parts of sections.
  void rec_group(ByteReader& r);
  void sub_type(ByteReader& r, uint32_t end);
  void composite_type(ByteReader& r, TypeDef& def);
  std::span<const ValType> result_type(ByteReader& r, uint32_t limit, const char* what);
  FieldType field_type(ByteReader& r);
  void check_group(const RecGroup& group, uint32_t at);
  bool is_composite_subtype(const TypeDef& sub, const TypeDef& super) const;
  Limits limits(ByteReader& r, bool is_memory, uint8_t* page_size_log2);
  TableType table_type(ByteReader& r);
  MemoryType memory_type(ByteReader& r);
  GlobalType global_type(ByteReader& r);
  uint32_t tag_type(ByteReader& r);
  void check_limits(const Limits& limits, uint64_t range, const char* message, uint32_t at);
  uint32_t function_type_index(ByteReader& r);
  void elem_segment(ByteReader& r);
  void data_segment(ByteReader& r);

  // Constant expressions.
  ConstExpr const_expr(ByteReader& r, ValType expected, uint32_t visible_globals);
  bool const_operator(ByteReader& r, const Operator& op, uint32_t visible_globals);
  void skip_expr(ByteReader& r, uint32_t depth);
  void const_binary(ByteReader& r, const Operator& op, ValType type);
  ValType pop_const(const Operator& op, ValType expected);

  ValType val_type(ByteReader& r) { return checked(decode_val_type(r, features_), r); }
  ValType ref_type(ByteReader& r) { return checked(decode_ref_type(r, features_), r); }
  ValType checked(ValType type, ByteReader& r);
  bool check_index(uint32_t index, size_t count, const char* space, uint32_t at);
  void declare_function(uint32_t index);
  void invalid(std::string_view message, uint32_t at, ErrorKind kind = ErrorKind::Invalid);

  Module module_;
  ByteReader r_;
  Features features_;
  ReadOptions options_;
  OperatorDecoder decoder_;
  CanonicalTypes canonical_;
  std::optional<Error> invalid_;
  uint8_t last_section_ = 0;
  bool seen_code_ = false;
  std::vector<ValType> types_scratch_;
  std::vector<FieldType> fields_scratch_;
  std::vector<uint32_t> functions_scratch_;
  std::vector<ConstExpr> exprs_scratch_;
  std::vector<ValType> const_stack_;
  bool const_ok_ = true;  // whether the constant expression being read is valid so far
};

Result<Module> ModuleReader::read() {
  if (module_.bytes.size() > kMaxModuleSize) {
    return fail(fmt::format("module of {} bytes is too large, the limit is {}", module_.bytes.size(), kMaxModuleSize),
                ErrorKind::Limit);
  }
  if (r_.word32() != kMagic || !r_.ok()) {
    ByteReader header(module_.bytes);
    header.fail(module_.bytes.size() < 4 ? "unexpected end: magic header not detected" : "magic header not detected",
                0);
    return std::unexpected(header.take_error());
  }
  uint32_t version = r_.word32();
  if (!r_.ok()) return std::unexpected(r_.take_error());
  if (version == kComponentVersion) {
    return fail("it is a component, which this version does not run yet: it runs core modules", ErrorKind::Unsupported);
  }
  if (version != kVersion) {
    r_.fail(fmt::format("unknown binary version {:#x}", version), 4);
    return std::unexpected(r_.take_error());
  }
  uint8_t rank = 0;
  while (r_.ok() && !r_.at_end()) {
    uint32_t at = r_.offset();
    uint8_t id = r_.u8();
    if (id >= std::size(kSections)) {
      r_.fail(fmt::format("malformed section id {}", id), at);
      break;
    }
    uint32_t size = r_.length();
    ByteReader section_reader = r_.sub(size);
    if (!r_.ok()) break;
    if (id != kCustom) {
      if (kSections[id].rank <= rank) {
        r_.fail(fmt::format("unexpected content after last section: {} section out of order", kSections[id].name), at);
        break;
      }
      rank = kSections[id].rank;
      last_section_ = id;
    }
    section(id, section_reader);
    if (section_reader.ok() && !section_reader.at_end()) {
      section_reader.fail(fmt::format("section size mismatch: {} bytes left over in the {} section",
                                      section_reader.remaining(), kSections[id].name));
    }
    r_.fail_with(section_reader);
  }
  if (r_.ok()) finish();
  if (!r_.ok()) return std::unexpected(r_.take_error());
  if (invalid_) return std::unexpected(std::move(*invalid_));
  return std::move(module_);
}

void ModuleReader::section(uint8_t id, ByteReader& r) {
  switch (id) {
    case kCustom:
      return custom_section(r);
    case kType:
      return type_section(r);
    case kImport:
      return import_section(r);
    case kFunction:
      return function_section(r);
    case kTable:
      return table_section(r);
    case kMemory:
      return memory_section(r);
    case kTag:
      return tag_section(r);
    case kGlobal:
      return global_section(r);
    case kExport:
      return export_section(r);
    case kStart:
      return start_section(r);
    case kElem:
      return elem_section(r);
    case kDataCount:
      return data_count_section(r);
    case kCode:
      return code_section(r);
    case kData:
      return data_section(r);
  }
}

/// What can only be told at the end.
void ModuleReader::finish() {
  uint32_t at = r_.offset();
  module_.declared_functions.resize(module_.functions.size());
  size_t defined = module_.functions.size() - module_.imported_functions;
  if (!seen_code_ && options_.declarations_only) module_.code.resize(defined);
  if (module_.code.size() != defined) {
    return r_.fail(
        fmt::format("function and code section have inconsistent lengths ({} and {})", defined, module_.code.size()),
        at);
  }
  if (module_.data_count && *module_.data_count != module_.datas.size()) {
    return r_.fail(fmt::format("data count and data section have inconsistent lengths ({} and {})", *module_.data_count,
                               module_.datas.size()),
                   at);
  }
}

void ModuleReader::invalid(std::string_view message, uint32_t at, ErrorKind kind) {
  if (!invalid_) invalid_.emplace(fmt::format("{}, at offset {:#x}", message, at), kind);
}

bool ModuleReader::check_index(uint32_t index, size_t count, const char* space, uint32_t at) {
  if (index < count) return true;
  invalid(fmt::format("unknown {} {}: there are {}", space, index, count), at);
  return false;
}

/// A type just decoded, or bottom if it names a type that is not there.
ValType ModuleReader::checked(ValType type, ByteReader& r) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return check_index(type.heap().type_index(), module_.types.size(), "type", r.offset()) ? type : ValType();
}

void ModuleReader::declare_function(uint32_t index) {
  if (index >= module_.functions.size()) return;
  module_.declared_functions.resize(module_.functions.size());
  module_.declared_functions[index] = true;
}

// -- custom sections

void ModuleReader::custom_section(ByteReader& r) {
  CustomSection custom;
  custom.name = r.name();
  custom.offset = r.offset();
  custom.bytes = r.bytes(r.remaining());
  custom.after = last_section_;
  module_.customs.push_back(custom);
}

// -- types

void ModuleReader::type_section(ByteReader& r) {
  uint32_t n = r.count(kMaxRecGroups, "types");
  module_.types.reserve(n);
  module_.rec_groups.reserve(n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) rec_group(r);
}

void ModuleReader::rec_group(ByteReader& r) {
  uint32_t at = r.offset();
  uint32_t count = 1;
  if (r.peek() == 0x4e) {
    if (!require_feature(r, features_, Feature::Gc, "recursive type group", at)) return;
    r.u8();
    count = r.count(kMaxRecGroupTypes, "types in a recursion group");
  }
  RecGroup group{static_cast<uint32_t>(module_.types.size()), count};
  if (uint64_t{group.first} + count > kMaxTypes) {
    return r.fail(fmt::format("too many types, the limit is {}", kMaxTypes), at, ErrorKind::Limit);
  }
  for (uint32_t i = 0; i < count && r.ok(); ++i) {
    sub_type(r, group.first + count);
    if (r.ok()) module_.types.back().group = static_cast<uint32_t>(module_.rec_groups.size());
  }
  if (!r.ok()) return;
  module_.rec_groups.push_back(group);
  check_group(group, at);
}

void ModuleReader::sub_type(ByteReader& r, uint32_t end) {
  TypeDef def;
  uint32_t at = r.offset();
  uint8_t byte = r.peek();
  if (byte == 0x50 || byte == 0x4f) {
    if (!require_feature(r, features_, Feature::Gc, "subtype declaration", at)) return;
    r.u8();
    def.is_final = byte == 0x4f;
    uint32_t supers = r.count(kMaxTypes, "supertypes");
    for (uint32_t i = 0; i < supers && r.ok(); ++i) {
      uint32_t super_at = r.offset();
      uint32_t super = r.u32();
      if (check_index(super, end, "type", super_at)) def.supertype = super;
    }
    if (supers > 1) invalid("more than one supertype", at);
  }
  composite_type(r, def);
  if (r.ok()) module_.types.push_back(def);
}

void ModuleReader::composite_type(ByteReader& r, TypeDef& def) {
  uint32_t at = r.offset();
  uint8_t byte = r.u8();
  if (!r.ok()) return;
  switch (byte) {
    case 0x60:
      def.kind = CompositeKind::Func;
      def.func.params = result_type(r, kMaxParams, "parameters");
      def.func.results = result_type(r, kMaxResults, "results");
      if (def.func.results.size() > 1 && !features_.has(Feature::MultiValue)) {
        require_feature(r, features_, Feature::MultiValue, "function type with several results", at);
      }
      return;
    case 0x5f: {
      if (!require_feature(r, features_, Feature::Gc, "struct type", at)) return;
      def.kind = CompositeKind::Struct;
      fields_scratch_.clear();
      uint32_t n = r.count(kMaxStructFields, "fields");
      for (uint32_t i = 0; i < n && r.ok(); ++i) fields_scratch_.push_back(field_type(r));
      def.fields = module_.arena->copy<FieldType>(fields_scratch_);
      return;
    }
    case 0x5e: {
      if (!require_feature(r, features_, Feature::Gc, "array type", at)) return;
      def.kind = CompositeKind::Array;
      FieldType element = field_type(r);
      def.fields = module_.arena->copy<FieldType>({&element, 1});
      return;
    }
    default:
      return r.fail(fmt::format("malformed definition type {:#04x}: integer representation too long or unknown", byte),
                    at);
  }
}

std::span<const ValType> ModuleReader::result_type(ByteReader& r, uint32_t limit, const char* what) {
  types_scratch_.clear();
  uint32_t n = r.count(limit, what);
  // Indices are checked with the whole group, in which they may point forward.
  for (uint32_t i = 0; i < n && r.ok(); ++i) types_scratch_.push_back(decode_val_type(r, features_));
  return module_.arena->copy<ValType>(types_scratch_);
}

FieldType ModuleReader::field_type(ByteReader& r) {
  FieldType field;
  field.storage = decode_storage_type(r, features_);
  uint32_t at = r.offset();
  uint8_t mutability = r.u8();
  if (mutability > 1) r.fail("malformed mutability", at);
  field.is_mutable = mutability == 1;
  return field;
}

/// spec: valid/types, recursive types and sub types.
void ModuleReader::check_group(const RecGroup& group, uint32_t at) {
  bool in_range = true;
  auto check = [&](ValType type) {
    if (type.is_ref() && type.heap().is_concrete()) {
      in_range &= check_index(type.heap().type_index(), group.first + group.count, "type", at);
    }
  };
  for (uint32_t i = 0; i < group.count; ++i) {
    TypeDef& def = module_.types[group.first + i];
    for (ValType type : def.func.params) check(type);
    for (ValType type : def.func.results) check(type);
    for (const FieldType& field : def.fields) check(field.storage);
    if (def.supertype != kNoIndex && def.supertype >= group.first + i) {
      invalid(fmt::format("unknown type {0}: forward use of type {0} in sub type definition", def.supertype), at);
      in_range = false;
    }
  }
  if (!in_range) {
    // Invalid, which is noted; later sections go by indices, so leave nothing in it that would mislead them.
    for (uint32_t i = 0; i < group.count; ++i) {
      TypeDef& def = module_.types[group.first + i];
      TypeDef emptied;
      emptied.kind = def.kind;
      emptied.group = def.group;
      emptied.canonical = group.first + i;
      if (def.kind == CompositeKind::Array)
        emptied.fields = module_.arena->copy<FieldType>(std::array{FieldType{ValType::I32}});
      def = emptied;
    }
    return;
  }
  canonical_.add_group(module_, group);
  for (uint32_t i = 0; i < group.count; ++i) {
    TypeDef& def = module_.types[group.first + i];
    if (def.supertype == kNoIndex) continue;
    const TypeDef& super = module_.types[def.supertype];
    if (super.is_final) {
      invalid(fmt::format("sub type {} has final super type {}", group.first + i, def.supertype), at);
    } else if (!is_composite_subtype(def, super)) {
      invalid(fmt::format("sub type {} does not match super type {}", group.first + i, def.supertype), at);
    }
    if (super.depth >= kMaxSubtypeDepth) {
      r_.fail(fmt::format("subtype hierarchy is too deep, the limit is {}", kMaxSubtypeDepth), at, ErrorKind::Limit);
      return;
    }
    def.depth = static_cast<uint8_t>(super.depth + 1);
  }
}

bool ModuleReader::is_composite_subtype(const TypeDef& sub, const TypeDef& super) const {
  if (sub.kind != super.kind) return false;
  if (sub.kind == CompositeKind::Func) return matches(module_, sub.func, super.func);
  if (sub.fields.size() < super.fields.size()) return false;
  for (size_t i = 0; i < super.fields.size(); ++i) {
    const FieldType &a = sub.fields[i], &b = super.fields[i];
    if (a.is_mutable != b.is_mutable || !matches(module_, a.storage, b.storage)) return false;
    if (a.is_mutable && !matches(module_, b.storage, a.storage)) return false;
  }
  return true;
}

/// A type index that has to be of a function type; kNoIndex if it is not.
uint32_t ModuleReader::function_type_index(ByteReader& r) {
  uint32_t at = r.offset();
  uint32_t index = r.u32();
  if (!r.ok() || !check_index(index, module_.types.size(), "type", at)) return kNoIndex;
  if (module_.types[index].kind != CompositeKind::Func) {
    invalid(fmt::format("non-function type {}", index), at);
    return kNoIndex;
  }
  return index;
}

// -- tables, memories, globals, tags

Limits ModuleReader::limits(ByteReader& r, bool is_memory, uint8_t* page_size_log2) {
  Limits limits;
  uint32_t at = r.offset();
  uint8_t flags = r.u8();
  if (!r.ok()) return limits;
  constexpr uint8_t kHasMax = 1, kShared = 2, kIs64 = 4, kPageSize = 8;
  uint8_t known = is_memory ? kHasMax | kShared | kIs64 | kPageSize : kHasMax | kIs64;
  if (flags & ~known) {
    r.fail(fmt::format("malformed limits flags {:#x}", flags), at);
    return limits;
  }
  if ((flags & kShared) &&
      !require_feature(r, features_, Feature::Threads, "malformed limits flags: shared memory", at)) {
    return limits;
  }
  if ((flags & kPageSize) &&
      !require_feature(r, features_, Feature::CustomPageSizes, "malformed limits flags: custom page size", at)) {
    return limits;
  }
  if ((flags & kIs64) &&
      !require_feature(r, features_, Feature::Memory64, is_memory ? "64-bit memory" : "64-bit table", at)) {
    return limits;
  }
  limits.is_64 = (flags & kIs64) != 0;
  limits.is_shared = (flags & kShared) != 0;
  limits.min = r.u64();
  if (flags & kHasMax) limits.max = r.u64();
  if (flags & kPageSize) {
    uint32_t size_at = r.offset();
    uint32_t log2 = r.u32();
    if (log2 != 0 && log2 != 16) invalid(fmt::format("invalid custom page size: 2^{}", log2), size_at);
    *page_size_log2 = log2 == 0 ? 0 : 16;
  }
  if (limits.is_shared && !limits.max) invalid("shared memory must have maximum", at);
  return limits;
}

void ModuleReader::check_limits(const Limits& limits, uint64_t range, const char* message, uint32_t at) {
  const uint64_t largest = std::max(limits.min, limits.max.value_or(0));
  if (largest > range) return invalid(fmt::format("{}, not {}", message, largest), at);
  if (limits.max && limits.min > *limits.max) {
    invalid(fmt::format("size minimum must not be greater than maximum ({} > {})", limits.min, *limits.max), at);
  }
}

TableType ModuleReader::table_type(ByteReader& r) {
  TableType type;
  type.element = ref_type(r);
  uint32_t at = r.offset();
  type.limits = limits(r, false, nullptr);
  if (type.limits.is_64) {
    check_limits(type.limits, UINT64_MAX, "table size must be at most 2^64-1 for i64", at);
  } else {
    check_limits(type.limits, UINT32_MAX, "table size must be at most 2^32-1 for i32", at);
  }
  return type;
}

MemoryType ModuleReader::memory_type(ByteReader& r) {
  MemoryType type;
  uint32_t at = r.offset();
  type.limits = limits(r, true, &type.page_size_log2);
  unsigned finer = 16 - type.page_size_log2;
  if (type.limits.is_64) {
    uint64_t range = finer == 0 ? kMaxMemory64Pages : UINT64_MAX;
    check_limits(type.limits, range, "memory size must be at most 2^48 pages (256 TiB) for i64", at);
  } else {
    uint64_t range = finer == 0 ? kMaxMemory32Pages : UINT32_MAX;
    check_limits(type.limits, range, "memory size must be at most 65536 pages (4GiB) for i32", at);
  }
  return type;
}

GlobalType ModuleReader::global_type(ByteReader& r) {
  GlobalType type;
  type.type = val_type(r);
  uint32_t at = r.offset();
  uint8_t mutability = r.u8();
  if (mutability > 1) r.fail(fmt::format("malformed mutability {:#x}", mutability), at);
  type.is_mutable = mutability == 1;
  return type;
}

uint32_t ModuleReader::tag_type(ByteReader& r) {
  uint32_t at = r.offset();
  if (!require_feature(r, features_, Feature::Exceptions, "tag", at)) return kNoIndex;
  if (r.u8() != 0) {
    r.fail("zero byte expected", at);
    return kNoIndex;
  }
  uint32_t index = function_type_index(r);
  if (index != kNoIndex && !module_.types[index].func.results.empty()) invalid("non-empty tag result type", at);
  return index;
}

void ModuleReader::import_section(ByteReader& r) {
  uint32_t n = r.count(kMaxImports, "imports");
  module_.imports.reserve(n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    Import import;
    import.module = r.name();
    import.name = r.name();
    uint32_t at = r.offset();
    uint8_t kind = r.u8();
    if (!r.ok()) return;
    switch (kind) {
      case 0:
        import.index = static_cast<uint32_t>(module_.functions.size());
        module_.functions.push_back(function_type_index(r));
        break;
      case 1:
        import.index = static_cast<uint32_t>(module_.tables.size());
        module_.tables.push_back({table_type(r), std::nullopt});
        break;
      case 2:
        import.index = static_cast<uint32_t>(module_.memories.size());
        module_.memories.push_back(memory_type(r));
        break;
      case 3:
        import.index = static_cast<uint32_t>(module_.globals.size());
        module_.globals.push_back({global_type(r), {}});
        if (module_.globals.back().type.is_mutable && !features_.has(Feature::MutableGlobals)) {
          require_feature(r, features_, Feature::MutableGlobals, "import of a mutable global", at);
        }
        break;
      case 4:
        import.index = static_cast<uint32_t>(module_.tags.size());
        module_.tags.push_back(tag_type(r));
        break;
      default:
        return r.fail(fmt::format("malformed import kind {:#x}", kind), at);
    }
    import.kind = static_cast<ExternKind>(kind);
    module_.imports.push_back(import);
    if (module_.tables.size() > kMaxTables || module_.memories.size() > kMaxMemories) {
      return r.fail("too many imported tables or memories", at, ErrorKind::Limit);
    }
  }
  module_.imported_functions = static_cast<uint32_t>(module_.functions.size());
  module_.imported_tables = static_cast<uint32_t>(module_.tables.size());
  module_.imported_memories = static_cast<uint32_t>(module_.memories.size());
  module_.imported_globals = static_cast<uint32_t>(module_.globals.size());
  module_.imported_tags = static_cast<uint32_t>(module_.tags.size());
  if (module_.memories.size() > 1 && !features_.has(Feature::MultiMemory)) {
    invalid(fmt::format("multiple memories: a second memory {}", feature_refusal(Feature::MultiMemory)), r.offset());
  }
}

void ModuleReader::function_section(ByteReader& r) {
  uint32_t n = r.count(kMaxFunctions, "functions");
  module_.functions.reserve(module_.functions.size() + n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) module_.functions.push_back(function_type_index(r));
}

void ModuleReader::table_section(ByteReader& r) {
  uint32_t n = r.count(kMaxTables - module_.imported_tables, "tables");
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    Table table;
    uint32_t at = r.offset();
    bool has_init = r.peek() == 0x40;
    if (has_init) {
      if (!require_feature(r, features_, Feature::FunctionReferences, "table with an initializer", at)) return;
      r.u8();
      if (r.u8() != 0) return r.fail("zero byte expected", at + 1);
    }
    table.type = table_type(r);
    if (has_init) {
      table.init = const_expr(r, table.type.element, module_.imported_globals);
    } else if (!table.type.element.is_defaultable()) {
      invalid(fmt::format("type mismatch: a table of {} needs an initializer", to_string(table.type.element)), at);
    }
    module_.tables.push_back(table);
  }
  if (module_.tables.size() > 1 && !features_.has(Feature::ReferenceTypes)) {
    invalid(fmt::format("multiple tables: a second table {}", feature_refusal(Feature::ReferenceTypes)), r.offset());
  }
}

void ModuleReader::memory_section(ByteReader& r) {
  uint32_t n = r.count(kMaxMemories - module_.imported_memories, "memories");
  for (uint32_t i = 0; i < n && r.ok(); ++i) module_.memories.push_back(memory_type(r));
  if (module_.memories.size() > 1 && !features_.has(Feature::MultiMemory)) {
    invalid(fmt::format("multiple memories: a second memory {}", feature_refusal(Feature::MultiMemory)), r.offset());
  }
}

void ModuleReader::tag_section(ByteReader& r) {
  if (!require_feature(r, features_, Feature::Exceptions, "tag section", r.offset())) return;
  uint32_t n = r.count(kMaxTags, "tags");
  for (uint32_t i = 0; i < n && r.ok(); ++i) module_.tags.push_back(tag_type(r));
}

void ModuleReader::global_section(ByteReader& r) {
  uint32_t n = r.count(kMaxGlobals, "globals");
  module_.globals.reserve(module_.globals.size() + n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    Global global;
    global.type = global_type(r);
    // Earlier globals of the module itself came with 3.0.
    uint32_t visible = features_.has(Feature::ExtendedConst) ? static_cast<uint32_t>(module_.globals.size())
                                                             : module_.imported_globals;
    global.init = const_expr(r, global.type.type, visible);
    module_.globals.push_back(global);
  }
}

void ModuleReader::export_section(ByteReader& r) {
  uint32_t n = r.count(kMaxExports, "exports");
  module_.exports.reserve(n);
  std::vector<std::string_view> names;
  names.reserve(n);
  uint32_t begin = r.offset();
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    Export e;
    e.name = r.name();
    uint32_t at = r.offset();
    uint8_t kind = r.u8();
    if (!r.ok()) return;
    if (kind > static_cast<uint8_t>(ExternKind::Tag))
      return r.fail(fmt::format("malformed export kind {:#x}", kind), at);
    e.kind = static_cast<ExternKind>(kind);
    uint32_t index_at = r.offset();
    e.index = r.u32();
    if (!r.ok()) return;
    switch (e.kind) {
      case ExternKind::Func:
        if (check_index(e.index, module_.functions.size(), "function", index_at)) declare_function(e.index);
        break;
      case ExternKind::Table:
        check_index(e.index, module_.tables.size(), "table", index_at);
        break;
      case ExternKind::Memory:
        check_index(e.index, module_.memories.size(), "memory", index_at);
        break;
      case ExternKind::Global:
        if (check_index(e.index, module_.globals.size(), "global", index_at) &&
            module_.globals[e.index].type.is_mutable && !features_.has(Feature::MutableGlobals)) {
          require_feature(r, features_, Feature::MutableGlobals, "export of a mutable global", at);
        }
        break;
      case ExternKind::Tag:
        check_index(e.index, module_.tags.size(), "tag", index_at);
        break;
    }
    module_.exports.push_back(e);
    names.push_back(e.name);
  }
  // Sorting, not hashing: the names are chosen by the guest.
  std::ranges::sort(names);
  if (auto it = std::ranges::adjacent_find(names); it != names.end()) {
    invalid(fmt::format("duplicate export name \"{}\"", *it), begin);
  }
}

void ModuleReader::start_section(ByteReader& r) {
  uint32_t at = r.offset();
  uint32_t index = r.u32();
  if (!r.ok() || !check_index(index, module_.functions.size(), "function", at)) return;
  module_.start = index;
  if (module_.functions[index] == kNoIndex) return;  // invalid, and noted
  const FuncType& type = module_.type_of_function(index);
  if (!type.params.empty() || !type.results.empty()) {
    invalid(
        fmt::format("start function must not have parameters or results, function {} is {}", index, to_string(type)),
        at);
  }
}

// -- segments

void ModuleReader::elem_section(ByteReader& r) {
  uint32_t n = r.count(kMaxElemSegments, "element segments");
  module_.elems.reserve(std::min<uint32_t>(n, 4096));
  for (uint32_t i = 0; i < n && r.ok(); ++i) elem_segment(r);
}

void ModuleReader::elem_segment(ByteReader& r) {
  ElemSegment segment;
  uint32_t at = r.offset();
  uint32_t flags = r.u32();
  if (flags > 7) return r.fail(fmt::format("malformed elements segment kind {}", flags), at);
  constexpr uint32_t kNotActive = 1, kExplicit = 2, kExprs = 4;  // kExplicit: a table index, or declarative
  if (flags != 0) {
    Feature needed = flags == 1 ? Feature::BulkMemory : Feature::ReferenceTypes;
    if (!require_feature(r, features_, needed, "element segment with flags", at)) return;
  }
  bool active = !(flags & kNotActive);
  segment.mode = active ? SegmentMode::Active : flags & kExplicit ? SegmentMode::Declarative : SegmentMode::Passive;
  segment.is_functions = !(flags & kExprs);
  bool table_known = false;
  if (active) {
    uint32_t table_at = r.offset();
    segment.table = flags & kExplicit ? r.u32() : 0;
    if (!r.ok()) return;
    table_known = check_index(segment.table, module_.tables.size(), "table", table_at);
    ValType address = table_known ? module_.tables[segment.table].type.limits.address_type() : ValType();
    segment.offset = const_expr(r, address, static_cast<uint32_t>(module_.globals.size()));
  }
  bool has_type = (flags & (kNotActive | kExplicit)) != 0;
  if (segment.is_functions) {
    segment.type = ValType::ref(HeapType::Func, false);
    uint32_t kind_at = r.offset();
    if (has_type && r.u8() != 0) return r.fail("malformed element kind", kind_at);
  } else {
    segment.type = has_type ? ref_type(r) : ValType::funcref();
  }
  if (!r.ok()) return;
  if (table_known && !matches(module_, segment.type, module_.tables[segment.table].type.element)) {
    invalid(fmt::format("type mismatch: element segment's type {} does not match table's element type {}",
                        to_string(segment.type), to_string(module_.tables[segment.table].type.element)),
            at);
  }
  uint32_t n = r.count(kMaxTableInit, "elements of a segment");
  if (segment.is_functions) {
    functions_scratch_.clear();
    for (uint32_t i = 0; i < n && r.ok(); ++i) {
      uint32_t index_at = r.offset();
      uint32_t index = r.u32();
      if (r.ok() && check_index(index, module_.functions.size(), "function", index_at)) declare_function(index);
      functions_scratch_.push_back(index);
    }
    segment.functions = module_.arena->copy<uint32_t>(functions_scratch_);
  } else {
    exprs_scratch_.clear();
    for (uint32_t i = 0; i < n && r.ok(); ++i) {
      exprs_scratch_.push_back(const_expr(r, segment.type, static_cast<uint32_t>(module_.globals.size())));
    }
    segment.exprs = module_.arena->copy<ConstExpr>(exprs_scratch_);
  }
  module_.elems.push_back(segment);
}

void ModuleReader::data_count_section(ByteReader& r) {
  if (!require_feature(r, features_, Feature::BulkMemory, "data count section", r.offset())) return;
  uint32_t at = r.offset();
  uint32_t n = r.u32();
  if (n > kMaxDataSegments) {
    return r.fail(fmt::format("too many data segments: {}, the limit is {}", n, kMaxDataSegments), at,
                  ErrorKind::Limit);
  }
  module_.data_count = n;
}

void ModuleReader::data_section(ByteReader& r) {
  uint32_t n = r.count(kMaxDataSegments, "data segments");
  module_.datas.reserve(n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) data_segment(r);
}

void ModuleReader::data_segment(ByteReader& r) {
  DataSegment segment;
  uint32_t at = r.offset();
  uint32_t flags = r.u32();
  if (flags > 2) return r.fail(fmt::format("malformed data segment kind {}", flags), at);
  if (flags != 0 && !require_feature(r, features_, Feature::BulkMemory, "data segment with flags", at)) return;
  segment.mode = flags == 1 ? SegmentMode::Passive : SegmentMode::Active;
  if (segment.mode == SegmentMode::Active) {
    uint32_t memory_at = r.offset();
    segment.memory = flags == 2 ? r.u32() : 0;
    if (!r.ok()) return;
    bool known = check_index(segment.memory, module_.memories.size(), "memory", memory_at);
    ValType address = known ? module_.memories[segment.memory].limits.address_type() : ValType();
    segment.offset = const_expr(r, address, static_cast<uint32_t>(module_.globals.size()));
  }
  segment.bytes = r.bytes(r.length());
  module_.datas.push_back(segment);
}

// -- code

void ModuleReader::code_section(ByteReader& r) {
  seen_code_ = true;
  uint32_t at = r.offset();
  uint32_t n = r.count(kMaxFunctions, "function bodies");
  size_t defined = module_.functions.size() - module_.imported_functions;
  if (!r.ok()) return;
  if (n != defined) {
    return r.fail(fmt::format("function and code section have inconsistent lengths ({} and {})", defined, n), at);
  }
  module_.code.reserve(n);
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    uint32_t size_at = r.offset();
    uint32_t size = r.length();
    if (size > kMaxFunctionSize) {
      return r.fail(fmt::format("body of function {} has {} bytes, the limit is {}", module_.imported_functions + i,
                                size, kMaxFunctionSize),
                    size_at, ErrorKind::Limit);
    }
    CodeBody body;
    body.offset = r.offset();
    body.bytes = r.bytes(size);
    module_.code.push_back(body);
  }
}

// -- constant expressions

/// Reads one up to its `end`. `expected` may be bottom (unknown, because what it depends on is invalid): then anything
/// goes. An invalid one is noted and skipped.
ConstExpr ModuleReader::const_expr(ByteReader& r, ValType expected, uint32_t visible_globals) {
  ConstExpr expr{static_cast<uint32_t>(module_.const_ops.size()), 0};
  uint32_t begin = r.offset();
  const_stack_.clear();
  const_ok_ = true;
  Operator op;
  for (;;) {
    decoder_.decode(r, op);
    if (!r.ok()) return expr;
    if (op.op == Op::End) break;
    if (!const_operator(r, op, visible_globals)) {
      if (!r.ok()) return expr;
      bool opens = op.op == Op::Block || op.op == Op::Loop || op.op == Op::If || op.op == Op::TryTable;
      if (op.op == Op::Else) r.fail("misplaced ELSE opcode", op.offset);
      skip_expr(r, opens ? 2 : 1);
      return expr;
    }
  }
  expr.count = static_cast<uint32_t>(module_.const_ops.size()) - expr.first;
  if (!const_ok_) return expr;
  if (const_stack_.size() != 1 || (!expected.is_bottom() && !matches(module_, const_stack_[0], expected))) {
    invalid(fmt::format("type mismatch: constant expression of type {} where [{}] is expected", to_string(const_stack_),
                        to_string(expected)),
            begin);
  }
  return expr;
}

/// Checks one operator and appends it; false if it is not allowed in a constant expression (noted).
bool ModuleReader::const_operator(ByteReader& r, const Operator& op, uint32_t visible_globals) {
  ConstOp constant{op.op};
  switch (op.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::V128Const: {
      constant.bits = op.bits;
      constant.high = op.op == Op::V128Const ? op.high : 0;
      constexpr ValType::Kind kTypes[] = {ValType::I32, ValType::I64, ValType::F32, ValType::F64};
      const_stack_.push_back(op.op == Op::V128Const ? ValType::V128
                                                    : kTypes[static_cast<int>(op.op) - static_cast<int>(Op::I32Const)]);
      break;
    }
    case Op::RefNull:
      constant.index = op.type.heap().raw();
      const_stack_.push_back(checked(op.type, r));
      break;
    case Op::RefFunc:
      constant.index = op.index;
      if (check_index(op.index, module_.functions.size(), "function", op.offset)) {
        declare_function(op.index);
        uint32_t type = module_.functions[op.index];
        const_stack_.push_back(type == kNoIndex ? ValType() : ValType::ref(HeapType::concrete(type), false));
      } else {
        const_stack_.push_back(ValType());
      }
      break;
    case Op::GlobalGet:
      constant.index = op.index;
      if (op.index >= visible_globals || op.index >= module_.globals.size()) {
        invalid(fmt::format("unknown global {}: not visible in a constant expression here", op.index), op.offset);
        const_stack_.push_back(ValType());
        const_ok_ = false;
      } else if (module_.globals[op.index].type.is_mutable) {
        invalid(fmt::format("constant expression required: global {} is mutable", op.index), op.offset);
        const_stack_.push_back(module_.globals[op.index].type.type);
      } else {
        if (op.index >= module_.imported_globals && !features_.has(Feature::ExtendedConst)) {
          invalid(
              fmt::format("unknown global {}: only imported globals are visible in a constant expression", op.index),
              op.offset);
        }
        const_stack_.push_back(module_.globals[op.index].type.type);
      }
      break;
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:
      if (!features_.has(Feature::ExtendedConst)) {
        invalid(fmt::format("constant expression required: {} {}", info(op.op).mnemonic,
                            feature_refusal(Feature::ExtendedConst)),
                op.offset);
        return false;
      }
      const_binary(r, op, op.op <= Op::I32Mul ? ValType::I32 : ValType::I64);
      break;
    default:
      invalid(fmt::format("constant expression required: {} is not constant", info(op.op).mnemonic), op.offset);
      return false;
  }
  module_.const_ops.push_back(constant);
  return true;
}

void ModuleReader::const_binary(ByteReader&, const Operator& op, ValType type) {
  pop_const(op, type);
  pop_const(op, type);
  const_stack_.push_back(type);
}

ValType ModuleReader::pop_const(const Operator& op, ValType expected) {
  if (const_stack_.empty()) {
    invalid(fmt::format("type mismatch: {} expects {}, found nothing", info(op.op).mnemonic, to_string(expected)),
            op.offset);
    const_ok_ = false;
    return expected;
  }
  ValType found = const_stack_.back();
  const_stack_.pop_back();
  if (!matches(module_, found, expected)) {
    invalid(fmt::format("type mismatch: {} expects {}, found {}", info(op.op).mnemonic, to_string(expected),
                        to_string(found)),
            op.offset);
  }
  return found;
}

/// Decodes on to the `end` that closes `depth` open blocks, for the sake of malformed bytes.
void ModuleReader::skip_expr(ByteReader& r, uint32_t depth) {
  Operator op;
  while (depth > 0 && r.ok()) {
    decoder_.decode(r, op);
    if (!r.ok()) return;
    if (op.op == Op::Block || op.op == Op::Loop || op.op == Op::If || op.op == Op::TryTable) ++depth;
    if (op.op == Op::End) --depth;
  }
}

}  // namespace

Result<Module> read_module(std::span<const uint8_t> bytes, const Features& features, const ReadOptions& options) {
  return ModuleReader(bytes, features, options).read();
}

bool is_module(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  return r.word32() == kMagic && r.word32() == kVersion && r.ok();
}

}  // namespace vitrine::wasm

// A module: everything its bytes declare, decoded and validated (function bodies excepted, which stay bytes).
//
// Invariants
//   - A `Module` comes from `read_module` only (reader.hpp), so every index in it is in range and every type is well
//     formed.
//   - Index spaces have the imported entities first: `functions[i]` is imported if `i < imported_functions`.
//   - Names, bodies, data and custom sections are views of the module's bytes, which the caller keeps alive and
//     unchanged.
//   - Immutable after reading: any number of threads may read it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "wasm/opcode.hpp"
#include "wasm/types.hpp"

namespace vitrine::wasm {

/// One operator of a constant expression; `end` is left out.
struct ConstOp {
  Op op = Op::Nop;
  uint32_t index = 0;  // global.get: global; ref.func: function; ref.null: raw of the HeapType; struct.new ...: type
  // Constants: the value's bits (i32 and f32 in the low 32 bits); v128: the low half; array.new_fixed: count.
  uint64_t bits = 0;
  uint64_t high = 0;  // v128: the high half
};

/// A run of `Module::const_ops`. Evaluate in order on a small stack; it was validated. Almost always one operator.
struct ConstExpr {
  uint32_t first = 0;
  uint32_t count = 0;
};

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  uint32_t index = 0;  // in the index space of `kind`, where its type is found
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  uint32_t index = 0;
};

struct Table {
  TableType type;
  std::optional<ConstExpr> init;  // absent: null
};

struct Global {
  GlobalType type;
  ConstExpr init;  // of no operators if imported
};

enum class SegmentMode : uint8_t { Active, Passive, Declarative };

struct ElemSegment {
  SegmentMode mode = SegmentMode::Passive;
  uint32_t table = 0;                   // if active
  ConstExpr offset;                     // if active
  ValType type;                         // of its elements
  bool is_functions = true;             // which of the two lists holds the elements
  std::span<const uint32_t> functions;  // function indices
  std::span<const ConstExpr> exprs;
  size_t size() const { return is_functions ? functions.size() : exprs.size(); }
};

struct DataSegment {
  SegmentMode mode = SegmentMode::Passive;
  uint32_t memory = 0;  // if active
  ConstExpr offset;     // if active
  std::span<const uint8_t> bytes;
};

/// The body of a defined function: local declarations and operators with the final `end`. `bytes` is empty when read
/// with `declarations_only`.
struct CodeBody {
  std::span<const uint8_t> bytes;
  uint32_t offset = 0;  // of `bytes` in the module
};

struct CustomSection {
  std::string_view name;
  std::span<const uint8_t> bytes;  // after the name
  uint32_t offset = 0;             // of `bytes` in the module
  uint8_t after = 0;               // id of the last non-custom section before it; 0: none
};

struct Module {
  std::span<const uint8_t> bytes;  // all of it
  std::vector<TypeDef> types;
  std::vector<RecGroup> rec_groups;
  std::vector<Import> imports;
  std::vector<uint32_t> functions;  // type index of each
  std::vector<Table> tables;
  std::vector<MemoryType> memories;
  std::vector<uint32_t> tags;  // type index of each
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::optional<uint32_t> start;
  std::vector<ElemSegment> elems;
  std::optional<uint32_t> data_count;
  std::vector<DataSegment> datas;
  std::vector<CodeBody> code;  // of the defined functions: `code[i]` is that of function `imported_functions + i`
  std::vector<CustomSection> customs;
  std::vector<ConstOp> const_ops;

  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;
  uint32_t imported_tags = 0;

  /// One per function: whether `ref.func` may name it in a body (it occurs outside of bodies: exports, elements,
  /// globals).
  std::vector<bool> declared_functions;

  /// Owner of what the spans in types and segments point to.
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();

  std::span<const ConstOp> ops(ConstExpr expr) const { return std::span(const_ops).subspan(expr.first, expr.count); }
  const FuncType& func_type(uint32_t type_index) const { return types[type_index].func; }
  const FuncType& type_of_function(uint32_t function) const { return types[functions[function]].func; }
  bool is_imported_function(uint32_t function) const { return function < imported_functions; }
  const CodeBody& body_of_function(uint32_t function) const { return code[function - imported_functions]; }
  const CustomSection* find_custom(std::string_view name) const;
  const Export* find_export(std::string_view name) const;  // linear: for few look-ups
};

/// Whether a value of type `sub` may stand where `super` is expected (spec: valid/matching). Type indices are those of
/// `module`.
bool matches(const Module& module, ValType sub, ValType super);
bool matches(const Module& module, HeapType sub, HeapType super);
bool matches(const Module& module, const FuncType& sub, const FuncType& super);

/// Fills in `TypeDef::canonical`, one rec group after the other: equal types of a module (the specification's
/// iso-recursive equality) get the same number. Cost of all of it: O(n log n) in the size of the types, whatever they
/// are.
class CanonicalTypes {
 public:
  /// Numbers the types of `group`, given that every type it names is in range and those outside the group are numbered.
  void add_group(Module& module, const RecGroup& group);

 private:
  std::map<std::vector<uint32_t>, uint32_t> seen_;  // description of a group -> its first type
  std::vector<uint32_t> key_;
};

}  // namespace vitrine::wasm

// The parser of one module in text form. Internal to text/: the entry points are in wat_parser.hpp.
//
// How it goes, over one list of tokens:
//   1. collect_fields (wat_parser.cpp): walks the fields, gives every identifier its index. Names may be used before
//      they are bound, so nothing else can be read before this.
//   2. type definitions (wat_types.cpp): a type use has to know the signatures of all explicit types.
//   3. all other fields in order (wat_fields.cpp, wat_instructions.cpp), each straight into its section's bytes.
//      Implicit types are appended as they are met.
//   4. assemble (wat_parser.cpp): the sections in the binary's order.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "text/cursor.hpp"
#include "text/names.hpp"
#include "wasm/features.hpp"
#include "wasm/opcode.hpp"

namespace vitrine::text {

/// Index spaces with module-wide identifiers.
enum class Space : uint8_t { Type, Func, Table, Memory, Global, Tag, Elem, Data };
inline constexpr size_t kSpaceCount = 8;
std::string_view space_name(Space space);

/// Sections in the binary's order; custom sections are placed before or after one of these.
enum class Section : uint8_t {
  Type,
  Import,
  Func,
  Table,
  Memory,
  Tag,
  Global,
  Export,
  Start,
  Elem,
  DataCount,
  Code,
  Data
};
inline constexpr size_t kSectionCount = 13;
/// Places of custom sections: 2 * section is before it, 2 * section + 1 behind it, and these two.
inline constexpr uint32_t kPlaceFirst = 2 * kSectionCount;
inline constexpr uint32_t kPlaceLast = kPlaceFirst + 1;

class ModuleParser {
 public:
  ModuleParser(const Source& source, TokenList list, const wasm::Features& features, bool in_script);
  Result<std::vector<uint8_t>> run();

 private:
  using Name = std::pair<uint32_t, std::string_view>;  // index, name

  enum class FrameKind : uint8_t {
    Plain,  // `(op ...`: bytes of op are pending until its parenthesis closes
    Flat,   // `block ...` up to `end`
    Block,  // `(block ...`
    If,     // `(if ...`: its operands, then its arms
    Try,    // `(try ...`: its arms
    Arm     // `(then ...`, `(else ...`, `(do ...`, `(catch ...`
  };
  struct Frame {
    FrameKind kind;
    wasm::Op op;
    uint8_t state = 0;      // Flat and If: how many arms there were; Try: see there
    bool labelled = false;  // its label is in scope
    uint32_t pending = 0;   // where its bytes begin in pending_
    uint32_t shadowed = 0;  // what its label's name meant outside
    size_t token = 0;       // position of its keyword
    std::string_view label;
    bool has_label = false;
    std::optional<uint8_t> hint;  // how likely its branch is
  };

  // -- wat_parser.cpp: fields, identifiers, sections
  enum class FieldKind : uint8_t { Type, Rec, Import, Func, Table, Memory, Global, Tag, Export, Start, Elem, Data };
  struct Field {
    FieldKind kind;
    uint32_t position;  // of the token behind its keyword
  };
  Result<> header();
  Result<> collect_fields();
  Result<> collect_field(const Token& keyword, FieldKind kind);
  Result<> collect_rec();
  Result<> collect_import(const Token& keyword);
  bool looks_like_inline_import();
  bool looks_like_inline_segment(std::string_view form);
  Result<> bind(Space space);
  uint32_t count(Space space) const { return counts_[static_cast<size_t>(space)]; }
  Result<uint32_t> index(Space space);
  Result<uint32_t> optional_index(Space space);
  std::vector<uint8_t> assemble();
  void write_name_section(ByteWriter& to);

  // -- wat_annotations.cpp: @name, @custom, @metadata.code.branch_hint
  struct CustomSection {
    uint32_t place;
    std::string name, bytes;
  };
  Result<> collect_annotations();
  Result<> read_custom(const Annotation& annotation);
  Result<> read_hint(const Annotation& annotation);
  Result<std::string_view> name_annotation();  // the name annotated at the cursor, or empty
  Result<> check_annotations_used();
  /// Notes the branch hint (if any) in front of the instruction whose tokens begin at `position`.
  Result<> take_hint(size_t position, wasm::Op op, Frame& frame);
  void place_hint(const Frame& frame, size_t offset);
  void end_of_hints(uint32_t function);

  // -- wat_types.cpp: types and type uses
  struct TypeDef {
    enum class Kind : uint8_t { Func, Other } kind = Kind::Other;
    uint32_t param_count = 0;
    std::string signature;  // of a function: the binary form of its parameters and results
  };
  /// Parameters and results as they are read; one is reused for all.
  struct Signature {
    ByteWriter params, results;  // encoded value types, without counts
    uint32_t param_count = 0, result_count = 0;
    std::vector<std::pair<std::string_view, const Token*>> names;  // by parameter; a null token where there is none
    std::vector<std::string_view> annotated;                       // by parameter: its @name, or empty
    void clear();
    std::string encode() const;
  };
  enum class ParamNames : uint8_t { Allowed, Refused };
  Result<> type_field(bool rec);
  Result<> type_definition(uint32_t type_index, ByteWriter& to, bool singular);
  Result<> composite_type(uint32_t type_index, ByteWriter& to, bool plain_final);
  Result<> struct_fields(uint32_t type_index, ByteWriter& to);
  Result<> field_type(ByteWriter& to);
  Result<> storage_type(ByteWriter& to);
  Result<> value_type(ByteWriter& to);
  bool at_value_type() const;
  Result<> reference_type(ByteWriter& to);
  bool at_reference_type() const;
  /// A reference type taken apart: whether it is nullable, and its heap type's bytes.
  Result<bool> reference_parts(ByteWriter& heap);
  Result<> heap_type(ByteWriter& to);
  Result<> signature(Signature& to, ParamNames names);
  /// A type use; leaves the signature (of inline declarations) in signature_.
  Result<uint32_t> type_use(ParamNames names);
  Result<> bind_params();
  Result<uint32_t> checked_type_use(uint32_t type, const Token& at);
  uint32_t implicit_type(const Signature& signature);
  Result<> block_type(ByteWriter& to);
  Result<> limits(ByteWriter& to, uint8_t flags, bool is_memory);
  Result<uint8_t> address_type();  // limits flag
  Result<> table_type(ByteWriter& to);
  Result<> memory_type(ByteWriter& to);
  Result<> global_type(ByteWriter& to);

  // -- wat_fields.cpp
  Result<> field(const Field& field);
  Result<> import_field();
  Result<> func_field(uint32_t index);
  Result<> func_body(uint32_t index, uint32_t type);
  Result<> table_field(uint32_t index);
  Result<> memory_field(uint32_t index);
  Result<> global_field(uint32_t index);
  Result<> tag_field(uint32_t index);
  Result<> export_field();
  Result<> start_field();
  Result<> elem_field();
  Result<> data_field();
  Result<> inline_exports(Space space, uint32_t index);
  /// Moves past `(import "a" "b")` and begins an import of this kind; false if there is none.
  Result<bool> inline_import(uint8_t kind);
  Result<> external_type(uint8_t kind, ByteWriter& to);
  Result<> offset_expression(ByteWriter& to);
  Result<> constant_expression(ByteWriter& to);
  Result<> element_expressions(ByteWriter& to);
  Result<> function_indices(ByteWriter& to);
  Result<> data_string(std::string& to);
  void skip_binding();

  // -- wat_instructions.cpp
  enum class Extent : uint8_t { UntilClose, OneFolded };
  Result<> instructions(ByteWriter& to, Extent extent);
  Result<> open_folded(ByteWriter& to);
  Result<bool> open_arm(ByteWriter& to);
  Result<> close_folded(ByteWriter& to);
  Result<> flat_instruction(ByteWriter& to);
  Result<> flat_end(ByteWriter& to);
  Result<> flat_else(ByteWriter& to, wasm::Op op);
  Result<> flat_delegate(ByteWriter& to);
  Result<> begin_block(ByteWriter& to, Frame& frame);
  Result<> check_label(const Frame& frame);
  bool takes_operands() const;
  void enter_label(Frame& frame);
  void leave_label(Frame& frame);
  Result<> plain_instruction(ByteWriter& to, wasm::Op op);
  Result<> catch_clauses(ByteWriter& to);
  Result<> memory_argument(ByteWriter& to, const wasm::OpInfo& info, bool lane);
  Result<> vector_constant(ByteWriter& to);
  Result<> integer_constant(ByteWriter& to, unsigned bits);
  Result<> float_constant(ByteWriter& to, unsigned bits);
  Result<> lane_constant(ByteWriter& to, std::string_view shape);
  Result<uint32_t> label();
  Result<uint32_t> local();
  Result<wasm::Op> expect_operator();

  Cursor cursor_;
  std::vector<Annotation> annotations_;
  wasm::Features features_;
  bool in_script_;

  // Identifiers.
  std::array<NameTable, kSpaceCount> names_;
  std::array<uint32_t, kSpaceCount> counts_{};
  std::array<std::vector<Name>, kSpaceCount> bound_;  // for the name section
  std::string_view module_name_;
  std::vector<Field> fields_;
  std::vector<uint32_t> field_starts_;        // token positions between fields, where @custom may stand
  const char* defined_ = nullptr;             // what kind of definition came first, after which imports are refused
  std::array<uint32_t, kSpaceCount> next_{};  // index of the next field of a space while fields are read

  // Annotations.
  struct NameAnnotation {
    uint32_t next_token;
    std::string name;
    uint32_t offset;
    bool used;
  };
  std::vector<NameAnnotation> name_annotations_;
  struct BranchHint {
    uint32_t next_token;
    uint32_t offset;
    uint8_t likely;
    bool used;
  };
  std::vector<BranchHint> hints_;
  size_t next_hint_ = 0;       // those before it stand in front of what has been read
  ByteWriter function_hints_;  // of the function being read
  uint32_t function_hint_count_ = 0;
  ByteWriter hint_bytes_;  // of the functions before
  uint32_t hinted_functions_ = 0;
  std::vector<CustomSection> customs_;

  // Types.
  std::vector<TypeDef> types_;  // explicit, then implicit ones
  NameTable signatures_;        // encoded signature -> smallest index of a plain function type
  std::deque<std::string> signature_texts_;
  NameTable field_names_;  // scope: type index
  std::vector<std::pair<uint32_t, std::vector<Name>>> bound_fields_;
  Signature signature_;
  ByteWriter heap_;
  uint32_t explicit_groups_ = 0, implicit_types_ = 0;

  // Sections: contents without the leading count.
  std::array<ByteWriter, kSectionCount> sections_;
  std::array<uint32_t, kSectionCount> section_counts_{};
  bool has_start_ = false;
  bool needs_data_count_ = false;
  ByteWriter& section(Section s) { return sections_[static_cast<size_t>(s)]; }
  ByteWriter& add_to(Section s) {
    ++section_counts_[static_cast<size_t>(s)];
    return section(s);
  }

  // The function being read.
  NameTable locals_;
  std::vector<Name> local_names_;
  ByteWriter local_name_bytes_;
  uint32_t functions_with_local_names_ = 0;
  ByteWriter body_;
  std::vector<Frame> frames_;
  ByteWriter pending_;
  NameTable labels_;
  uint32_t label_depth_ = 0;
};

}  // namespace vitrine::text

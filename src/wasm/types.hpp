// Types of the language, for all of 3.0: value types as one 32-bit word, function, struct and array types, subtyping
// declarations, and the types of tables, memories, globals and tags.
//
// Invariants
//   - A `ValType` is a plain word: equality of words is equality of types inside one module (type indices that stand
//     for the same type are told apart here; `matches` in module.hpp knows better).
//   - Composite types hold spans into memory owned by their `Module`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace vitrine::wasm {

inline constexpr uint32_t kNoIndex = 0xffff'ffff;

/// What a reference points to: an abstract heap type or a type of the module.
class HeapType {
 public:
  enum Abstract : uint8_t {
    Func,
    Extern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Exn,
    Cont,
    NoFunc,
    NoExtern,
    None,
    NoExn,
    NoCont
  };

  constexpr HeapType(Abstract a) : raw_(a) {}  // NOLINT(google-explicit-constructor): HeapType::Func is one
  static constexpr HeapType concrete(uint32_t type_index) { return HeapType(kConcrete | type_index); }
  static constexpr HeapType from_raw(uint32_t raw) { return HeapType(raw); }

  constexpr bool is_concrete() const { return (raw_ & kConcrete) != 0; }
  constexpr uint32_t type_index() const { return raw_ & (kConcrete - 1); }
  constexpr Abstract abstract() const { return static_cast<Abstract>(raw_ & 0xff); }
  constexpr uint32_t raw() const { return raw_; }
  friend constexpr bool operator==(HeapType, HeapType) = default;

 private:
  constexpr explicit HeapType(uint32_t raw) : raw_(raw) {}
  static constexpr uint32_t kConcrete = 1u << 24;  // below it: 24 bits of type index, more than kMaxTypes needs
  uint32_t raw_;
};

/// A value type, a packed storage type (i8, i16), or `bottom` (the type of what dead code pops).
class ValType {
 public:
  enum Kind : uint8_t { Bottom, I32, I64, F32, F64, V128, I8, I16, Ref };

  constexpr ValType() = default;                                        // bottom
  constexpr ValType(Kind kind) : raw_(uint32_t{kind} << kKindShift) {}  // NOLINT: ValType::I32 is one
  static constexpr ValType ref(HeapType heap, bool nullable) {
    return ValType((uint32_t{Ref} << kKindShift) | (nullable ? kNullable : 0) | heap.raw());
  }
  static constexpr ValType funcref() { return ref(HeapType::Func, true); }
  static constexpr ValType externref() { return ref(HeapType::Extern, true); }
  static constexpr ValType exnref() { return ref(HeapType::Exn, true); }
  static constexpr ValType from_raw(uint32_t raw) { return ValType(raw); }

  constexpr Kind kind() const { return static_cast<Kind>(raw_ >> kKindShift); }
  constexpr bool is_bottom() const { return raw_ == 0; }
  constexpr bool is_num() const { return kind() >= I32 && kind() <= F64; }
  constexpr bool is_vec() const { return kind() == V128; }
  constexpr bool is_ref() const { return kind() == Ref; }
  constexpr bool is_packed() const { return kind() == I8 || kind() == I16; }
  constexpr bool is_nullable() const { return (raw_ & kNullable) != 0; }
  constexpr HeapType heap() const { return HeapType::from_raw(raw_ & (kNullable - 1)); }
  constexpr ValType as_non_null() const { return ValType(raw_ & ~kNullable); }
  /// What a field or element of this storage type is on the stack.
  constexpr ValType unpacked() const { return is_packed() ? ValType(I32) : *this; }
  /// Whether a local of this type starts with a value (zero or null).
  constexpr bool is_defaultable() const { return !is_ref() || is_nullable(); }
  constexpr uint32_t raw() const { return raw_; }
  friend constexpr bool operator==(ValType, ValType) = default;

 private:
  constexpr explicit ValType(uint32_t raw) : raw_(raw) {}
  static constexpr uint32_t kNullable = 1u << 25;
  static constexpr unsigned kKindShift = 28;  // bits 26 and 27 are free: shared, exact
  uint32_t raw_ = 0;
};
static_assert(sizeof(ValType) == 4);

/// As in the text format: "i32", "funcref", "(ref null 3)".
std::string to_string(ValType type);
std::string to_string(HeapType type);
/// "[i32 i64]".
std::string to_string(std::span<const ValType> types);

struct FuncType {
  std::span<const ValType> params;
  std::span<const ValType> results;

  /// Equal word by word (see `ValType` on what that means for type indices).
  friend bool operator==(const FuncType& a, const FuncType& b);
};
/// "[i32 i64] -> [f32]".
std::string to_string(const FuncType& type);

struct FieldType {
  ValType storage;  // may be packed
  bool is_mutable = false;
  friend bool operator==(const FieldType&, const FieldType&) = default;
};

enum class CompositeKind : uint8_t { Func, Struct, Array };

/// One entry of the type section: a composite type with its place in the subtype hierarchy.
struct TypeDef {
  CompositeKind kind = CompositeKind::Func;
  bool is_final = true;
  uint8_t depth = 0;                  // in the subtype hierarchy; 0 without a supertype
  uint32_t supertype = kNoIndex;      // type index
  uint32_t group = 0;                 // index of its rec group
  uint32_t canonical = 0;             // lowest type index of an equal type of this module (see module.hpp)
  FuncType func;                      // if Func
  std::span<const FieldType> fields;  // if Struct; if Array, exactly one
};

/// A run of types that may refer to each other.
struct RecGroup {
  uint32_t first = 0;
  uint32_t count = 0;
};

/// Size limits of a table (elements) or memory (pages).
struct Limits {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool is_64 = false;      // address type i64
  bool is_shared = false;  // memories only
  constexpr ValType address_type() const { return is_64 ? ValType::I64 : ValType::I32; }
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct TableType {
  ValType element;
  Limits limits;
  friend bool operator==(const TableType&, const TableType&) = default;
};

struct MemoryType {
  Limits limits;
  uint8_t page_size_log2 = 16;
  friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

struct GlobalType {
  ValType type;
  bool is_mutable = false;
  friend bool operator==(const GlobalType&, const GlobalType&) = default;
};

/// In the order of their binary encoding.
enum class ExternKind : uint8_t { Func, Table, Memory, Global, Tag };
const char* to_string(ExternKind kind);

}  // namespace vitrine::wasm

// Types of WebAssembly as the host sees them: of values, functions, and of what modules import and export.
//
// Plain values. A type that a module defined (`DefinedType`) keeps itself known to its engine; everything here may be
// copied freely and used from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/result.hpp"

namespace vitrine {

class Engine;
struct FuncType;

namespace detail {
struct Access;
}

/// What a value is made of. Of a reference: the hierarchy that its type is in.
enum class ValKind : uint8_t { I32, I64, F32, F64, V128, FuncRef, ExternRef, AnyRef, ExnRef };

/// "i32", "funcref", ...
VITRINE_API const char* name_of(ValKind kind);

class DefinedType;
VITRINE_API bool operator==(const DefinedType& a, const DefinedType& b);

/// A function, struct or array type by identity: one that a module declared, or that an engine was told. Two are equal
/// if they are the same type to the engine, whatever module they come from; of different engines they never are.
class VITRINE_API DefinedType {
 public:
  enum class Kind : uint8_t { Func, Struct, Array };
  /// The final function type without a supertype, alone in its group: what host functions are of. Fails if `type`
  /// speaks of types of another engine, and over the engine's limit of types.
  [[nodiscard]] static Result<DefinedType> func(const Engine& engine, const FuncType& type);

  Kind kind() const;
  bool is_final() const;
  std::optional<DefinedType> supertype() const;
  /// Parameters and results, if of Kind::Func.
  std::optional<FuncType> func_type() const;
  /// Whether it is `other` or declared as a subtype of it.
  bool is_subtype_of(const DefinedType& other) const;
  friend bool operator==(const DefinedType& a, const DefinedType& b);

 private:
  friend struct detail::Access;
  explicit DefinedType(std::shared_ptr<const struct DefinedTypeImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const struct DefinedTypeImpl> impl_;
};

/// What a reference points to: an abstract heap type, or a defined type.
class VITRINE_API HeapType {
 public:
  enum Abstract : uint8_t { Func, NoFunc, Extern, NoExtern, Any, Eq, I31, Struct, Array, None, Exn, NoExn };

  HeapType(Abstract abstract = Func) : abstract_(abstract) {}  // NOLINT(google-explicit-constructor): Func is one
  HeapType(DefinedType type);                                  // NOLINT(google-explicit-constructor): likewise

  const std::optional<DefinedType>& defined() const { return defined_; }
  /// Of a defined type: Func, Struct or Array, whichever it is.
  Abstract abstract() const { return abstract_; }
  /// What values of it are: FuncRef, ExternRef, AnyRef or ExnRef.
  ValKind kind() const;
  bool is_subtype_of(const HeapType& other) const;
  friend bool operator==(const HeapType&, const HeapType&) = default;

 private:
  Abstract abstract_;
  std::optional<DefinedType> defined_;
};

struct VITRINE_API RefType {
  HeapType heap;
  bool nullable = true;
  bool is_subtype_of(const RefType& other) const;
  friend bool operator==(const RefType&, const RefType&) = default;
};

/// The type of a value. A ValKind is one: of a reference the nullable one at the top of its hierarchy.
class VITRINE_API ValType {
 public:
  ValType(ValKind kind = ValKind::I32);  // NOLINT(google-explicit-constructor): ValKind::I32 is one
  ValType(RefType ref);                  // NOLINT(google-explicit-constructor): likewise

  ValKind kind() const { return kind_; }
  bool is_ref() const { return kind_ >= ValKind::FuncRef; }
  /// Of a reference type only.
  const RefType& ref() const { return ref_; }
  /// Whether a value of this type may stand where `other` is expected.
  bool is_subtype_of(const ValType& other) const;
  friend bool operator==(const ValType&, const ValType&) = default;

 private:
  ValKind kind_;
  RefType ref_;
};
/// "i32", "funcref", "(ref i31)", "(ref null func (i32) -> ())".
VITRINE_API std::string to_string(const ValType& type);

/// Parameters and results. Equality compares them one by one; which of an engine's types it is, a DefinedType says.
struct VITRINE_API FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  /// Whether a function of this type may stand where `other` is expected: it takes no less and gives no more.
  bool is_subtype_of(const FuncType& other) const;
  friend bool operator==(const FuncType&, const FuncType&) = default;
};
/// "(i32, i64) -> (f32)"
VITRINE_API std::string to_string(const FuncType& type);

struct GlobalType {
  ValType type;
  bool is_mutable = false;
  friend bool operator==(const GlobalType&, const GlobalType&) = default;
};
/// Sizes in pages.
struct MemoryType {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool is_64 = false;
  bool is_shared = false;
  uint8_t page_size_log2 = 16;
  friend bool operator==(const MemoryType&, const MemoryType&) = default;
};
/// Sizes in elements.
struct TableType {
  ValType element = ValKind::FuncRef;
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool is_64 = false;
  friend bool operator==(const TableType&, const TableType&) = default;
};
using ExternType = std::variant<FuncType, GlobalType, MemoryType, TableType>;
/// "func (i32) -> ()", "memory 1..2", ...
VITRINE_API std::string to_string(const ExternType& type);

struct ImportType {
  std::string module, name;
  ExternType type;
};
struct ExportType {
  std::string name;
  ExternType type;
};

}  // namespace vitrine

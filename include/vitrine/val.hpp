// Values and types of WebAssembly as the host sees them.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vitrine/export.hpp"

namespace vitrine {

/// The kind of a value. References are nullable.
enum class ValKind : uint8_t { I32, I64, F32, F64, V128, FuncRef, ExternRef };

/// "i32", "funcref", ...
VITRINE_API const char* name_of(ValKind kind);

/// The storage that compiled code and host functions exchange values in: 16 bytes. An i32 lies in the low 4 bytes, a
/// float as its bits; references are opaque words.
union alignas(16) RawVal {
  int32_t i32;
  int64_t i64;
  uint32_t f32_bits;
  uint64_t f64_bits;
  uint64_t ref;
  uint8_t v128[16];
};

struct FuncType {
  std::vector<ValKind> params;
  std::vector<ValKind> results;
  friend bool operator==(const FuncType&, const FuncType&) = default;
};
/// "(i32, i64) -> (f32)"
VITRINE_API std::string to_string(const FuncType& type);

struct GlobalType {
  ValKind kind = ValKind::I32;
  bool is_mutable = false;
  friend bool operator==(const GlobalType&, const GlobalType&) = default;
};
/// Sizes in pages of 64 KiB.
struct MemoryType {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool is_64 = false;
  friend bool operator==(const MemoryType&, const MemoryType&) = default;
};
/// Sizes in elements.
struct TableType {
  ValKind element = ValKind::FuncRef;
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

/// A value with its kind. Function references belong to a store and are only meaningful there; an extern reference is a
/// word of the host's choice that guests can hold but not look into.
class VITRINE_API Val {
 public:
  Val() : Val(int32_t{0}) {}
  Val(int32_t v) : kind_(ValKind::I32) { raw_.i32 = v; }
  Val(int64_t v) : kind_(ValKind::I64) { raw_.i64 = v; }
  Val(uint32_t v) : Val(static_cast<int32_t>(v)) {}
  Val(uint64_t v) : Val(static_cast<int64_t>(v)) {}
  Val(float v) : kind_(ValKind::F32) { std::memcpy(&raw_.f32_bits, &v, 4); }
  Val(double v) : kind_(ValKind::F64) { std::memcpy(&raw_.f64_bits, &v, 8); }
  static Val null(ValKind kind) { return from_raw(kind, RawVal{.i64 = 0}); }
  /// `word` must be below 2^63.
  static Val externref(uint64_t word) {
    return from_raw(ValKind::ExternRef, RawVal{.i64 = static_cast<int64_t>(word + 1)});
  }
  static Val from_raw(ValKind kind, const RawVal& raw) {
    Val v;
    v.kind_ = kind;
    v.raw_ = raw;
    return v;
  }
  static Val f32_from_bits(uint32_t bits) { return from_raw(ValKind::F32, RawVal{.i64 = bits}); }
  static Val f64_from_bits(uint64_t bits) { return from_raw(ValKind::F64, RawVal{.i64 = static_cast<int64_t>(bits)}); }

  ValKind kind() const { return kind_; }
  int32_t i32() const { return raw_.i32; }
  int64_t i64() const { return raw_.i64; }
  float f32() const {
    float f;
    std::memcpy(&f, &raw_.f32_bits, 4);
    return f;
  }
  double f64() const {
    double d;
    std::memcpy(&d, &raw_.f64_bits, 8);
    return d;
  }
  uint32_t f32_bits() const { return raw_.f32_bits; }
  uint64_t f64_bits() const { return raw_.f64_bits; }
  bool is_null() const { return (kind_ == ValKind::FuncRef || kind_ == ValKind::ExternRef) && raw_.ref == 0; }
  /// The word of a non-null extern reference.
  uint64_t externref() const { return raw_.ref - 1; }
  const RawVal& raw() const { return raw_; }

 private:
  RawVal raw_{.v128 = {}};
  ValKind kind_ = ValKind::I32;
};

}  // namespace vitrine

// Values of WebAssembly as the host sees them.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "vitrine/export.hpp"
#include "vitrine/externref.hpp"
#include "vitrine/types.hpp"
#include "vitrine/v128.hpp"

namespace vitrine {

/// The storage that compiled code and host functions exchange values in: 16 bytes. An i32 lies in the low 4 bytes, a
/// float as its bits; references are words that mean something to their store only (Context::to_raw, from_raw).
union alignas(16) RawVal {
  int32_t i32;
  int64_t i64;
  uint32_t f32_bits;
  uint64_t f64_bits;
  uint64_t ref;
  uint8_t v128[16];
};

/// A value with its kind. A reference belongs to a store and is refused by every other one, also by one made where its
/// store was; it may be held and dropped after its store is gone, and on any thread.
class VITRINE_API Val {
 public:
  Val() : Val(int32_t{0}) {}
  Val(int32_t v) : kind_(ValKind::I32) { raw_.i32 = v; }
  Val(int64_t v) : kind_(ValKind::I64) { raw_.i64 = v; }
  Val(uint32_t v) : Val(static_cast<int32_t>(v)) {}
  Val(uint64_t v) : Val(static_cast<int64_t>(v)) {}
  Val(long long v) : Val(static_cast<int64_t>(v)) {}  // int64_t is long
  Val(unsigned long long v) : Val(static_cast<int64_t>(v)) {}
  Val(float v) : kind_(ValKind::F32) { std::memcpy(&raw_.f32_bits, &v, 4); }
  Val(double v) : kind_(ValKind::F64) { std::memcpy(&raw_.f64_bits, &v, 8); }
  Val(const V128& v) : kind_(ValKind::V128) { std::memcpy(raw_.v128, v.bytes.data(), 16); }
  Val(ExternRef ref) : kind_(ValKind::ExternRef) { owner_.object = std::exchange(ref.object_, nullptr); }
  /// A null reference, or zero.
  static Val null(ValKind kind) {
    Val v;
    v.kind_ = kind;
    return v;
  }
  static Val f32_from_bits(uint32_t bits) { return from_raw(ValKind::F32, RawVal{.i64 = bits}); }
  static Val f64_from_bits(uint64_t bits) { return from_raw(ValKind::F64, RawVal{.i64 = static_cast<int64_t>(bits)}); }
  /// A number or vector by its bits; of a reference kind always null, as words mean nothing without their store.
  static Val from_raw(ValKind kind, const RawVal& raw) {
    Val v;
    v.kind_ = kind;
    if (kind <= ValKind::V128) v.raw_ = raw;
    return v;
  }

  Val(const Val& other) : raw_(other.raw_), owner_(other.owner_), kind_(other.kind_) {
    if (has_holder()) owner_.object->retain();
  }
  Val(Val&& other) noexcept : raw_(other.raw_), owner_(other.owner_), kind_(other.kind_) { other.kind_ = ValKind::I32; }
  Val& operator=(const Val& other) {
    if (this != &other) {
      Val copy(other);
      swap(copy);
    }
    return *this;
  }
  Val& operator=(Val&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Val() {
    if (has_holder()) owner_.object->release();
  }

  ValKind kind() const { return kind_; }
  /// The value, which has to be of that kind: nothing is converted, of another kind the bits are answered (of a reference
  /// zero). `i32` of an f64 is its lower half.
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
  /// The same with the bits of a NaN untouched by the CPU.
  uint32_t f32_bits() const { return raw_.f32_bits; }
  uint64_t f64_bits() const { return raw_.f64_bits; }
  V128 v128() const {
    V128 v;
    std::memcpy(v.bytes.data(), raw_.v128, 16);
    return v;
  }
  bool is_ref() const { return kind_ >= ValKind::FuncRef; }
  bool is_null() const { return is_ref() && (kind_ == ValKind::ExternRef ? !owner_.object : raw_.ref == 0); }
  /// None if it is no extern reference, and for null. (`Func::from_val` does the same for functions.)
  std::optional<ExternRef> externref() const {
    if (!has_holder()) return std::nullopt;
    owner_.object->retain();
    return ExternRef(owner_.object);
  }
  /// The bits of a number or vector.
  const RawVal& raw() const { return raw_; }

 private:
  friend struct detail::Access;
  bool has_holder() const { return kind_ == ValKind::ExternRef && owner_.object; }
  void swap(Val& other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(owner_, other.owner_);
    std::swap(kind_, other.kind_);
  }

  // Whom a reference belongs to.
  union Owner {
    uint64_t store_id;             // of a function
    detail::ExternObject* object;  // of an extern reference; null: a null reference
  };
  RawVal raw_{.v128 = {}};
  Owner owner_{.object = nullptr};
  ValKind kind_;
};

}  // namespace vitrine

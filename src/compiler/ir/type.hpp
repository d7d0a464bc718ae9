// The types of IR values.
#pragma once

#include <cstdint>

namespace vitrine::ir {

/// An I32 in a register always has zero upper bits: every instruction that defines one writes the whole 32-bit
/// register, so `uextend` costs nothing and a 32-bit index can be used in a 64-bit address. Ref is a 32-bit GC
/// reference that safepoints must see; host and function references are I64 pointers.
enum class Type : uint8_t { None, I32, I64, F32, F64, V128, Ref };
inline constexpr Type kAllTypes[] = {Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Ref};

/// Several types: a bit for each.
using TypeSet = uint8_t;
constexpr TypeSet set_of(Type t) {
  return static_cast<TypeSet>(1u << static_cast<uint8_t>(t));
}
constexpr bool contains(TypeSet set, Type t) {
  return (set & set_of(t)) != 0;
}
/// The type of a set that has one, or else None.
constexpr Type only_type(TypeSet set) {
  Type only = Type::None;
  for (Type t : kAllTypes) {
    if (set == set_of(t)) only = t;
  }
  return only;
}

constexpr bool is_int(Type t) {
  return t == Type::I32 || t == Type::I64 || t == Type::Ref;
}
constexpr bool is_float(Type t) {
  return t == Type::F32 || t == Type::F64;
}
/// Whether a value is held in a register of the floats, which are those of the vectors too, and not in a general one.
constexpr bool in_float_register(Type t) {
  return is_float(t) || t == Type::V128;
}

/// The bits of a V128.
struct Bits128 {
  uint64_t lo = 0, hi = 0;
  friend bool operator==(const Bits128&, const Bits128&) = default;
};
constexpr uint32_t bytes_of(Type t) {
  switch (t) {
    case Type::None:
      return 0;
    case Type::I32:
    case Type::F32:
    case Type::Ref:
      return 4;
    case Type::I64:
    case Type::F64:
      return 8;
    case Type::V128:
      return 16;
  }
  return 0;
}
constexpr uint32_t bits_of(Type t) {
  return bytes_of(t) * 8;
}
constexpr const char* name_of(Type t) {
  constexpr const char* kNames[] = {"none", "i32", "i64", "f32", "f64", "v128", "ref"};
  return kNames[static_cast<uint8_t>(t)];
}

}  // namespace vitrine::ir

// The lattice of reference types, once: whose values may stand where which are expected (spec: valid/matching).
//
// What the numbers of concrete types mean is the caller's: indices of a module, or an engine's numbers.
#pragma once

#include <concepts>

#include "wasm/types.hpp"

namespace vitrine::wasm {

/// The abstract types at the top and bottom of a hierarchy: no value is of two hierarchies but null is none's.
struct Hierarchy {
  HeapType::Abstract top;
  HeapType::Abstract bottom;
};

constexpr Hierarchy hierarchy_of(HeapType::Abstract type) {
  switch (type) {
    case HeapType::Func:
    case HeapType::NoFunc:
      return {HeapType::Func, HeapType::NoFunc};
    case HeapType::Extern:
    case HeapType::NoExtern:
      return {HeapType::Extern, HeapType::NoExtern};
    case HeapType::Exn:
    case HeapType::NoExn:
      return {HeapType::Exn, HeapType::NoExn};
    case HeapType::Cont:
    case HeapType::NoCont:
      return {HeapType::Cont, HeapType::NoCont};
    case HeapType::Any:
    case HeapType::Eq:
    case HeapType::I31:
    case HeapType::Struct:
    case HeapType::Array:
    case HeapType::None:
      break;
  }
  return {HeapType::Any, HeapType::None};
}

/// The abstract type right above the concrete ones of a kind.
constexpr HeapType::Abstract abstract_of(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::Func:
      return HeapType::Func;
    case CompositeKind::Struct:
      return HeapType::Struct;
    case CompositeKind::Array:
      return HeapType::Array;
  }
  __builtin_unreachable();
}

constexpr bool matches_abstract(HeapType::Abstract sub, HeapType::Abstract super) {
  if (sub == super) return true;
  const Hierarchy of = hierarchy_of(sub);
  if (of.top != hierarchy_of(super).top) return false;
  if (sub == of.bottom || super == of.top) return true;
  // Between top and bottom there is something in one hierarchy only: any > eq > i31, struct, array > none.
  return super == HeapType::Eq && sub != HeapType::Any;
}

/// What the numbers of concrete types mean.
template <class T>
concept ConcreteTypes = requires(const T& types, uint32_t type) {
  { types.kind(type) } -> std::same_as<CompositeKind>;
  { types.is_subtype(type, type) } -> std::same_as<bool>;
};

template <ConcreteTypes T>
constexpr bool matches(const T& types, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (super.is_concrete()) {
    if (sub.is_concrete()) return types.is_subtype(sub.type_index(), super.type_index());
    return sub.abstract() == hierarchy_of(abstract_of(types.kind(super.type_index()))).bottom;
  }
  return matches_abstract(sub.is_concrete() ? abstract_of(types.kind(sub.type_index())) : sub.abstract(),
                          super.abstract());
}

template <ConcreteTypes T>
constexpr bool matches(const T& types, ValType sub, ValType super) {
  if (sub == super || sub.is_bottom()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_nullable() && !super.is_nullable()) return false;
  return matches(types, sub.heap(), super.heap());
}

}  // namespace vitrine::wasm

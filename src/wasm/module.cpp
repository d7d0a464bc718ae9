#include "wasm/module.hpp"

#include <algorithm>

namespace vitrine::wasm {

const CustomSection* Module::find_custom(std::string_view name) const {
  auto it = std::ranges::find(customs, name, &CustomSection::name);
  return it == customs.end() ? nullptr : &*it;
}

const Export* Module::find_export(std::string_view name) const {
  auto it = std::ranges::find(exports, name, &Export::name);
  return it == exports.end() ? nullptr : &*it;
}

namespace {

/// The abstract type right above a concrete one.
HeapType::Abstract top_of(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::Func:
      return HeapType::Func;
    case CompositeKind::Struct:
      return HeapType::Struct;
    case CompositeKind::Array:
      return HeapType::Array;
  }
  std::unreachable();
}

bool matches_abstract(HeapType::Abstract sub, HeapType::Abstract super) {
  if (sub == super) return true;
  switch (sub) {
    case HeapType::None:
      return super == HeapType::Any || super == HeapType::Eq || super == HeapType::I31 || super == HeapType::Struct ||
             super == HeapType::Array;
    case HeapType::I31:
    case HeapType::Struct:
    case HeapType::Array:
      return super == HeapType::Eq || super == HeapType::Any;
    case HeapType::Eq:
      return super == HeapType::Any;
    case HeapType::NoFunc:
      return super == HeapType::Func;
    case HeapType::NoExtern:
      return super == HeapType::Extern;
    case HeapType::NoExn:
      return super == HeapType::Exn;
    case HeapType::NoCont:
      return super == HeapType::Cont;
    default:
      return false;
  }
}

}  // namespace

// spec: valid/matching, heap types
bool matches(const Module& module, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) {
    uint32_t wanted = module.types[super.type_index()].canonical;
    // At most kMaxSubtypeDepth steps.
    for (uint32_t type = sub.type_index(); type != kNoIndex; type = module.types[type].supertype) {
      if (module.types[type].canonical == wanted) return true;
    }
    return false;
  }
  if (sub.is_concrete()) return matches_abstract(top_of(module.types[sub.type_index()].kind), super.abstract());
  if (super.is_concrete()) {
    bool is_func = module.types[super.type_index()].kind == CompositeKind::Func;
    return sub.abstract() == (is_func ? HeapType::NoFunc : HeapType::None);
  }
  return matches_abstract(sub.abstract(), super.abstract());
}

bool matches(const Module& module, ValType sub, ValType super) {
  if (sub == super || sub.is_bottom()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_nullable() && !super.is_nullable()) return false;
  return matches(module, sub.heap(), super.heap());
}

bool matches(const Module& module, const FuncType& sub, const FuncType& super) {
  auto all = [&](std::span<const ValType> a, std::span<const ValType> b) {
    return std::ranges::equal(a, b, [&](ValType x, ValType y) { return matches(module, x, y); });
  };
  return all(super.params, sub.params) && all(sub.results, super.results);
}

void CanonicalTypes::add_group(Module& module, const RecGroup& group) {
  key_.clear();
  // A type inside the group is described by its place there, one outside by its canonical number, told apart by the top
  // bit.
  auto add_index = [&](uint32_t type) {
    if (type == kNoIndex) return key_.push_back(kNoIndex);
    bool inside = type >= group.first && type - group.first < group.count;
    key_.push_back(inside ? 0x8000'0000u | (type - group.first) : module.types[type].canonical);
  };
  auto add_type = [&](ValType type) {
    if (!type.is_ref() || !type.heap().is_concrete()) return key_.push_back(type.raw());
    key_.push_back(ValType::ref(HeapType::concrete(0), type.is_nullable()).raw());
    add_index(type.heap().type_index());
  };
  auto add_types = [&](std::span<const ValType> types) {
    key_.push_back(static_cast<uint32_t>(types.size()));
    for (ValType type : types) add_type(type);
  };
  for (uint32_t i = 0; i < group.count; i++) {
    const TypeDef& def = module.types[group.first + i];
    key_.push_back(static_cast<uint32_t>(def.kind) << 1 | def.is_final);
    add_index(def.supertype);
    if (def.kind == CompositeKind::Func) {
      add_types(def.func.params);
      add_types(def.func.results);
    } else {
      key_.push_back(static_cast<uint32_t>(def.fields.size()));
      for (const FieldType& field : def.fields) {
        add_type(field.storage);
        key_.push_back(field.is_mutable);
      }
    }
  }
  uint32_t first = seen_.try_emplace(key_, group.first).first->second;
  for (uint32_t i = 0; i < group.count; i++) module.types[group.first + i].canonical = first + i;
}

}  // namespace vitrine::wasm

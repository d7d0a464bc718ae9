#include "wasm/module.hpp"

#include <algorithm>

#include "wasm/matching.hpp"

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

/// Concrete types are indices of a module.
struct TypesOf {
  const Module& module;
  CompositeKind kind(uint32_t type) const { return module.types[type].kind; }
  bool is_subtype(uint32_t sub, uint32_t super) const {
    const uint32_t wanted = module.types[super].canonical;
    // At most kMaxSubtypeDepth steps. (Depths are of no help while a group is being read.)
    for (uint32_t type = sub; type != kNoIndex; type = module.types[type].supertype) {
      if (module.types[type].canonical == wanted) return true;
    }
    return false;
  }
};

}  // namespace

bool matches(const Module& module, HeapType sub, HeapType super) {
  return matches(TypesOf{module}, sub, super);
}

bool matches(const Module& module, ValType sub, ValType super) {
  return matches(TypesOf{module}, sub, super);
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
  for (uint32_t i = 0; i < group.count; ++i) {
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
  for (uint32_t i = 0; i < group.count; ++i) module.types[group.first + i].canonical = first + i;
}

}  // namespace vitrine::wasm

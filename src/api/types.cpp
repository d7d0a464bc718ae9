#include <vitrine/types.hpp>

#include "api/convert.hpp"
#include "base/result.hpp"
#include "runtime/types/type_words.hpp"

namespace vitrine {

using api::Access;

const char* name_of(ValKind kind) {
  switch (kind) {
    case ValKind::I32:
      return "i32";
    case ValKind::I64:
      return "i64";
    case ValKind::F32:
      return "f32";
    case ValKind::F64:
      return "f64";
    case ValKind::V128:
      return "v128";
    case ValKind::FuncRef:
      return "funcref";
    case ValKind::ExternRef:
      return "externref";
    case ValKind::AnyRef:
      return "anyref";
    case ValKind::ExnRef:
      return "exnref";
  }
  return "?";
}

// -- defined types

Result<DefinedType> DefinedType::func(const Engine& engine, const FuncType& type) {
  const api::SharedEngine& shared = Access::impl(engine)->runtime;
  return DefinedType(
      std::make_shared<const DefinedTypeImpl>(DefinedTypeImpl{shared, TRY(api::register_func(*shared, type))}));
}

DefinedType::Kind DefinedType::kind() const {
  switch (impl_->type().kind) {
    case wasm::CompositeKind::Func:
      return Kind::Func;
    case wasm::CompositeKind::Struct:
      return Kind::Struct;
    case wasm::CompositeKind::Array:
      break;
  }
  return Kind::Array;
}

bool DefinedType::is_final() const {
  return impl_->type().is_final;
}

std::optional<DefinedType> DefinedType::supertype() const {
  const runtime::EngineType& type = impl_->type();
  if (type.depth == 0) return std::nullopt;
  return api::defined_type(impl_->engine, type.supertypes[type.depth - 1]);
}

std::optional<FuncType> DefinedType::func_type() const {
  if (kind() != Kind::Func) return std::nullopt;
  return api::to_public(impl_->engine, impl_->type());
}

bool DefinedType::is_subtype_of(const DefinedType& other) const {
  return impl_->engine == other.impl_->engine && impl_->engine->types().is_subtype(impl_->id(), other.impl_->id());
}

bool operator==(const DefinedType& a, const DefinedType& b) {
  return a.impl_->engine == b.impl_->engine && a.impl_->id() == b.impl_->id();
}

// -- heap, reference and value types

namespace {

HeapType::Abstract abstract_of(const DefinedType& type) {
  switch (type.kind()) {
    case DefinedType::Kind::Func:
      return HeapType::Func;
    case DefinedType::Kind::Struct:
      return HeapType::Struct;
    case DefinedType::Kind::Array:
      break;
  }
  return HeapType::Array;
}

/// The engine that a type speaks of; any will do for one that speaks of none.
std::shared_ptr<runtime::Engine> engine_of(const RefType& type) {
  return type.heap.defined() ? Access::impl(*type.heap.defined())->engine : nullptr;
}
const runtime::TypeRegistry& types_of(const std::shared_ptr<runtime::Engine>& engine) {
  static const runtime::TypeRegistry none(1);
  return engine ? engine->types() : none;
}

}  // namespace

HeapType::HeapType(DefinedType type) : abstract_(abstract_of(type)), defined_(std::move(type)) {}

ValKind HeapType::kind() const {
  switch (abstract_) {
    case Func:
    case NoFunc:
      return ValKind::FuncRef;
    case Extern:
    case NoExtern:
      return ValKind::ExternRef;
    case Exn:
    case NoExn:
      return ValKind::ExnRef;
    default:
      return ValKind::AnyRef;
  }
}

bool HeapType::is_subtype_of(const HeapType& other) const {
  return RefType{*this, false}.is_subtype_of(RefType{other, false});
}

bool RefType::is_subtype_of(const RefType& other) const {
  auto engine = engine_of(*this);
  auto others = engine_of(other);
  if (engine && others && engine != others) return false;
  if (!engine) engine = std::move(others);
  return types_of(engine).matches(api::to_wasm(*this), api::to_wasm(other));
}

ValType::ValType(ValKind kind) : kind_(kind) {
  if (kind == ValKind::ExternRef) ref_.heap = HeapType::Extern;
  if (kind == ValKind::AnyRef) ref_.heap = HeapType::Any;
  if (kind == ValKind::ExnRef) ref_.heap = HeapType::Exn;
}
ValType::ValType(RefType ref) : kind_(ref.heap.kind()), ref_(std::move(ref)) {}

bool ValType::is_subtype_of(const ValType& other) const {
  if (kind_ != other.kind_) return false;
  return !is_ref() || ref_.is_subtype_of(other.ref_);
}

bool FuncType::is_subtype_of(const FuncType& other) const {
  if (params.size() != other.params.size() || results.size() != other.results.size()) return false;
  for (size_t i = 0; i < params.size(); ++i) {
    if (!other.params[i].is_subtype_of(params[i])) return false;
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].is_subtype_of(other.results[i])) return false;
  }
  return true;
}

// -- in words

std::string to_string(const ValType& type) {
  if (!type.is_ref()) return name_of(type.kind());
  return runtime::in_words(types_of(engine_of(type.ref())), api::to_wasm(type.ref()));
}

std::string to_string(const FuncType& type) {
  auto words = [](const std::vector<ValType>& list) {
    std::vector<std::string> all;
    for (const ValType& t : list) all.push_back(to_string(t));
    return all;
  };
  return runtime::function_in_words(words(type.params), words(type.results));
}

std::string to_string(const ExternType& type) {
  if (auto* f = std::get_if<FuncType>(&type)) return "func " + to_string(*f);
  if (auto* g = std::get_if<GlobalType>(&type)) return runtime::global_in_words(g->is_mutable, to_string(g->type));
  if (auto* m = std::get_if<MemoryType>(&type)) {
    return runtime::memory_in_words(
        {{.min = m->min, .max = m->max, .is_64 = m->is_64, .is_shared = m->is_shared}, m->page_size_log2});
  }
  auto& t = std::get<TableType>(type);
  return runtime::table_in_words({.min = t.min, .max = t.max, .is_64 = t.is_64}, to_string(t.element));
}

}  // namespace vitrine

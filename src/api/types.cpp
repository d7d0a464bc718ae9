#include <vitrine/types.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"
#include "base/result.hpp"

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
  static const runtime::TypeRegistry no_types(1);
  auto engine = engine_of(*this);
  auto others = engine_of(other);
  if (engine && others && engine != others) return false;
  if (!engine) engine = std::move(others);
  auto word = [&](const RefType& type) {
    if (type.heap.defined()) {
      return wasm::ValType::ref(wasm::HeapType::concrete(Access::impl(*type.heap.defined())->id()), type.nullable);
    }
    return wasm::ValType::ref(api::to_wasm(type.heap.abstract()), type.nullable);
  };
  return (engine ? engine->types() : no_types).matches(word(*this), word(other));
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
  for (size_t i = 0; i < params.size(); i++) {
    if (!other.params[i].is_subtype_of(params[i])) return false;
  }
  for (size_t i = 0; i < results.size(); i++) {
    if (!results[i].is_subtype_of(other.results[i])) return false;
  }
  return true;
}

// -- in words

namespace {

/// `depth`: how many more defined types are spelt out, as they may be circular.
std::string in_words(const ValType& type, int depth);

std::string in_words(const FuncType& type, int depth) {
  auto list = [&](const std::vector<ValType>& types) {
    std::string s = "(";
    for (const ValType& t : types) {
      if (s.size() > 1) s += ", ";
      s += in_words(t, depth);
    }
    return s + ")";
  };
  return list(type.params) + " -> " + list(type.results);
}

std::string in_words(const ValType& type, int depth) {
  if (!type.is_ref()) return name_of(type.kind());
  const auto& [heap, nullable] = type.ref();
  if (!heap.defined()) {
    auto word = wasm::ValType::ref(api::to_wasm(heap.abstract()), nullable);
    return wasm::to_string(word);
  }
  std::string text = nullable ? "(ref null " : "(ref ";
  if (auto func = heap.defined()->func_type()) {
    text += depth > 0 ? "func " + in_words(*func, depth - 1) : "func ...";
  } else {
    text += heap.abstract() == HeapType::Struct ? "struct ..." : "array ...";
  }
  return text + ")";
}

std::string limits(uint64_t min, const std::optional<uint64_t>& max) {
  return max ? fmt::format("{}..{}", min, *max) : fmt::format("{}..", min);
}

}  // namespace

std::string to_string(const ValType& type) {
  return in_words(type, 1);
}

std::string to_string(const FuncType& type) {
  return in_words(type, 1);
}

std::string to_string(const ExternType& type) {
  if (auto* f = std::get_if<FuncType>(&type)) return "func " + to_string(*f);
  if (auto* g = std::get_if<GlobalType>(&type)) {
    return fmt::format("global {}{}", g->is_mutable ? "mut " : "", to_string(g->type));
  }
  if (auto* m = std::get_if<MemoryType>(&type)) {
    return fmt::format("memory {}{} pages{}{}", m->is_64 ? "i64 " : "", limits(m->min, m->max),
                       m->is_shared ? " shared" : "",
                       m->page_size_log2 == 16 ? "" : fmt::format(" of {} bytes", uint64_t{1} << m->page_size_log2));
  }
  auto& t = std::get<TableType>(type);
  return fmt::format("table {}{} {}", t.is_64 ? "i64 " : "", limits(t.min, t.max), to_string(t.element));
}

}  // namespace vitrine

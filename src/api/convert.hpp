// Between the runtime's notions and the public ones: types, values, externs, failures.
//
// A wasm::ValType here is always in terms of the engine (concrete heap types are its numbers).
#pragma once

#include <vitrine/vitrine.hpp>

#include "abi/vmcontext.hpp"
#include "api/impl.hpp"
#include "runtime/failure/failure.hpp"
#include "runtime/store/extern.hpp"
#include "runtime/types/type_registry.hpp"
#include "wasm/module.hpp"

namespace vitrine::api {

using SharedEngine = std::shared_ptr<runtime::Engine>;

ValType to_public(const SharedEngine& engine, wasm::ValType type);
FuncType to_public(const SharedEngine& engine, const runtime::EngineType& func);
GlobalType to_public(const SharedEngine& engine, const wasm::GlobalType& type);
MemoryType to_public(const wasm::MemoryType& type);
TableType to_public(const SharedEngine& engine, const wasm::TableType& type);
/// In terms of whatever engine the type speaks of.
wasm::ValType to_wasm(const RefType& type);
/// These fail for types of another engine, and for those that cannot be.
Result<wasm::ValType> to_wasm(const runtime::Engine& engine, const ValType& type);
Result<wasm::MemoryType> to_wasm(const MemoryType& type);
Result<wasm::TableType> to_wasm(const runtime::Engine& engine, const TableType& type);
Result<wasm::GlobalType> to_wasm(const runtime::Engine& engine, const GlobalType& type);
/// The final function type of its own group.
Result<runtime::TypeSet> register_func(runtime::Engine& engine, const FuncType& type);
DefinedType defined_type(const SharedEngine& engine, runtime::TypeId id);
/// Type of an import or export of a module.
ExternType extern_type(const runtime::CompiledModule& module, wasm::ExternKind kind, uint32_t index);

Extern to_public(const StoreImpl& store, const runtime::Extern& e);
/// Fails if it is not of `store`.
Result<runtime::Extern> to_runtime(const StoreImpl& store, const Extern& e);
bool is_of(const StoreImpl& store, const Extern& e);
Result<ExternType> type_of(const Extern& e);

inline const abi::ValRaw& to_abi(const RawVal& raw) {
  // SAFETY: RawVal and ValRaw are the same union of plain words by two names; the assertion below holds their layouts
  // together.
  return reinterpret_cast<const abi::ValRaw&>(raw);
}
inline const RawVal& to_public(const abi::ValRaw& raw) {
  return reinterpret_cast<const RawVal&>(raw);
}
static_assert(sizeof(RawVal) == sizeof(abi::ValRaw) && alignof(RawVal) == alignof(abi::ValRaw));

static_assert(static_cast<int>(ValKind::I32) + 1 == wasm::ValType::I32 &&
                  static_cast<int>(ValKind::V128) + 1 == wasm::ValType::V128,
              "numbers and vectors have the same order in both");
/// Whether `value` is a number or vector of `type`: the checks that most values need.
inline bool is_number_of(const Val& value, wasm::ValType type) {
  return static_cast<int>(value.kind()) + 1 == type.kind() && value.kind() <= ValKind::V128;
}

/// A reference as the word its guests know it by, if it may stand where `type` is expected in `store`; a function has
/// to be one of its own (calling one of another store would run it in two worlds at once), and one of the host is given
/// the code that guests call.
Result<uint64_t> to_word(StoreImpl& store, const Val& value, wasm::ValType type);
/// Any value in the untyped convention, likewise.
inline Result<> to_raw(StoreImpl& store, const Val& value, wasm::ValType type, abi::ValRaw& out) {
  if (is_number_of(value, type)) [[likely]] {
    out = to_abi(value.raw());
    return {};
  }
  auto word = to_word(store, value, type);
  if (!word) return std::unexpected(std::move(word).error());
  out = {};
  out.ref = *word;
  return {};
}
/// The other way: roots what is a reference.
Val to_ref_val(StoreImpl& store, ValKind kind, uint64_t word);
ValKind ref_kind(runtime::Engine& engine, wasm::ValType type);
inline Val to_val(StoreImpl& store, wasm::ValType type, abi::ValRaw raw) {
  if (type.is_ref()) [[unlikely]]
    return to_ref_val(store, ref_kind(store.engine(), type), raw.ref);
  if (type.kind() == wasm::ValType::I32) raw.i64 = raw.i32;
  return Val::from_raw(static_cast<ValKind>(type.kind() - 1), to_public(raw));
}
/// The same into a value that is there.
inline void assign(StoreImpl& store, Val& to, wasm::ValType type, abi::ValRaw raw) {
  if (type.is_ref() || to.is_ref()) [[unlikely]] {
    to = to_val(store, type, raw);
    return;
  }
  if (type.kind() == wasm::ValType::I32) raw.i64 = raw.i32;
  Access::set_number(to, static_cast<ValKind>(type.kind() - 1), to_public(raw));
}

/// The error for the caller; rethrows the exception of a host function, keeping its backtrace in `store`.
Error to_error(StoreImpl& store, runtime::FailurePtr failure);
template <class T>
Result<T> to_result(StoreImpl& store, runtime::Outcome<T> outcome) {
  if (!outcome) return std::unexpected(to_error(store, std::move(outcome).error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(outcome);
  }
}

}  // namespace vitrine::api

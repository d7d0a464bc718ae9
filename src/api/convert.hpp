// Between the runtime's notions and the public ones: types, values, externs, failures.
#pragma once

#include <vitrine/vitrine.hpp>

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"
#include "runtime/store/extern.hpp"
#include "runtime/types/type_registry.hpp"
#include "wasm/module.hpp"

namespace vitrine::api {

ValKind to_kind(wasm::ValType type);
wasm::ValType to_wasm(ValKind kind);
FuncType to_public(const wasm::FuncType& type);
GlobalType to_public(const wasm::GlobalType& type);
MemoryType to_public(const wasm::MemoryType& type);
TableType to_public(const wasm::TableType& type);
wasm::MemoryType to_wasm(const MemoryType& type);
wasm::TableType to_wasm(const TableType& type);
wasm::GlobalType to_wasm(const GlobalType& type);
/// Type of an import or export of a module.
ExternType extern_type(const wasm::Module& module, wasm::ExternKind kind, uint32_t index);

Extern to_public(StoreImpl* store, const runtime::Extern& e);
runtime::Extern to_runtime(const Extern& e);
StoreImpl* store_of(const Extern& e);
ExternType type_of(const Extern& e);

inline const abi::ValRaw& to_abi(const RawVal& raw) {
  // SAFETY: RawVal and ValRaw are the same union of plain words by two names; the assertion below holds their layouts
  // together.
  return reinterpret_cast<const abi::ValRaw&>(raw);
}
inline const RawVal& to_public(const abi::ValRaw& raw) {
  return reinterpret_cast<const RawVal&>(raw);
}
static_assert(sizeof(RawVal) == sizeof(abi::ValRaw) && alignof(RawVal) == alignof(abi::ValRaw));

/// Whether the function belongs to `store`.
bool is_of(const StoreImpl& store, const abi::VMFuncRef* func);
/// Whether `value` may be given to guests of `store`: a function has to be one of its own (calling one of another store
/// would run it in two worlds at once). Gives a host function the code that guests call.
Result<void> admit(StoreImpl& store, const Val& value);

/// The error for the caller; rethrows the exception of a host function.
Error to_error(runtime::FailurePtr failure);
template <class T>
Result<T> to_result(runtime::Outcome<T> outcome) {
  if (!outcome) return std::unexpected(to_error(std::move(outcome).error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(outcome);
  }
}

}  // namespace vitrine::api

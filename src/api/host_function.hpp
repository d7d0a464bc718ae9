// Host functions of a store, from the raw form of the public API.
#pragma once

#include <vitrine/func.hpp>

#include "abi/vmcontext.hpp"
#include "runtime/engine/engine.hpp"

namespace vitrine::api {

/// A host function of `type`; `env` must stay alive as long as the store.
/// Fails over the engine's limit of types.
Result<abi::VMFuncRef*> new_host_function(StoreImpl& store, const FuncType& type, RawHostFunc f, void* env);
/// The same for a type that lives as long as the store.
abi::VMFuncRef* new_host_function(StoreImpl& store, runtime::TypeId type, RawHostFunc f, void* env);

/// The raw form of a dynamic function: `dynamic_host_func` with what `box_dynamic` answers as its env. One box serves
/// any number of stores of the engine.
Result<std::shared_ptr<void>> box_dynamic(runtime::Engine& engine, const FuncType& type, Func::Dynamic f);
RawHostFunc dynamic_host_func();

/// The same for a function in the raw form that may throw.
std::shared_ptr<void> box_raw(RawHostFunc f, void* env, std::shared_ptr<void> keep);
RawHostFunc raw_host_func();

}  // namespace vitrine::api

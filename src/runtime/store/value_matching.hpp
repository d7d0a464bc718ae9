// Whether what a host passes into a typed place of a store (an argument, a result, a global, an element) is of its
// type. All types in terms of the engine.
#pragma once

#include "abi/vmcontext.hpp"
#include "base/result.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;
class TypeRegistry;

/// The least type of a value of which `known` is known, by looking at what a reference refers to: a function has its
/// own type, null is of the bottom of its hierarchy.
wasm::ValType least_type(const TypeRegistry& types, const abi::ValRaw& value, wasm::ValType known);

/// Whether the value may stand where `expected` is. A function has to be one of the store: calling one of another would
/// run it in two worlds at once. The failure says what was expected and found.
Result<> matches(Store& store, const abi::ValRaw& value, wasm::ValType known, wasm::ValType expected);

/// The same, for a value that guests are going to find: a host function gets the code that they call.
Result<> admit(Store& store, const abi::ValRaw& value, wasm::ValType known, wasm::ValType expected);

}  // namespace vitrine::runtime

#include "runtime/store/value_matching.hpp"

#include <fmt/format.h>

#include "runtime/store/store.hpp"
#include "runtime/types/type_words.hpp"
#include "wasm/matching.hpp"

namespace vitrine::runtime {

using wasm::HeapType;
using wasm::ValType;

namespace {

/// The hierarchy of a reference type, by its top.
HeapType::Abstract top_of(const TypeRegistry& types, HeapType heap) {
  const auto abstract = heap.is_concrete() ? wasm::abstract_of(types.kind(heap.type_index())) : heap.abstract();
  return wasm::hierarchy_of(abstract).top;
}

const abi::VMFuncRef* function_in(const abi::ValRaw& value) {
  // SAFETY: the caller knows the value to be a function reference that is not null.
  return reinterpret_cast<const abi::VMFuncRef*>(value.ref);
}

}  // namespace

ValType least_type(const TypeRegistry& types, const abi::ValRaw& value, ValType known) {
  if (!known.is_ref()) return known;
  const HeapType::Abstract top = top_of(types, known.heap());
  if (value.ref == 0) return ValType::ref(wasm::hierarchy_of(top).bottom, true);
  if (top == HeapType::Func) return ValType::ref(HeapType::concrete(function_in(value)->type_id), false);
  return known.as_non_null();
}

Result<> matches(Store& store, const abi::ValRaw& value, ValType known, ValType expected) {
  const TypeRegistry& types = store.engine().types();
  const ValType found = least_type(types, value, known);
  if (!types.matches(found, expected)) {
    return fail(fmt::format("expected {}, found {}", in_words(types, expected), in_words(types, found)));
  }
  const bool is_function = known.is_ref() && value.ref != 0 && top_of(types, known.heap()) == HeapType::Func;
  // SAFETY: the contexts of instances and of host functions both begin with their store.
  if (is_function && function_in(value)->context->store != &store.vm()) {
    return fail("the function belongs to another store");
  }
  return {};
}

Result<> admit(Store& store, const abi::ValRaw& value, ValType known, ValType expected) {
  TRY(matches(store, value, known, expected));
  if (known.is_ref() && value.ref != 0 && top_of(store.engine().types(), known.heap()) == HeapType::Func) {
    store.resolve(const_cast<abi::VMFuncRef*>(function_in(value)));
  }
  return {};
}

}  // namespace vitrine::runtime

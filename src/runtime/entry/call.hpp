// The one way from the host into compiled code.
#pragma once

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"

namespace vitrine::runtime {

class Store;

/// Calls `function` of the store (the caller has checked that) with the arguments in `values`, which has room for the
/// larger of parameters and results and holds the results afterwards. May be called again from a host function.
/// Cost: a few nanoseconds over the call through the signature's trampoline.
Outcome<> call_function(Store& store, abi::VMFuncRef* function, abi::ValRaw* values);

}  // namespace vitrine::runtime

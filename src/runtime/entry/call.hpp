// The one way from the host into compiled code.
#pragma once

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"

namespace vitrine::runtime {

class Store;

/// Calls `function` of the store (the caller has checked that) with the arguments in `values`, which has room for the
/// larger of parameters and results and holds the results afterwards. May be called again from a host function.
/// Cost: a few nanoseconds over the call through the signature's trampoline. Answers null, or the failure, which is the
/// caller's from then on: a bare pointer, because an Outcome would be passed through memory at every call.
[[nodiscard]] Failure* enter_function(Store& store, abi::VMFuncRef* function, abi::ValRaw* values);
/// The same.
inline Outcome<> call_function(Store& store, abi::VMFuncRef* function, abi::ValRaw* values) {
  if (Failure* failure = enter_function(store, function, values)) return std::unexpected(FailurePtr(failure));
  return {};
}

/// A host function or yield hook that switched stacks goes on with the store's guest on this thread: to be called before
/// it comes back to the guest, if it was called on another, so that cancelling finds the guest.
void go_on_here(Store& store);

}  // namespace vitrine::runtime

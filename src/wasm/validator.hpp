// Validation of function bodies for its own sake.
#pragma once

#include "base/parallel.hpp"
#include "wasm/features.hpp"
#include "wasm/module.hpp"

namespace vitrine::wasm {

/// Validates the body of the defined function `index`. For many functions `validate_module`, or a `FunctionReader` of
/// one's own, is cheaper: they keep scratch memory.
Result<> validate_function(const Module& module, const Features& features, uint32_t index);

/// Validates all bodies, in order. The error is that of the first bad one, but a malformed body anywhere counts for
/// more than an invalid one. The answer does not depend on the number of threads.
Result<> validate_module(const Module& module, const Features& features, WorkerPool* pool = nullptr);

}  // namespace vitrine::wasm

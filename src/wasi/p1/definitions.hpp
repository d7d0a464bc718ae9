// WASI 0.1 as host functions of a linker.
#pragma once

#include <vitrine/linker.hpp>

#include <memory>

#include "wasi/p1/abi.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine::wasi::p1 {

/// Defines every function of `abi` under its module name; the guests that import them share `state`.
Result<void> add_to_linker(Linker& linker, std::shared_ptr<P1State> state, Abi abi);

}  // namespace vitrine::wasi::p1

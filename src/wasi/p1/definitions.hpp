// WASI 0.1 as host functions of a linker, which find the guest they work for in the store.
#pragma once

#include <vitrine/linker.hpp>

#include "wasi/p1/abi.hpp"

namespace vitrine::wasi::p1 {

/// Defines every function of `abi` under its module name.
Result<> define(Linker& linker, Abi abi);

/// The key of a store's P1State among its data.
inline constexpr char kStoreKey = 0;

}  // namespace vitrine::wasi::p1

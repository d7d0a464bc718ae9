// The module reader: bytes to `Module`, decoding and validating everything but the bodies of functions, which
// function_reader.hpp does one by one (in parallel, or when they are first called).
#pragma once

#include "wasm/features.hpp"
#include "wasm/module.hpp"

namespace vitrine::wasm {

struct ReadOptions {
  /// The module comes without the bodies of its functions, as a precompiled image keeps it: the code section may be
  /// left out, and bodies may be of no bytes.
  bool declarations_only = false;
};

/// Reads `bytes`, of which the `Module` keeps views: they have to outlive it. Errors end with "at offset 0x..." and are
/// `Malformed` (no module at all), `Invalid` (against the validation rules), `Unsupported` (needs a feature that is
/// off) or `Limit`; where bytes are both malformed and invalid, `Malformed` is reported. Cost: O(n log n) time and O(n)
/// memory in the size of the declarations; the bytes of bodies are not looked at.
Result<Module> read_module(std::span<const uint8_t> bytes, const Features& features = {},
                           const ReadOptions& options = {});

/// Whether `bytes` begin as a core module does (magic and version 1).
bool is_module(std::span<const uint8_t> bytes);

}  // namespace vitrine::wasm

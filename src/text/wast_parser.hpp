// Test scripts (.wast): text to a list of commands. See wast_script.hpp for what comes out.
//
// Lenient: a command that cannot be read becomes one of kind Malformed and the next one is read; only text that is no
// sequence of S-expressions (or has illegal characters) fails as a whole. Cost: linear in the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "text/wast_script.hpp"
#include "wasm/features.hpp"

namespace vitrine::text {

/// `source` has to outlive the script.
Result<Script> parse_wast(std::string_view source);

/// The binary form of a module of forms Text, Binary and Quote. Errors in text have the script's line numbers; in a
/// quote, the quote's own.
Result<std::vector<uint8_t>> encode_module(const Script& script, const ScriptModule& module,
                                           const wasm::Features& features);

}  // namespace vitrine::text

// The text format of modules: text in, the binary format out.
//
// The bytes are what the specification's abbreviations prescribe: implicit function types are appended behind the
// explicit ones in order of first use, inline imports, exports and segments are expanded in place, LEBs are minimal,
// the data count section is there when an instruction needs it. Identifiers go into a name section. Nothing is
// validated beyond what the text format itself asks for: reader and validator see the bytes next, and refuse features
// that are off.
//
// Cost: linear in the text; nesting uses an explicit stack, never the C++ one.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "text/source.hpp"
#include "wasm/features.hpp"

namespace vitrine::text {

/// Parses `(module ...)` or bare module fields. Errors are of kind Malformed: "line:column: message", source line,
/// caret.
Result<std::vector<uint8_t>> parse_wat(std::string_view source, const wasm::Features& features);

/// The same for a module inside a script: `source` is the range of its form, which may begin `(module definition ...`.
Result<std::vector<uint8_t>> parse_wat_in_script(const Source& source, const wasm::Features& features);

}  // namespace vitrine::text

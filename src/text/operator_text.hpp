// One operator in the flat text format, for people: listings and explorers. Indices are numbers.
#pragma once

#include <string>

#include "wasm/operator.hpp"

namespace vitrine::text {

/// "i32.load offset=8", "br_table 0 1 2", "block (result i32)".
std::string operator_text(const wasm::Operator& op);

}  // namespace vitrine::text

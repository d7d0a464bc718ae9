// Reads the text that print.hpp describes: for tests, golden files and dumps fed back.
//
// Values and blocks are numbered in the order of the text; a comment runs from `;` to the end of the line. What is read
// is well formed as a data structure; whether it is correct SSA is the verifier's question.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "compiler/ir/func.hpp"

namespace vitrine::ir {

Result<Func> parse(std::string_view text);

}  // namespace vitrine::ir

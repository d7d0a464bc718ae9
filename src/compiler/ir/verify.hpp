// Checks everything that func.hpp's header comment promises, and the types of every instruction.
//
// In debug builds it runs after translation and after every pass. Cost: that of the dominator tree, then linear.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

/// The first thing that is wrong, with the instruction it was found in; none if all holds.
std::optional<std::string> verify(const Func& func);

}  // namespace vitrine::ir

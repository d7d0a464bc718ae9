// A copy of a function without what passes left behind: only what is in the layout, densely numbered.
//
// For functions that are kept, such as bodies to inline: an optimised function holds many times what it still uses.
// Cost: O(size of the original).
#pragma once

#include "compiler/ir/func.hpp"

namespace vitrine::ir {

/// No instruction of the copy mentions an alias. Every block of `func` must be reachable.
Func compact(const Func& func);

}  // namespace vitrine::ir

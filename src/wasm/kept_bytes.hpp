// A module's move to a copy of some of its bytes (a precompiled image keeps all but the bodies of functions), so that
// declarations that were read once need not be read again from the copy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wasm/module.hpp"

namespace vitrine::wasm {

/// Which of a module's bytes a copy holds, and where.
struct KeptBytes {
  struct Run {
    std::span<const uint8_t> from;
    size_t to = 0;  // offset in the copy
  };
  std::vector<Run> runs;  // in the order of the module's bytes
};

/// Makes the views that `module` has of the bytes it was read from views of `copy`. What the copy does not hold becomes
/// empty (data segments, the bodies of all functions) or is gone (custom sections): the module is as if it were read
/// from the copy with `declarations_only`. Cost: O(n log n) in the number of declarations with views.
void move_to_copy(Module& module, std::span<const uint8_t> copy, const KeptBytes& kept);

}  // namespace vitrine::wasm

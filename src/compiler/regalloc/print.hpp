// Text of an allocation problem and of its answer, for golden tests, traces and the checker's messages.
#pragma once

#include <string>

#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

std::string to_string(PReg r);        // r3, f0
std::string to_string(Allocation a);  // r3, f0, s12
std::string to_string(const Edit& e);

/// The whole program in the form `parse` reads; with an Output, each operand is followed by `@` and its allocation,
/// and edits stand on lines of their own, which begin with `+`.
std::string print(const Input& in, const Output* out = nullptr);
/// The same for a few instructions round `inst`.
std::string print_around(const Input& in, const Output* out, uint32_t inst, uint32_t radius = 6);

}  // namespace vitrine::regalloc

// The back ends that there are. Nothing above this folder knows one by name.
#pragma once

#include "compiler/mach/backend.hpp"

namespace vitrine::compiler {

/// The one for the machine that this program runs on.
const mach::Target& host_target();

}  // namespace vitrine::compiler

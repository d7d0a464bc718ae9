// The host module `spectest` that the specification's scripts import.
#pragma once

#include <vitrine/linker.hpp>

namespace vitrine::cli {

Result<> define_spectest(Linker& linker, Store& store);

}  // namespace vitrine::cli

// From a module and what it imports to an instance that has run its start function.
#pragma once

#include <memory>
#include <span>

#include "runtime/failure/failure.hpp"
#include "runtime/store/extern.hpp"

namespace vitrine::runtime {

class CompiledModule;
class Instance;
class Store;

/// Checks the imports (in the module's order), allocates, initialises and runs the start function. Installs the trap
/// handler, once in the process, if the engine's code needs it.
Outcome<Instance*> instantiate(Store& store, std::shared_ptr<const CompiledModule> module,
                               std::span<const Extern> imports);

}  // namespace vitrine::runtime

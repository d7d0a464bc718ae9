// Whether what is offered for an import is of the type it asks for (spec: valid/matching, external types).
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "runtime/store/extern.hpp"

namespace vitrine::runtime {

class CompiledModule;
class Store;

/// `imports` in the module's order; everything has to belong to `store`. Tables and memories count with their size now.
Result<> match_imports(Store& store, const CompiledModule& module, std::span<const Extern> imports);

/// What an import of the module asks for, in words: "func (i32) -> ()", "memory 1..2".
std::string describe_import(const CompiledModule& module, uint32_t import);
/// What is there, in the same words.
std::string describe(Store& store, const Extern& value);

}  // namespace vitrine::runtime

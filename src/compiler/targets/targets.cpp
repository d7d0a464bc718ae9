#include "compiler/targets/targets.hpp"

#include "compiler/x64/backend.hpp"

namespace vitrine::compiler {

const mach::Target& host_target() {
  return x64::kTarget;
}

}  // namespace vitrine::compiler

#include "compiler/opt/passes.hpp"
namespace vitrine::opt {
void memory(ir::Func&, PassCtx&) {}
}  // namespace vitrine::opt

#include "compiler/opt/passes.hpp"
namespace vitrine::opt {
void licm(ir::Func&, PassCtx&) {}
}  // namespace vitrine::opt

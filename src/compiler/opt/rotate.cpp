#include "compiler/opt/passes.hpp"
namespace vitrine::opt {
void rotate(ir::Func&, PassCtx&) {}
}  // namespace vitrine::opt

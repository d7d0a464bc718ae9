#include "compiler/opt/passes.hpp"
namespace vitrine::opt {
void branches(ir::Func&, PassCtx&) {}
}  // namespace vitrine::opt

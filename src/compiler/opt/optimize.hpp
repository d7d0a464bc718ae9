// The optimiser's entry point.
#pragma once

#include "compiler/opt/pass.hpp"

namespace vitrine::opt {

/// Runs the passes of `settings.level` over `func`, which must be valid (ir/verify.hpp). Afterwards, at every level: no
/// instruction mentions an alias, every block is reachable, blocks are in their final order, and only blocks with one
/// successor pass arguments or lead to a block with several predecessors (no critical edges).
void optimize(ir::Func& func, const OptSettings& settings, PassCtx& ctx);

}  // namespace vitrine::opt

// The passes, each in the file of its name.
#pragma once

#include "compiler/opt/pass.hpp"

namespace vitrine::opt {

/// Removes unreachable blocks.
void reach(ir::Func& func, PassCtx& ctx);
/// Removes block parameters that are always one value.
void simplify_params(ir::Func& func, PassCtx& ctx);
/// Threads jumps through empty blocks, merges straight lines, simplifies branches.
void branches(ir::Func& func, PassCtx& ctx);
/// Makes loops that test at the top test at the bottom.
void rotate(ir::Func& func, PassCtx& ctx);
/// Rewrite rules and value numbering over the dominator tree.
void gvn(ir::Func& func, PassCtx& ctx);
/// Redundant loads and dead stores.
void memory(ir::Func& func, PassCtx& ctx);
/// Moves what does not change out of loops.
void licm(ir::Func& func, PassCtx& ctx);
/// Removes what nothing observable needs; resolves aliases.
void dce(ir::Func& func, PassCtx& ctx);
/// Splits critical edges and orders the blocks.
void layout(ir::Func& func, PassCtx& ctx);
/// For the fast mode: the producer's order, but cold blocks go to the end. Critical edges are left to lowering.
void layout_as_built(ir::Func& func, PassCtx& ctx);

}  // namespace vitrine::opt

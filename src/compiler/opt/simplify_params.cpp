// Removes block parameters that are always one value: every branch passes that value, or the parameter itself.
//
// A removal can make another parameter redundant. Passes over the blocks alternate in direction, because a chain of
// joins is solved in one forward pass and a nest of loops in one backward pass; shapes that mix both need a few more,
// and after kMaxPasses what is left stays (correct, only not as small as it could be). Cost: O(arguments), at most
// kMaxPasses times.
#include <algorithm>

#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

constexpr int kMaxPasses = 8;

struct Scratch {
  std::vector<uint8_t> keep;
  std::vector<Value> only;  // per parameter of the block: the one value passed, none if undecided
  std::vector<Block> blocks;
};

/// Makes aliases of the redundant parameters of `b`. Their arguments go later, in one sweep.
bool find_redundant(Func& f, const Cfg& cfg, Block b, Scratch& s) {
  const auto& params = f[b].params;
  auto preds = cfg.preds(b);
  size_t open = params.size();
  // `only[k]`: none: nothing seen but the parameter itself; the parameter: two values seen.
  s.only.assign(params.size(), Value());
  for (size_t k = 0; k < params.size(); ++k) {
    if (f[params[k]].kind == ValueKind::Alias) {
      s.only[k] = params[k];
      --open;
    }
  }
  for (const Edge& e : preds) {
    if (open == 0) return false;
    auto args = f.args(f.block_calls[e.call]);
    for (size_t k = 0; k < params.size(); ++k) {
      if (s.only[k] == params[k]) continue;
      Value v = args[k] = f.resolve(args[k]);
      if (v == params[k] || v == s.only[k]) continue;
      if (s.only[k].valid()) {
        s.only[k] = params[k];
        --open;
      } else {
        s.only[k] = v;
      }
    }
  }
  bool changed = false;
  for (size_t k = 0; k < params.size(); ++k) {
    if (s.only[k] == params[k] || !s.only[k].valid()) continue;
    // Two parameters of this block may each be passed the other only by an earlier alias; resolve once more.
    Value to = f.resolve(s.only[k]);
    if (to == params[k]) continue;
    f.make_alias(params[k], to);
    changed = true;
  }
  return changed;
}

}  // namespace

void simplify_params(Func& f, PassCtx& ctx) {
  Scratch& s = ctx.scratch<Scratch>();
  const Cfg& cfg = ctx.cfg(f);
  s.blocks.clear();
  for (Block b : cfg.rpo().subspan(1))
    if (!f[b].params.empty()) s.blocks.push_back(b);

  bool any = false;
  int quiet = 0;  // passes in a row that changed nothing, one of each direction ends it
  for (int pass = 0; pass < kMaxPasses && quiet < 2; ++pass) {
    bool changed = false;
    for (Block b : s.blocks) changed |= find_redundant(f, cfg, b, s);
    std::reverse(s.blocks.begin(), s.blocks.end());
    any |= changed;
    quiet = changed ? 0 : quiet + 1;
  }
  if (!any) return;

  for (Block b : s.blocks) {
    const auto& params = f[b].params;
    s.keep.resize(params.size());
    bool all = true;
    for (size_t k = 0; k < params.size(); ++k) {
      s.keep[k] = f[params[k]].kind == ValueKind::Param;
      all &= s.keep[k];
    }
    if (all) continue;
    for (const Edge& e : cfg.preds(b)) f.filter_args(f.block_calls[e.call], s.keep);
    f.filter_params(b, s.keep);
  }
}

}  // namespace vitrine::opt

// Value numbering with rewrite rules, in one walk over the dominator tree.
//
// Each instruction is simplified (rules/), then looked up among those already seen: an equal one whose block dominates
// this one takes its place. Because the walk is a preorder of the tree, an entry whose block does not dominate the
// current one is out of scope for good, so one table without scopes does. Conditions: on the way out of a branch the
// condition is known; so it is after a conditional trap. A dominated branch, select or trap on the same value is
// decided by it. Cost: O(instructions) with a bounded number of rewrites each.
#include <algorithm>

#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewriter.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

bool is_numbered(const InstData& d) {
  return is_computation(d.op) || (d.op == Op::Load && d.flags & kReadonly);
}

/// What simplify_control is for.
bool is_control(Op op) {
  return is_terminator(op) || info(op).group == Group::TrapIf;
}

/// What has several results and no rules: constants are folded, and an equal one before takes its place. Answers the
/// instruction after it.
Inst number_results(Rewriter& r, Inst i) {
  Func& f = r.f();
  Inst next = f.next(i);
  uint64_t bits[4] = {};
  bool all_known = info(f[i].op).group == Group::Wide;
  for (size_t n = 0; Value & v : f.args(i)) {
    v = f.resolve(v);
    all_known = all_known && r.constant(v, &bits[n++]);
  }
  if (all_known) {
    Bits128 value = fold_wide(f[i].op, bits);
    f.make_alias(f.result(i, 0), r.iconst(Type::I64, value.lo));
    f.make_alias(f.result(i, 1), r.iconst(Type::I64, value.hi));
    f.remove(i);
  } else if (is_numbered(f[i])) {
    Inst equal = r.number(i);
    if (equal == i) return next;
    for (uint32_t n = 0; n < f[i].result_count; ++n) f.make_alias(f.result(i, n), f.result(equal, n));
    f.remove(i);
  }
  return next;
}

/// What the only edge into `b` says about the branch it comes from.
void learn_from_edge(Rewriter& r, const Cfg& cfg, Block b) {
  auto preds = cfg.preds(b);
  if (preds.size() != 1) return;
  Func& f = r.f();
  Inst t = f[preds[0].from].last;
  if (f[t].op != Op::BrIf) return;
  // The successors may have changed places since the graph was computed.
  r.learn(r.arg(t, 0), f.succs(t)[0].target == b);
}

}  // namespace

void gvn(Func& f, PassCtx& ctx) {
  Rewriter& r = ctx.scratch<Rewriter>();
  const DomTree& dom = ctx.dom(f);
  const Cfg& cfg = ctx.cfg(f);
  r.start(f, dom);
  Change change = Change::None;
  for (Block b : dom.preorder()) {
    r.enter(b);
    learn_from_edge(r, cfg, b);
    for (Inst i = f[b].first; i.valid();) {
      r.set_cursor(i);
      const InstData& d = f[i];
      if (is_control(d.op)) {
        Inst next = f.next(i);
        change = std::max(change, simplify_control(r, i));
        // A trap that always happens ends the block; one that never happens is gone.
        i = f[i].block.valid() && is_terminator(f[i].op) ? Inst() : next;
        continue;
      }
      if (is_call(d.op)) {
        for (Value& v : f.args(i)) v = f.resolve(v);
        i = f.next(i);
        continue;
      }
      if (d.result_count > 1) {
        i = number_results(r, i);
        continue;
      }
      Value own = d.result;
      Value v = own.valid() ? r.simplify(i) : apply_rules(r, i);
      if (own.valid() && v == own && is_numbered(f[i])) v = f.result(r.number(i));
      Inst next = f.next(i);
      if (own.valid() && v != own) {
        f.make_alias(own, v);
        f.remove(i);
      }
      i = next;
    }
  }
  if (change == Change::Edges) ctx.edges_changed();
  if (change == Change::Graph) {
    ctx.graph_changed();
    remove_unreachable(f, ctx.cfg(f));
    branches(f, ctx);
  }
}

}  // namespace vitrine::opt

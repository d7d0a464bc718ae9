// Removes instructions and block parameters that nothing observable needs, and resolves every alias.
//
// In:  valid SSA, possibly with aliases. Out: no operand is an alias; a value has a use or its instruction an effect.
// Liveness starts at what has an effect (stores, calls, traps, terminators) and follows arguments; a parameter makes
// only the arguments of its own position live, so a cycle of parameters that feeds nothing but itself goes. Cost:
// O(instructions + arguments).
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

struct Scratch {
  std::vector<uint8_t> live_value;
  std::vector<Value> work;
  std::vector<uint8_t> keep;
};

/// Whether nothing observable needs `i`.
bool is_dead(const Func& f, Inst i, const std::vector<uint8_t>& live) {
  if (!is_removable(f[i])) return false;
  bool dead = true;
  f.for_each_result(i, [&](Value v) { dead &= !live[v.raw()]; });
  return dead;
}

}  // namespace

void dce(Func& f, PassCtx& ctx) {
  Scratch& s = ctx.scratch<Scratch>();
  const Cfg& cfg = ctx.cfg(f);
  s.live_value.assign(f.num_values(), 0);
  s.work.clear();
  auto need = [&](Value v) {
    if (s.live_value[v.raw()]) return;
    s.live_value[v.raw()] = 1;
    s.work.push_back(v);
  };
  for (Block b : cfg.rpo()) {
    for (Inst i = f[b].first; i.valid(); i = f.next(i)) {
      bool root = !is_removable(f[i]);
      for (Value& v : f.args(i)) {
        v = f.resolve(v);
        if (root) need(v);
      }
      for (const BlockCall& c : f.succs(i))
        for (Value& v : f.args(c)) v = f.resolve(v);
    }
  }
  while (!s.work.empty()) {
    Value v = s.work.back();
    s.work.pop_back();
    const ValueData d = f[v];
    if (d.kind == ValueKind::Result) {
      Inst i(d.def);
      if (is_removable(f[i]))  // otherwise its arguments are roots already
        for (Value arg : f.args(i)) need(arg);
    } else {
      for (const Edge& e : cfg.preds(Block(d.def))) need(f.args(f.block_calls[e.call])[d.num]);
    }
  }
  for (Block b : cfg.rpo()) {
    for (Inst i = f[b].first; i.valid();) {
      Inst next = f.next(i);
      if (is_dead(f, i, s.live_value)) f.remove(i);
      i = next;
    }
    if (b == f.layout[0] || f[b].params.empty()) continue;
    const auto& params = f[b].params;
    s.keep.resize(params.size());
    bool all = true;
    for (size_t k = 0; k < params.size(); ++k) all &= s.keep[k] = s.live_value[params[k].raw()];
    if (all) continue;
    for (const Edge& e : cfg.preds(b)) f.filter_args(f.block_calls[e.call], s.keep);
    f.filter_params(b, s.keep);
  }
}

}  // namespace vitrine::opt

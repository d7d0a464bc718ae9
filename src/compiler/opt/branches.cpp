// Simplifies the graph: jumps through empty blocks, branches whose targets are equal, straight lines of blocks.
//
//   - An edge to a block that only jumps on goes where that jump goes, unless that is a loop's header: the block is
//   then a
//     preheader or a latch, which later passes want.
//   - A branch to one target with equal arguments is a jump; with one integer argument that differs, a jump with a
//   select.
//   - A block whose only successor has no other predecessor absorbs it.
// Cost: O(instructions + arguments); the arguments that threading copies are bounded by kMaxArgs an edge.
#include <algorithm>

#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

constexpr uint32_t kMaxArgs = 8;

struct Scratch {
  std::vector<uint8_t> forwards;  // by block: it is a jump and nothing else, and its parameters go nowhere else
  std::vector<uint32_t> uses;     // by value, of the parameters of such blocks
  std::vector<Value> args;
};

/// Whether `b` heads a loop or closes an irreducible one: an edge comes from behind.
bool has_back_edge(const Cfg& cfg, Block b) {
  auto preds = cfg.preds(b);
  return std::ranges::any_of(preds, [&](const Edge& e) { return cfg.number(e.from) >= cfg.number(b); });
}

/// Finds the blocks through which edges may be threaded. False if there are none.
bool find_forwards(Func& f, const Cfg& cfg, Scratch& s) {
  s.forwards.assign(f.num_blocks(), 0);
  bool any = false, params = false;
  for (Block b : cfg.rpo().subspan(1)) {
    const BlockData& d = f[b];
    if (d.first != d.last || f[d.last].op != Op::Jump) continue;
    const BlockCall& c = f.succs(d.last)[0];
    if (c.target == b || c.arg_count > kMaxArgs || has_back_edge(cfg, c.target)) continue;
    s.forwards[b.raw()] = 1;
    any = true;
    params |= !d.params.empty();
  }
  if (!params) return any;
  // A parameter used anywhere but in its own block's jump would lose its definition.
  s.uses.assign(f.num_values(), 0);
  for (Block b : cfg.rpo()) {
    bool own = s.forwards[b.raw()];
    for (Inst i = f[b].first; i.valid(); i = f.next(i)) {
      for (Value v : f.args(i)) ++s.uses[f.resolve(v).raw()];
      for (const BlockCall& c : f.succs(i))
        for (Value v : f.args(c)) {
          v = f.resolve(v);
          if (!(own && f[v].kind == ValueKind::Param && f[v].def == b.raw())) ++s.uses[v.raw()];
        }
    }
  }
  for (Block b : cfg.rpo())
    if (s.forwards[b.raw()])
      s.forwards[b.raw()] = std::ranges::none_of(f[b].params, [&](Value p) { return s.uses[p.raw()] != 0; });
  return any;
}

/// Makes the call numbered `call` go where its target's jump goes. Its target forwards.
void thread(Func& f, uint32_t call, Scratch& s) {
  BlockCall& c = f.block_calls[call];
  Block through = c.target;
  const BlockCall on = f.succs(f[through].last)[0];
  s.args.clear();
  for (Value v : f.args(on)) {
    v = f.resolve(v);
    const ValueData& d = f[v];
    s.args.push_back(d.kind == ValueKind::Param && d.def == through.raw() ? f.args(c)[d.num] : v);
  }
  c.target = on.target;
  if (s.args.size() > c.arg_count) {
    c.first_arg = f.pool_list(s.args);
  } else {
    std::ranges::copy(s.args, f.args(c).begin());
  }
  c.arg_count = static_cast<uint32_t>(s.args.size());
}

/// A branch both of whose edges lead to one block.
bool join_equal(Func& f, Inst t) {
  auto s = f.succs(t);
  if (s[0].target != s[1].target) return false;
  auto x = f.args(s[0]), y = f.args(s[1]);
  size_t differ = x.size();
  for (size_t k = 0; k < x.size(); ++k) {
    x[k] = f.resolve(x[k]);
    y[k] = f.resolve(y[k]);
    if (x[k] == y[k]) continue;
    if (differ != x.size() || !is_int(f.type_of(x[k]))) return false;
    differ = k;
  }
  if (differ != x.size()) {
    InstData d{};
    d.op = Op::Select;
    d.type = f.type_of(x[differ]);
    d.srcloc = f[t].srcloc;
    d.a[0] = f[t].a[0];
    d.a[1] = x[differ].raw();
    d.a[2] = y[differ].raw();
    Inst select = f.make_inst1(d, d.type);
    f.insert_before(select, t);
    x[differ] = f.result(select);
  }
  InstData& d = f[t];
  d.op = Op::Jump;
  d.type = Type::None;
  d.flags = 0;
  d.a[0] = ~0u;
  d.a[2] = 1;
  return true;
}

/// Appends to `b` what follows it without a choice.
bool absorb(Func& f, const Cfg& cfg, Block b) {
  bool any = false;
  for (;;) {
    Inst t = f[b].last;
    if (f[t].op != Op::Jump) return any;
    const BlockCall c = f.succs(t)[0];
    if (c.target == b || cfg.preds(c.target).size() != 1) return any;
    const auto& params = f[c.target].params;
    for (size_t k = 0; k < params.size(); ++k) f.make_alias(params[k], f.args(c)[k]);
    f[c.target].params.clear();
    f.remove(t);
    f.splice(b, c.target);
    f[b].cold |= f[c.target].cold;
    f[c.target].placed = 0;
    any = true;
  }
}

}  // namespace

void branches(Func& f, PassCtx& ctx) {
  Scratch& s = ctx.scratch<Scratch>();
  const Cfg& cfg = ctx.cfg(f);
  bool changed = false, any = find_forwards(f, cfg, s);
  // Successors first, so that what a block forwards to forwards no more.
  for (size_t k = cfg.rpo().size(); k-- > 0;) {
    Inst t = f[cfg.rpo()[k]].last;
    uint32_t first = f[t].a[1], end = any ? first + static_cast<uint32_t>(f.succs(t).size()) : first;
    for (uint32_t call = first; call < end; ++call) {
      for (int steps = 0; steps < 4 && s.forwards[f.block_calls[call].target.raw()]; ++steps) {
        thread(f, call, s);
        changed = true;
      }
    }
    if (f[t].op == Op::BrIf) changed |= join_equal(f, t);
  }
  if (changed) {
    ctx.graph_changed();
    remove_unreachable(f, ctx.cfg(f));
  }
  bool merged = false;
  for (Block b : cfg.rpo())
    if (f[b].first.valid()) merged |= absorb(f, cfg, b);
  if (!merged) return;
  std::erase_if(f.layout, [&](Block b) { return !f[b].placed; });
  ctx.graph_changed();
}

}  // namespace vitrine::opt

// Simplifies the graph: jumps through empty blocks, branches whose targets are equal, straight lines of blocks.
//
//   - An edge to a block that only jumps on goes where that jump goes, unless that is a loop's header: the block is
//     then a preheader or a latch, which later passes want.
//   - A branch to one target with equal arguments is a jump; with one integer argument that differs, a jump with a
//     select.
//   - A block whose only successor has no other predecessor absorbs it.
//   - A table of few targets becomes comparisons, which are predicted one by one; an indirect jump often is not.
// Cost: O(instructions + arguments); the arguments that threading copies are bounded by kMaxArgs an edge.
#include <algorithm>

#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

constexpr uint32_t kMaxArgs = 8;
constexpr size_t kMaxRanges = 4;  // of a table that becomes comparisons

struct Scratch {
  std::vector<uint8_t> forwards;  // by block: it is a jump and nothing else, and its parameters go nowhere else
  std::vector<uint32_t> uses;     // by value, of the parameters of such blocks
  std::vector<Value> args;
  struct NewBlock {
    Block after, block;
  };
  std::vector<NewBlock> blocks;
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

/// The cases from `first` on, up to the next range, all go to `call`.
struct Range {
  uint32_t first;
  BlockCall call;
};

Value make(Func& f, Block b, Op op, IntCC cc, Type type, Value x, uint64_t c, uint32_t srcloc) {
  InstData d{};
  d.op = op;
  d.type = type;
  d.srcloc = srcloc;
  if (op == Op::IConst) {
    d.set_imm64(c);
  } else {
    d.aux = static_cast<uint8_t>(cc);
    d.a[0] = x.raw();
    d.a[1] = make(f, b, Op::IConst, cc, Type::I32, Value(), c, srcloc).raw();
  }
  Inst i = f.make_inst1(d, Type::I32);
  f.append(b, i);
  return f.result(i);
}

/// Ends `b` by comparisons that find the range of `index`. At most kMaxRanges deep.
void branch_to_range(Func& f, Block b, Block root, Value index, std::span<const Range> ranges, uint32_t srcloc,
                     Scratch& s) {
  // The default is the last range and taken apart first, unless there are enough to halve.
  size_t half = ranges.size() == 4 ? 2 : ranges.size() - 1;
  auto side = [&](std::span<const Range> part) {
    if (part.size() == 1) return part[0].call;
    Block next = f.make_block();
    f[next].cold = f[b].cold;
    s.blocks.push_back({root, next});
    branch_to_range(f, next, root, index, part, srcloc, s);
    return BlockCall{next, 0, 0};
  };
  Value below = make(f, b, Op::ICmp, IntCC::ULt, Type::I32, index, ranges[half].first, srcloc);
  BlockCall calls[2] = {side(ranges.first(half)), side(ranges.subspan(half))};
  InstData d{};
  d.op = Op::BrIf;
  d.type = Type::I32;
  d.srcloc = srcloc;
  d.a[0] = below.raw();
  d.a[1] = f.pool_calls(calls);
  d.a[2] = 2;
  f.append(b, f.make_inst(d, {}));
}

/// A table of few ranges becomes comparisons.
bool expand_table(Func& f, Block b, Scratch& s) {
  Inst t = f[b].last;
  Range ranges[kMaxRanges];
  size_t count = 0;
  auto succs = f.succs(t);
  for (uint32_t k = 0; k < succs.size(); ++k) {
    if (count > 0 && f.same_call(ranges[count - 1].call, succs[k])) continue;
    if (count == kMaxRanges) return false;
    ranges[count++] = {k, succs[k]};
  }
  if (count < 2) return false;  // gvn makes it a jump
  Value index = f.resolve(f.args(t)[0]);
  uint32_t srcloc = f[t].srcloc;
  f.remove(t);
  branch_to_range(f, b, b, index, {ranges, count}, srcloc, s);
  return true;
}

/// Expands small tables; true if there was one.
bool expand_tables(Func& f, Scratch& s) {
  s.blocks.clear();
  bool any = false;
  for (Block b : f.layout)
    if (f[f[b].last].op == Op::BrTable) any |= expand_table(f, b, s);
  if (s.blocks.empty()) return any;
  // The new blocks stand right behind those they come from.
  std::vector<Block> layout;
  size_t next = 0;
  for (Block b : f.layout) {
    layout.push_back(b);
    for (; next < s.blocks.size() && s.blocks[next].after == b; ++next) layout.push_back(s.blocks[next].block);
  }
  f.layout = std::move(layout);
  for (const auto& [after, block] : s.blocks) f[block].placed = 1;
  return any;
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
  if (expand_tables(f, s)) ctx.graph_changed();
  const Cfg& cfg = ctx.cfg(f);
  bool changed = false, any = find_forwards(f, cfg, s);
  // Successors first, so that what a block forwards to forwards no more.
  for (size_t k = cfg.rpo().size(); k-- > 0;) {
    Inst t = f[cfg.rpo()[k]].last;
    uint32_t first = f.first_succ(t), end = any ? first + static_cast<uint32_t>(f.succs(t).size()) : first;
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

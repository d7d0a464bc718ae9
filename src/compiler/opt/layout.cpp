// The final order of the blocks, with critical edges split.
//
// Order: a loop is contiguous, its header first; inside a loop and outside, blocks follow reverse postorder, and of two
// successors the one that stood first in the producer's order (the order of the source) or is hinted likely comes
// first, so that it is reached by falling through. Blocks that are seldom reached (they trap, are flagged or hinted
// cold, lead to such blocks only or are reached from such only) stand at the end.
//
// Lowering takes this order as it is, and expects critical edges to be split, so both functions here do that. Cost:
// O(blocks + edges + arguments).
#include <algorithm>

#include "compiler/ir/critical_edges.hpp"
#include "compiler/opt/passes.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

struct Scratch {
  EdgeSplitter edges;
  std::vector<uint32_t> position;  // in the old order
  std::vector<uint8_t> seen;
  struct Frame {
    Block block;
    uint32_t first;  // its successors stand in `sorted` from here
  };
  std::vector<Frame> stack;
  std::vector<Block> rpo;
  std::vector<uint32_t> sorted;  // successors of all blocks on the stack, in the order to visit
  std::vector<uint32_t> next, first_child, next_item, last_child;
  std::vector<Block> order, cold;
};

/// Marks blocks cold from which only cold blocks are reached, then those that only cold blocks reach.
void spread_cold(Func& f, const Cfg& cfg) {
  auto rpo = cfg.rpo();
  for (size_t k = rpo.size(); k-- > 1;) {
    BlockData& b = f[rpo[k]];
    if (b.cold) continue;
    if (f[b.last].op == Op::Trap) {
      b.cold = 1;
      continue;
    }
    auto succs = f.succs(b.last);
    b.cold = !succs.empty() && std::ranges::all_of(succs, [&](const BlockCall& c) { return f[c.target].cold != 0; });
  }
  for (Block b : rpo.subspan(1)) {
    if (f[b].cold) continue;
    bool all = true;
    for (const Edge& e : cfg.preds(b)) {
      bool hinted = is_unlikely(f, f[e.from].last, e.call);
      all &= hinted || (f[e.from].cold && cfg.number(e.from) < cfg.number(b));
    }
    f[b].cold = all;
  }
}

/// Reverse postorder in which the preferred successor comes soonest.
void order_rpo(Func& f, Scratch& s) {
  uint32_t n = f.num_blocks();
  s.position.assign(n, 0);
  for (uint32_t k = 0; k < f.layout.size(); ++k) s.position[f.layout[k].raw()] = k;
  s.seen.assign(n, 0);
  s.rpo.clear();
  s.sorted.clear();
  // The top frame's successors end `sorted`, the one to visit next last.
  auto& stack = s.stack;
  stack.clear();
  auto push = [&](Block b) {
    s.seen[b.raw()] = 1;
    stack.push_back({b, static_cast<uint32_t>(s.sorted.size())});
    size_t from = s.sorted.size();
    for (const BlockCall& c : f.succs(f[b].last))
      if (!s.seen[c.target.raw()]) s.sorted.push_back(c.target.raw());
    // Visited first means placed last: the successor that stood furthest down goes first. An edge block made by
    // splitting stands for its target.
    auto key = [&](uint32_t t) {
      Block block(t);
      const BlockData& d = f[block];
      if (d.first == d.last && f[d.last].op == Op::Jump) {
        uint32_t target = f.succs(d.last)[0].target.raw();
        // An edge back to a block already placed: the shorter way first, so that it ends its loop.
        return s.seen[target] ? 0 : s.position[target];
      }
      return s.position[t];
    };
    auto begin = s.sorted.begin() + static_cast<ptrdiff_t>(from);
    if (s.sorted.size() - from == 2) {
      if (key(begin[0]) > key(begin[1])) std::swap(begin[0], begin[1]);
    } else if (s.sorted.size() - from > 2) {
      std::sort(begin, s.sorted.end(), [&](uint32_t x, uint32_t y) {
        uint32_t kx = key(x), ky = key(y);
        return kx != ky ? kx < ky : x < y;
      });
    }
  };
  push(f.layout[0]);
  while (!stack.empty()) {
    if (s.sorted.size() == stack.back().first) {
      s.rpo.push_back(stack.back().block);
      stack.pop_back();
      continue;
    }
    uint32_t t = s.sorted.back();
    s.sorted.pop_back();
    if (!s.seen[t]) push(Block(t));
  }
  std::reverse(s.rpo.begin(), s.rpo.end());
}

/// Flattens the tree of loops: a loop's blocks follow its header without interruption.
void place_loops(Func& f, const LoopForest& loops, Scratch& s) {
  constexpr uint32_t kNone = ~0u;
  // Items: blocks [0, n), loops [n, n + loops). Each loop, and the function as loop number `num_loops`, has a list.
  uint32_t n = f.num_blocks(), num_loops = loops.num_loops();
  s.next_item.assign(n + num_loops, kNone);
  s.first_child.assign(num_loops + 1, kNone);
  s.last_child.assign(num_loops + 1, kNone);
  auto add = [&](Loop parent, uint32_t item) {
    uint32_t p = parent.valid() ? parent.raw() : num_loops;
    if (s.first_child[p] == kNone)
      s.first_child[p] = item;
    else
      s.next_item[s.last_child[p]] = item;
    s.last_child[p] = item;
  };
  for (Block b : s.rpo) {
    Loop l = loops.loop_of(b);
    if (l.valid() && loops[l].header == b) add(loops[l].parent, n + l.raw());
    add(l, b.raw());
  }
  s.order.clear();
  s.next.clear();
  s.next.push_back(s.first_child[num_loops]);
  while (!s.next.empty()) {
    uint32_t item = s.next.back();
    if (item == kNone) {
      s.next.pop_back();
      continue;
    }
    s.next.back() = s.next_item[item];
    if (item < n)
      s.order.push_back(Block(item));
    else
      s.next.push_back(s.first_child[item - n]);
  }
}

}  // namespace

void layout(Func& f, PassCtx& ctx) {
  Scratch& s = ctx.scratch<Scratch>();
  f.resolve_all();
  spread_cold(f, ctx.cfg(f));
  if (s.edges.run(f)) ctx.graph_changed();
  const LoopForest& loops = ctx.loops(f);
  order_rpo(f, s);
  place_loops(f, loops, s);
  s.cold.clear();
  f.layout.clear();
  for (size_t k = 0; k < s.order.size(); ++k) (k > 0 && f[s.order[k]].cold ? s.cold : f.layout).push_back(s.order[k]);
  f.layout.insert(f.layout.end(), s.cold.begin(), s.cold.end());
}

// Blocks in the order of the source; those that trap, or are flagged cold, behind them.
void layout_as_built(Func& f, PassCtx& ctx) {
  Scratch& s = ctx.scratch<Scratch>();
  for (Block b : f.layout)
    if (b != f.layout[0] && f[f[b].last].op == Op::Trap) f[b].cold = 1;
  if (s.edges.run(f)) ctx.graph_changed();
  s.order.clear();
  s.cold.clear();
  for (Block b : f.layout) (b != f.layout[0] && f[b].cold ? s.cold : s.order).push_back(b);
  if (s.cold.empty()) return;
  std::ranges::copy(s.order, f.layout.begin());
  std::ranges::copy(s.cold, f.layout.end() - static_cast<ptrdiff_t>(s.cold.size()));
}

}  // namespace vitrine::opt

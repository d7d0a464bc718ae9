#include "compiler/ir/critical_edges.hpp"

#include <algorithm>

namespace vitrine::ir {

bool is_unlikely(const Func& f, Inst t, uint32_t call) {
  bool first = call == f.first_succ(t);
  if (info(f[t].op).group == Group::Invoke) return !first;
  return f[t].op == Op::BrIf && f[t].flags & (first ? kCold : kHot);
}

bool EdgeSplitter::run(Func& f) {
  const uint32_t blocks = f.num_blocks();
  preds_.assign(blocks, 0);
  bool branches = false;
  for (Block b : f.layout) {
    auto succs = f.succs(f[b].last);
    branches |= succs.size() > 1;
    for (const BlockCall& c : succs) ++preds_[c.target.raw()];
  }
  if (!branches) return false;
  last_.assign(blocks, 0);
  order_.clear();
  for (Block b : f.layout) {
    order_.push_back(b);
    if (f.succs(f[b].last).size() > 1) split(f, b);
  }
  if (order_.size() == f.layout.size()) return false;
  f.layout.swap(order_);
  return true;
}

void EdgeSplitter::split(Func& f, Block from) {
  const Inst term = f[from].last;
  const uint32_t first = f.first_succ(term), count = static_cast<uint32_t>(f.succs(term).size());
  for (uint32_t c = first; c < first + count; ++c) {
    const BlockCall call = f.block_calls[c];
    if (call.arg_count == 0 && preds_[call.target.raw()] < 2) continue;
    // An edge of this table that was split for the same target and arguments serves again. (Others have two, which lead
    // to different blocks, each entered once: on those of an invoke other values are defined.)
    uint32_t& last = last_[call.target.raw()];
    if (last > first && last <= first + count && f[term].op == Op::BrTable) {
      Block edge = f.block_calls[last - 1].target;
      if (std::ranges::equal(f.args(f.succs(f[edge].last)[0]), f.args(call))) {
        f.block_calls[c] = {edge, 0, 0};
        continue;
      }
    }
    last = c + 1;
    const Block edge = f.make_block();
    InstData d{};
    d.op = Op::Jump;
    d.srcloc = f[term].srcloc;
    d.a[1] = f.pool_calls({&call, 1});
    d.a[2] = 1;
    f.append(edge, f.make_inst(d, {}));
    f[edge].placed = 1;
    f[edge].cold = f[call.target].cold || f[from].cold || is_unlikely(f, term, c);
    order_.push_back(edge);
    f.block_calls[c] = {edge, 0, 0};
  }
}

}  // namespace vitrine::ir

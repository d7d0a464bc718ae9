#include "compiler/ir/loops.hpp"

namespace vitrine::ir {

void LoopForest::compute(const Cfg& cfg, const DomTree& dom) {
  loops_.clear();
  union_.clear();
  loop_of_.assign(cfg.num_blocks(), Loop());
  auto rpo = cfg.rpo();
  // Headers from last to first in reverse postorder: inner loops before the loops around them.
  for (size_t i = rpo.size(); i-- > 0;) {
    Block header = rpo[i];
    work_.clear();
    bool is_loop = false;
    for (const Edge& e : cfg.preds(header)) {
      if (cfg.number(e.from) < i || !dom.dominates(header, e.from)) continue;
      is_loop = true;
      work_.push_back(e.from);
    }
    if (!is_loop) continue;
    Loop loop = loops_.push({header, Loop(), 1});
    union_.push_back(loop.raw());
    // The header may head one loop only, and is in no inner one.
    loop_of_[header.raw()] = loop;
    while (!work_.empty()) {
      Block b = work_.back();
      work_.pop_back();
      Loop inner = loop_of_[b.raw()];
      if (!inner.valid()) {
        loop_of_[b.raw()] = loop;
      } else {
        Loop top(outermost(inner.raw()));
        if (top == loop) continue;  // seen
        loops_[top].parent = loop;
        union_[top.raw()] = loop.raw();
        b = loops_[top].header;  // go on from the inner loop's entries
      }
      // The header dominates `b`, so it dominates what leads to `b`.
      for (const Edge& e : cfg.preds(b)) work_.push_back(e.from);
    }
  }
  for (uint32_t l = loops_.size(); l-- > 0;) {
    LoopData& d = loops_[Loop(l)];
    if (d.parent.valid()) d.depth = loops_[d.parent].depth + 1;
  }
}

uint32_t LoopForest::outermost(uint32_t l) {
  while (union_[l] != l) {
    union_[l] = union_[union_[l]];
    l = union_[l];
  }
  return l;
}

void LoopForest::add_block(Block b, Loop l) {
  if (b.raw() >= loop_of_.size()) loop_of_.resize(b.raw() + 1);
  loop_of_[b.raw()] = l;
}

}  // namespace vitrine::ir

#include "compiler/ir/cfg.hpp"

#include <algorithm>

namespace vitrine::ir {

void Cfg::compute(const Func& func) {
  uint32_t n = func.num_blocks();
  number_.assign(n, kUnreachable);
  first_.assign(n + 1, 0);
  rpo_.clear();
  edges_.clear();
  stack_.clear();
  if (func.layout.empty()) return;

  // Postorder with an explicit stack; a block is marked when it is pushed. Successors are visited last to first, so
  // that the first successor comes soonest in reverse postorder.
  constexpr uint32_t kVisited = kUnreachable - 1;
  auto push = [&](Block b) {
    number_[b.raw()] = kVisited;
    Inst t = func[b].last;
    stack_.push_back({b, t.valid() ? static_cast<uint32_t>(func.succs(t).size()) : 0});
  };
  push(func.layout[0]);
  while (!stack_.empty()) {
    Frame& top = stack_.back();
    if (top.next == 0) {
      rpo_.push_back(top.block);
      stack_.pop_back();
      continue;
    }
    Block s = func.succs(func[top.block].last)[--top.next].target;
    if (number_[s.raw()] == kUnreachable) push(s);
  }
  std::reverse(rpo_.begin(), rpo_.end());

  for (uint32_t i = 0; i < rpo_.size(); ++i) {
    number_[rpo_[i].raw()] = i;
    Inst t = func[rpo_[i]].last;
    if (!t.valid()) continue;
    for (const BlockCall& c : func.succs(t)) ++first_[c.target.raw() + 1];
  }
  for (uint32_t b = 0; b < n; ++b) first_[b + 1] += first_[b];
  edges_.resize(first_[n]);
  // Fill from the end of each range by walking backwards, so that `first_` ends as it should.
  for (uint32_t b = 0; b < n; ++b) first_[b] = first_[b + 1];
  for (uint32_t i = static_cast<uint32_t>(rpo_.size()); i-- > 0;) {
    Inst t = func[rpo_[i]].last;
    if (!t.valid()) continue;
    auto succs = func.succs(t);
    for (size_t k = succs.size(); k-- > 0;) {
      uint32_t call = static_cast<uint32_t>(&succs[k] - func.block_calls.data());
      edges_[--first_[succs[k].target.raw()]] = {rpo_[i], call};
    }
  }
}

void remove_unreachable(Func& func, const Cfg& cfg) {
  if (cfg.rpo().size() == func.layout.size()) return;
  std::erase_if(func.layout, [&](Block b) {
    if (cfg.reachable(b)) return false;
    for (Inst i = func[b].first; i.valid();) {
      Inst next = func.next(i);
      func.remove(i);
      i = next;
    }
    func[b].placed = 0;
    return true;
  });
}

}  // namespace vitrine::ir

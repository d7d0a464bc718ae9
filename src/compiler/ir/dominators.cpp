#include "compiler/ir/dominators.hpp"

namespace vitrine::ir {
namespace {
constexpr uint32_t kNone = ~0u;
}

void DomTree::compute(const Func& func, const Cfg& cfg) {
  idom_.assign(cfg.num_blocks(), Block());
  number_from_entry(func, cfg);
  uint32_t n = static_cast<uint32_t>(nodes_.size());
  for (uint32_t w = n; w-- > 1;) {
    Node& node = nodes_[w];
    for (const Edge& e : cfg.preds(node.block)) {
      uint32_t u = evaluate(dfs_[e.from.raw()]);
      node.semi = std::min(node.semi, nodes_[u].semi);
    }
    node.bucket_next = nodes_[node.semi].bucket;
    nodes_[node.semi].bucket = w;
    node.ancestor = node.parent;  // link
    uint32_t p = node.parent;
    for (uint32_t v = nodes_[p].bucket; v != kNone;) {
      uint32_t next = nodes_[v].bucket_next;
      uint32_t u = evaluate(v);
      nodes_[v].idom = nodes_[u].semi < nodes_[v].semi ? u : p;
      v = next;
    }
    nodes_[p].bucket = kNone;
  }
  for (uint32_t w = 1; w < n; ++w) {
    Node& node = nodes_[w];
    if (node.idom != node.semi) node.idom = nodes_[node.idom].idom;
    idom_[node.block.raw()] = nodes_[node.idom].block;
  }
  build_tree(cfg);
}

/// Numbers the reachable blocks in the order a depth-first search meets them.
void DomTree::number_from_entry(const Func& func, const Cfg& cfg) {
  nodes_.clear();
  dfs_.assign(cfg.num_blocks(), kNone);
  stack_.clear();
  if (cfg.rpo().empty()) return;
  auto push = [&](Block b, uint32_t parent) {
    uint32_t v = static_cast<uint32_t>(nodes_.size());
    dfs_[b.raw()] = v;
    nodes_.push_back({b, parent, v, 0, kNone, v, kNone, kNone});
    stack_.push_back({b, 0});
  };
  push(cfg.rpo()[0], 0);
  while (!stack_.empty()) {
    Frame& top = stack_.back();
    Inst t = func[top.block].last;
    auto succs = t.valid() ? func.succs(t) : std::span<const BlockCall>();
    if (top.next == succs.size()) {
      stack_.pop_back();
      continue;
    }
    Block s = succs[top.next++].target;
    if (dfs_[s.raw()] == kNone) push(s, dfs_[top.block.raw()]);
  }
}

/// The node of least semidominator on the path from `v` up to (not with) the root of its tree of linked nodes;
/// compresses that path.
uint32_t DomTree::evaluate(uint32_t v) {
  if (nodes_[v].ancestor == kNone) return v;
  path_.clear();
  uint32_t u = v;
  while (nodes_[nodes_[u].ancestor].ancestor != kNone) {
    path_.push_back(u);
    u = nodes_[u].ancestor;
  }
  // u's ancestor is the root; from there downwards each node takes what its ancestor found.
  uint32_t root = nodes_[u].ancestor;
  while (!path_.empty()) {
    uint32_t w = path_.back();
    path_.pop_back();
    uint32_t a = nodes_[w].ancestor;
    if (nodes_[nodes_[a].label].semi < nodes_[nodes_[w].label].semi) nodes_[w].label = nodes_[a].label;
    nodes_[w].ancestor = root;
  }
  return nodes_[v].label;
}

void DomTree::build_tree(const Cfg& cfg) {
  uint32_t n = cfg.num_blocks();
  child_.assign(n, kNone);
  sibling_.assign(n, kNone);
  pre_.assign(n, 0);
  end_.assign(n, 0);
  depth_.assign(n, 0);
  order_.clear();
  if (cfg.rpo().empty()) return;
  // Children in reverse postorder: walk it backwards and push in front.
  for (size_t i = cfg.rpo().size(); i-- > 1;) {
    Block b = cfg.rpo()[i], d = idom_[b.raw()];
    sibling_[b.raw()] = child_[d.raw()];
    child_[d.raw()] = b.raw();
  }
  path_.clear();
  path_.push_back(cfg.rpo()[0].raw());
  while (!path_.empty()) {
    uint32_t b = path_.back();
    if (child_[b] == kNone && end_[b] == kNone) {
      end_[b] = static_cast<uint32_t>(order_.size());
      path_.pop_back();
      continue;
    }
    if (end_[b] != kNone) {  // first visit
      Block d = idom_[b];
      depth_[b] = d.valid() ? depth_[d.raw()] + 1 : 0;
      pre_[b] = static_cast<uint32_t>(order_.size());
      order_.push_back(Block(b));
      end_[b] = kNone;
      continue;
    }
    uint32_t c = child_[b];
    child_[b] = sibling_[c];
    path_.push_back(c);
  }
}

}  // namespace vitrine::ir

// The control-flow graph, dominators and loops, on random and on hostile shapes.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "compiler/ir/builder.hpp"
#include "compiler/ir/loops.hpp"

namespace vitrine::ir {
namespace {

/// A function whose block i has the given successors.
Func graph(const std::vector<std::vector<uint32_t>>& succs) {
  Func f;
  f.sig.params = {Type::I32};
  for (size_t i = 0; i < succs.size(); ++i) f.make_block();
  Value cond = f.add_param(Block(0), Type::I32);
  Builder b(f);
  for (uint32_t i = 0; i < succs.size(); ++i) {
    b.switch_to(Block(i));
    std::vector<Builder::Target> targets;
    for (uint32_t s : succs[i]) targets.push_back({Block(s), {}});
    if (targets.empty())
      b.ret({});
    else if (targets.size() == 2)
      b.brif(cond, targets[0].block, {}, targets[1].block, {});
    else
      b.br_table(cond, targets);
  }
  return f;
}

struct Analyses {
  Cfg cfg;
  DomTree dom;
  LoopForest loops;
  explicit Analyses(const Func& f) {
    cfg.compute(f);
    dom.compute(f, cfg);
    loops.compute(cfg, dom);
  }
};

/// What the entry reaches without passing `without`.
std::vector<bool> reach(const std::vector<std::vector<uint32_t>>& succs, uint32_t from, uint32_t without) {
  std::vector<bool> seen(succs.size());
  std::vector<uint32_t> work;
  if (from != without) work.push_back(from), seen[from] = true;
  while (!work.empty()) {
    uint32_t b = work.back();
    work.pop_back();
    for (uint32_t s : succs[b])
      if (s != without && !seen[s]) seen[s] = true, work.push_back(s);
  }
  return seen;
}

TEST(Dominators, AgreeWithTheDefinitionOnRandomGraphs) {
  std::mt19937 rng(1);
  for (int round = 0; round < 400; ++round) {
    uint32_t n = 2 + rng() % 14;
    std::vector<std::vector<uint32_t>> succs(n);
    for (auto& s : succs)
      for (uint32_t k = rng() % 4; k > 0; --k) s.push_back(1 + rng() % (n - 1));
    Func f = graph(succs);
    Analyses a(f);
    auto reachable = reach(succs, 0, n);
    for (uint32_t d = 0; d < n; ++d) {
      auto without = reach(succs, 0, d);
      for (uint32_t b = 0; b < n; ++b) {
        EXPECT_EQ(a.cfg.reachable(Block(b)), reachable[b]);
        if (!reachable[b] || !reachable[d]) continue;
        EXPECT_EQ(a.dom.dominates(Block(d), Block(b)), !without[b]) << d << " " << b;
      }
    }
    for (Block b : a.cfg.rpo()) {
      for (const Edge& e : a.cfg.preds(b)) EXPECT_EQ(f.block_calls[e.call].target, b);
      // A block is in a natural loop iff some back edge's source is reached from it without passing the header.
      bool in_loop = false;
      for (Block h : a.cfg.rpo()) {
        if (!a.dom.dominates(h, b)) continue;
        for (const Edge& e : a.cfg.preds(h)) {
          if (!a.dom.dominates(h, e.from)) continue;
          if (b == h || reach(succs, b.raw(), h.raw())[e.from.raw()]) in_loop = true;
        }
      }
      EXPECT_EQ(a.loops.depth(b) > 0, in_loop);
    }
  }
}

TEST(Loops, NestAndDepth) {
  //  0 -> 1 -> 2 -> 2,3 ; 3 -> 1,4
  Func f = graph({{1}, {2}, {2, 3}, {1, 4}, {}});
  Analyses a(f);
  EXPECT_EQ(a.loops.num_loops(), 2u);
  EXPECT_EQ(a.loops.depth(Block(0)), 0u);
  EXPECT_EQ(a.loops.depth(Block(1)), 1u);
  EXPECT_EQ(a.loops.depth(Block(2)), 2u);
  EXPECT_EQ(a.loops.depth(Block(3)), 1u);
  EXPECT_EQ(a.loops.depth(Block(4)), 0u);
  EXPECT_TRUE(a.loops.is_header(Block(1)));
  EXPECT_TRUE(a.loops.within(a.loops.loop_of(Block(2)), a.loops.loop_of(Block(1))));
}

TEST(Cfg, UnreachableBlocksGo) {
  Func f = graph({{2}, {2}, {}});
  Cfg cfg;
  cfg.compute(f);
  EXPECT_EQ(cfg.preds(Block(2)).size(), 1u);
  remove_unreachable(f, cfg);
  EXPECT_EQ(f.layout.size(), 2u);
}

/// Shapes on which a quadratic algorithm would need minutes.
TEST(Graphs, HostileShapesAreNearLinear) {
  constexpr uint32_t kBlocks = 100'000;
  std::vector<std::vector<std::vector<uint32_t>>> shapes(4, std::vector<std::vector<uint32_t>>(kBlocks));
  for (uint32_t i = 0; i + 2 < kBlocks; ++i) {
    // A ladder: two rails, each block goes down its rail and across to the other.
    shapes[0][i] = {i + 2, (i ^ 1) + 2 < kBlocks ? (i ^ 1) + 2 : i + 1};
    // A chain each of whose blocks may go back to its mirror: deeply nested loops.
    shapes[1][i] = {i + 1, i > kBlocks / 2 ? kBlocks - i : i + 1};
    // A chain with an exit from every block to the last one.
    shapes[2][i] = {i + 1, kBlocks - 1};
    // A chain from every block of which one may return to the first.
    shapes[3][i] = {i + 1, 1};
  }
  for (auto& shape : shapes) {
    if (shape[0].size() == 2) shape[kBlocks - 2] = {kBlocks - 1};
    auto start = std::chrono::steady_clock::now();
    Func f = graph(shape);
    Analyses a(f);
    EXPECT_GT(a.cfg.rpo().size(), kBlocks / 2);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  }
}

}  // namespace
}  // namespace vitrine::ir

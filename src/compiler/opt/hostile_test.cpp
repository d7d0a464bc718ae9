// Shapes and sizes on which a pass that is not near-linear would not end.
#include <gtest/gtest.h>

#include <chrono>

#include "compiler/ir/builder.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/optimize.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;

/// Optimises within a time that allows for a slow, shared machine but not for anything quadratic.
void optimize_in_time(Func& f) {
  auto start = std::chrono::steady_clock::now();
  PassCtx ctx;
  optimize(f, {}, ctx);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  auto p = verify(f);
  EXPECT_EQ(p, std::nullopt) << *p;
}

struct Function {
  Func f;
  Builder b{f};
  Value x, y, p;
  Function() {
    f.name = "hostile";
    f.sig.params = {Type::I32, Type::I32, Type::I64};
    f.sig.results = {Type::I32};
    Block entry = f.make_block();
    x = f.add_param(entry, Type::I32);
    y = f.add_param(entry, Type::I32);
    p = f.add_param(entry, Type::I64);
    b.switch_to(entry);
  }
  void ret(Value v) { b.ret({&v, 1}); }
};

TEST(Hostile, ManyInstructionsInOneBlock) {
  Function t;
  Value v = t.x;
  for (uint32_t i = 0; i < 100'000; ++i) {
    switch (i % 5) {
      case 0:
        v = t.b.iadd(v, t.y);
        break;
      case 1:
        v = t.b.bxor(v, t.b.i32(i));
        break;
      case 2:
        v = t.b.imul(v, t.b.iadd(v, t.b.i32(i * 7)));
        break;
      case 3:
        t.b.store(MemKind::Full, t.p, v, static_cast<int32_t>(i % 4096), 1, 1);
        break;
      default:
        v = t.b.iadd(v, t.b.load(Type::I32, MemKind::Full, t.p, static_cast<int32_t>(i % 512), 1, 1));
        break;
    }
  }
  t.ret(v);
  optimize_in_time(t.f);
}

TEST(Hostile, LadderOfBranches) {
  // Two rails of 10,000 rungs; every rung passes values along and across.
  Function t;
  constexpr uint32_t kRungs = 10'000;
  std::vector<Block> left, right;
  for (uint32_t i = 0; i < kRungs; ++i) {
    left.push_back(t.f.make_block());
    right.push_back(t.f.make_block());
    for (Block b : {left.back(), right.back()}) {
      t.f.add_param(b, Type::I32);
      t.f.add_param(b, Type::I32);
    }
  }
  auto go = [&](Value v, Value w, uint32_t i) {
    Value a[] = {v, w}, b[] = {w, v};
    t.b.brif(t.b.icmp(IntCC::ULt, v, t.b.i32(i)), left[i], a, right[i], b);
  };
  go(t.x, t.y, 0);
  for (uint32_t i = 0; i < kRungs; ++i) {
    for (Block b : {left[i], right[i]}) {
      t.b.switch_to(b);
      Value v = t.f[b].params[0], w = t.f[b].params[1];
      if (i + 1 == kRungs)
        t.ret(t.b.iadd(v, w));
      else
        go(t.b.iadd(v, t.b.i32(1)), w, i + 1);
    }
  }
  optimize_in_time(t.f);
}

TEST(Hostile, DeepNestOfLoops) {
  // 5,000 loops in each other; invariants and redundant parameters on every level.
  Function t;
  constexpr uint32_t kDepth = 5000;
  std::vector<Block> headers;
  std::vector<Value> counters;
  Value carried = t.y;
  for (uint32_t i = 0; i < kDepth; ++i) {
    Block h = t.f.make_block();
    Value init[] = {t.x, carried};
    t.b.jump(h, init);
    t.b.switch_to(h);
    counters.push_back(t.f.add_param(h, Type::I32));
    carried = t.f.add_param(h, Type::I32);
    headers.push_back(h);
    Value invariant = t.b.imul(t.x, t.b.iadd(t.y, t.b.i32(i)));
    t.b.store(MemKind::Full, t.p, t.b.bxor(invariant, carried), 8, 1, 1);
  }
  for (uint32_t i = kDepth; i-- > 0;) {
    Block next = t.f.make_block();
    Value step = t.b.isub(counters[i], t.b.i32(1));
    Value back[] = {step, t.f[headers[i]].params[1]};
    t.b.brif(step, headers[i], back, next, {});
    t.b.switch_to(next);
  }
  t.ret(carried);
  optimize_in_time(t.f);
}

TEST(Hostile, LoopsTestedAtTheTopInEachOther) {
  Function t;
  constexpr uint32_t kDepth = 3000;
  std::vector<Block> headers, exits;
  Value v = t.x;
  for (uint32_t i = 0; i < kDepth; ++i) {
    Block h = t.f.make_block(), body = t.f.make_block(), exit = t.f.make_block();
    t.b.jump(h, {&v, 1});
    t.b.switch_to(h);
    v = t.f.add_param(h, Type::I32);
    t.b.brif(t.b.icmp(IntCC::ULt, v, t.y), body, {}, exit, {});
    t.b.switch_to(body);
    v = t.b.iadd(v, t.b.i32(3));
    headers.push_back(h);
    exits.push_back(exit);
  }
  for (uint32_t i = kDepth; i-- > 0;) {
    Value next = t.b.iadd(t.f[headers[i]].params[0], t.b.i32(1));
    t.b.jump(headers[i], {&next, 1});
    t.b.switch_to(exits[i]);
  }
  t.ret(t.y);
  optimize_in_time(t.f);
}

TEST(Hostile, WideTable) {
  // 20,000 cases, most to one target, with arguments.
  Function t;
  constexpr uint32_t kCases = 20'000;
  Block join = t.f.make_block();
  t.f.add_param(join, Type::I32);
  std::vector<Block> arms;
  std::vector<Value> args;
  std::vector<Builder::Target> targets;
  for (uint32_t i = 0; i < kCases; ++i) {
    if (i % 3) {
      args.push_back(i % 2 ? t.x : t.y);
      targets.push_back({join, {}});
    } else {
      arms.push_back(t.f.make_block());
      targets.push_back({arms.back(), {}});
    }
  }
  size_t n = 0;
  for (auto& target : targets)
    if (target.block == join) target.args = {&args[n++], 1};
  t.b.br_table(t.x, targets);
  for (Block a : arms) {
    t.b.switch_to(a);
    Value v = t.b.iadd(t.x, t.b.i32(a.raw()));
    t.b.jump(join, {&v, 1});
  }
  t.b.switch_to(join);
  t.ret(t.f[join].params[0]);
  optimize_in_time(t.f);
}

TEST(Hostile, ManyParametersThatAreOneValue) {
  // 2,000 blocks in a row pass 100 values on; only the last uses them.
  Function t;
  std::vector<Value> values(100, t.x);
  for (uint32_t i = 0; i < 2000; ++i) {
    Block a = t.f.make_block(), b = t.f.make_block();
    for (Value v : values) {
      t.f.add_param(a, t.f.type_of(v));
      t.f.add_param(b, t.f.type_of(v));
    }
    t.b.brif(t.y, a, values, b, values);
    t.b.switch_to(a);
    t.b.jump(b, t.f[a].params);
    t.b.switch_to(b);
    values = t.f[b].params;
  }
  Value sum = values[0];
  for (Value v : values) sum = t.b.iadd(sum, v);
  t.ret(sum);
  optimize_in_time(t.f);
}

}  // namespace
}  // namespace vitrine::opt

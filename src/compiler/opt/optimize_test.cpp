// The optimiser keeps what a function does: random functions are run before and after, on random inputs.
#include "compiler/opt/optimize.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "compiler/ir/verify.hpp"
#include "compiler/opt/inline.hpp"
#include "compiler/opt/testing/random_function.hpp"

namespace vitrine::opt {
namespace {

using namespace ir;
using testing::Interpreter;
using testing::Outcome;
using testing::State;

State random_state(std::mt19937_64& rng) {
  State s;
  s.randomise(rng);
  return s;
}

/// For any of them: what there is no parameter for is left out.
std::vector<uint64_t> random_args(std::mt19937_64& rng) {
  auto small = [&] { return rng() % 2 ? rng() % 8 : rng(); };
  float f = static_cast<float>(static_cast<int64_t>(rng() % 2000) - 1000) / 8;
  double d = static_cast<double>(static_cast<int64_t>(rng())) / 1024;
  return {small() & 0xffff'ffff,
          small() & 0xffff'ffff,
          small(),
          std::bit_cast<uint32_t>(f),
          std::bit_cast<uint64_t>(d),
          small(),
          rng()};
}

/// Where the first pass is after which the function behaves differently: found by running up to each pass.
void check(uint64_t seed, uint8_t level, bool everything) {
  Func before, after;
  for (Func* f : {&before, &after}) {
    testing::RandomFunction random(*f, seed);
    if (everything) random.with_everything();
    random.build();
  }
  if (auto p = verify(before)) FAIL() << "seed " << seed << ": the generator made " << *p;
  static PassCtx ctx;
  struct Snapshots {
    std::vector<std::pair<std::string, Func>> list;
  } snapshots;
  OptSettings settings;
  settings.level = level;
  settings.trace.user = &snapshots;
  settings.trace.after_pass = [](void* user, std::string_view pass, const Func& f, uint64_t) {
    static_cast<Snapshots*>(user)->list.push_back({std::string(pass), f});
    if (auto p = verify(f)) FAIL() << "after " << pass << ": " << *p;
  };
  optimize(after, settings, ctx);
  if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << "\n" << print(before) << print(after);
  std::mt19937_64 rng(seed);
  for (int round = 0; round < 6; ++round) {
    State state = random_state(rng);
    auto args = random_args(rng);
    Outcome want = Interpreter(before, 20'000).run(args, state);
    ASSERT_NE(want.kind, Outcome::Broken) << want.problem << "\n" << print(before);
    if (want.kind == Outcome::OutOfFuel) continue;
    Outcome have = Interpreter(after, 200'000).run(args, state);
    if (want == have) continue;
    std::string culprit = "?";
    const Func* good = &before;
    for (auto& [name, f] : snapshots.list) {
      if (Interpreter(f, 200'000).run(args, state) != want) {
        culprit = name + "\n-- before it\n" + print(*good) + "-- after it\n" + print(f);
        break;
      }
      good = &f;
    }
    FAIL() << "seed " << seed << " level " << int{level} << " want kind " << want.kind << " trap " << int{want.trap}
           << ", have kind " << have.kind << " trap " << int{have.trap} << " " << have.problem << "; first wrong after "
           << culprit;
  }
}

TEST(Optimize, RandomFunctionsBehaveTheSame) {
  const char* env = std::getenv("VITRINE_OPT_SEEDS");  // "first count", for a longer search
  uint64_t first = 1, count = 3000;
  if (env) std::sscanf(env, "%lu %lu", &first, &count);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    bool everything = seed % 3 == 0;
    check(seed, 2, everything);
    if (seed % 4 == 0) check(seed, seed % 8 ? 1 : 0, everything);
    if (HasFatalFailure()) return;
  }
}

struct Bodies {
  Func body;
  bool only_call = false;
  static Callee find(void* user, uint32_t symbol) {
    auto* self = static_cast<Bodies*>(user);
    return symbol == testing::RandomFunction::kOtherSymbol ? Callee{&self->body, self->only_call} : Callee{};
  }
};

TEST(Inline, RandomFunctionsBehaveTheSame) {
  PassCtx ctx;
  uint32_t inlined = 0;
  for (uint64_t seed = 1; seed < 800; ++seed) {
    Func before, after;
    for (Func* f : {&before, &after}) {
      testing::RandomFunction random(*f, seed);
      if (seed % 2) random.with_128_bits();  // as the callee, for their signature
      random.build(true);
    }
    Bodies bodies;
    Func callee;
    for (Func* f : {&bodies.body, &callee}) {
      testing::RandomFunction random(*f, seed + 10'000);
      if (seed % 2) random.with_everything();
      random.build();
    }
    bodies.only_call = true;
    if (seed % 3) optimize(bodies.body, {}, ctx);
    inlined += inline_calls(after, {&bodies, Bodies::find});
    auto p = verify(after);
    ASSERT_EQ(p, std::nullopt) << "seed " << seed << ": " << *p;
    Func unoptimized = after;
    optimize(after, {}, ctx);
    std::mt19937_64 rng(seed);
    for (int round = 0; round < 4; ++round) {
      State state = random_state(rng);
      auto args = random_args(rng);
      auto run = [&](const Func& f) {
        Interpreter i(f, 100'000);
        i.set_callee(testing::RandomFunction::kOtherSymbol, &callee);
        return i.run(args, state);
      };
      Outcome want = run(before);
      ASSERT_NE(want.kind, Outcome::Broken) << want.problem;
      if (want.kind == Outcome::OutOfFuel) continue;
      ASSERT_EQ(want == run(unoptimized), true) << "seed " << seed << "\n"
                                                << print(before) << print(bodies.body) << print(unoptimized);
      ASSERT_EQ(want == run(after), true) << "seed " << seed << "\n" << print(unoptimized) << print(after);
    }
  }
  EXPECT_GT(inlined, 100u);
}

}  // namespace
}  // namespace vitrine::opt

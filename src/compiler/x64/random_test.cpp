// Compiled code does what the IR says: random functions run in every way to compile, as they were built and as the
// optimiser left them, beside the interpreter of the optimiser's tests. Unoptimised IR has shapes that no rule leaves
// behind; that they are lowered right should not depend on the rules. Every other function has vectors: in memory, as
// parameters of blocks, over calls, and to and from the callee and the host.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/opt/optimize.hpp"
#include "compiler/opt/testing/random_function.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using namespace vitrine::ir;
namespace model = opt::testing;

/// The interpreter's memory where it says it is: each region ends with a page that nothing follows.
class Regions {
 public:
  Regions() {
    for (; mapped_ < model::kRegions; ++mapped_) {
      void* at = page(mapped_ + 1);
      void* got = mmap(at, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (got == at) continue;
      if (got != MAP_FAILED) munmap(got, kPage);
      return;
    }
  }
  ~Regions() {
    for (; mapped_ > 0; --mapped_) munmap(page(mapped_), kPage);
  }
  bool mapped() const { return mapped_ == model::kRegions; }
  void load(const model::State& state) {
    for (uint64_t r = 1; r <= model::kRegions; ++r) std::memcpy(at(r), state.memory[r].data(), model::kRegionSize);
  }
  bool holds(const model::State& state) const {
    for (uint64_t r = 1; r <= model::kRegions; ++r)
      if (std::memcmp(at(r), state.memory[r].data(), model::kRegionSize) != 0) return false;
    return true;
  }

 private:
  static constexpr uint64_t kPage = 4096;
  static_assert((model::region_at(1) + model::kRegionSize) % kPage == 0);
  static void* at(uint64_t r) { return reinterpret_cast<void*>(model::region_at(r)); }
  static void* page(uint64_t r) { return reinterpret_cast<void*>(model::region_at(r) & ~(kPage - 1)); }
  uint64_t mapped_ = 0;  // how many, from the first
};

/// As a function of a module: parameter 0 is a context, and what the generator calls the context is a plain address.
void give_context(Func& f) {
  const Block entry = f.layout.front();
  f.sig.params.insert(f.sig.params.begin(), Type::I64);
  std::vector<Value> others = std::move(f[entry].params);
  f[entry].params.clear();
  f.add_param(entry, Type::I64);
  for (Value v : others) f.make_alias(v, f.add_param(entry, f.type_of(v)));
  for (Block b : f.layout) {
    for (Inst i = f[b].first; i.valid(); i = f.next(i)) {
      if (f[i].op != Op::VMContext) continue;
      f[i].op = Op::IConst;
      f[i].set_imm64(model::region_at(1));
    }
  }
  f.resolve_all();
}

/// What the random functions call; if they have vectors, with one in both directions.
std::string callee_text(bool has_128_bits) {
  const auto vector = [has_128_bits](const char* text) { return has_128_bits ? text : ""; };
  return fmt::format(R"(function "callee" sym1 wasm(i64, i32{}) -> i32, f64{} {{
block0(v0: i64, v1: i32{}):
  v2 = wrap.i32 v0
  v3 = iadd.i32 v2, v1
  v4 = iconst.i64 69376
  v5 = load.i32 v4+8 r1
  v6 = xor.i32 v3, v5
  store.i32 v4+16, v6 r1
  v7 = f_from_sint.f64 v6
{}  return v3, v7{}
}}
)",
                     vector(", v128"), vector(", v128"), vector(", v10: v128"),
                     vector("  v11 = load.v128 v4+24 r1\n  v12 = xor.v128 v10, v11\n  store.v128 v4+40, v10 r1\n"),
                     vector(", v12"));
}

abi::TrapCode trap_of(uint8_t code) {
  switch (code) {
    case model::kTrapDivideByZero:
      return abi::TrapCode::IntegerDivisionByZero;
    case model::kTrapOverflow:
      return abi::TrapCode::IntegerOverflow;
    case model::kTrapBadConversion:
      return abi::TrapCode::BadConversionToInteger;
    default:
      return static_cast<abi::TrapCode>(code);
  }
}

void check(uint64_t seed, Regions& regions) {
  Func original;
  const bool has_128_bits = seed % 2 == 0;
  model::RandomFunction random(original, seed);
  if (has_128_bits) random.with_128_bits();
  random.build();
  give_context(original);
  const auto parsed = parse(callee_text(has_128_bits));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  const Func& callee = *parsed;
  opt::PassCtx ctx;
  std::mt19937_64 rng(seed);
  struct Round {
    std::vector<uint64_t> args;
    model::State state;
    model::Outcome want;
  };
  std::vector<Round> rounds;
  for (int k = 0; k < 4; ++k) {
    Round r;
    r.state.randomise(rng);
    for (Type t : original.sig.params) {
      uint64_t x = rng() % 2 ? rng() % 8 : rng();
      if (t == Type::F32) x = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int64_t>(x)) / 8);
      if (t == Type::F64) x = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(x)) / 1024);
      r.args.push_back(canonical(t, x));
    }
    model::Interpreter interpreter(original, 20'000);
    interpreter.set_callee(1, &callee);
    r.want = interpreter.run(r.args, r.state);
    ASSERT_NE(r.want.kind, model::Outcome::Broken) << r.want.problem << "\n" << print(original);
    if (r.want.kind == model::Outcome::OutOfFuel || interpreter.made_nan()) continue;
    r.args.erase(r.args.begin());
    rounds.push_back(std::move(r));
  }
  if (rounds.empty()) return;
  for (uint8_t level : {0, 2}) {
    Func f = original;
    opt::optimize(f, {.level = level, .trace = {}}, ctx);
    for (const Way& way : ways()) {
      Program program(way, std::vector<Func>{f, callee});
      for (const Round& r : rounds) {
        regions.load(r.state);
        const Outcome have = program.call(0, r.args);
        auto where = [&] {
          return "seed " + std::to_string(seed) + " level " + std::to_string(level) + ", " + way.name + "\n" + print(f);
        };
        ASSERT_EQ(have.trap, r.want.kind == model::Outcome::Trapped ? trap_of(r.want.trap) : abi::TrapCode::None)
            << where();
        ASSERT_EQ(have.results, r.want.results) << where();
        ASSERT_EQ(have.high, r.want.high) << where();
        ASSERT_TRUE(regions.holds(r.want.state)) << where();
      }
    }
  }
}

TEST(Random, CompiledCodeDoesWhatTheIrSays) {
  Regions regions;
  if (!regions.mapped()) GTEST_SKIP() << "the addresses of the interpreter's memory are not free here";
  const char* env = std::getenv("VITRINE_X64_SEEDS");  // "first count", for a longer search
  uint64_t first = 1, count = 250;
  if (env) std::sscanf(env, "%lu %lu", &first, &count);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    check(seed, regions);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

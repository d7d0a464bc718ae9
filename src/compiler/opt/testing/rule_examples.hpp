// Examples of rewrite rules: a body before, and what value numbering with the rules and dead code removal leave of it;
// what is left is then run beside what was there, for arguments at the edges and at random.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "compiler/ir/parse.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/ir/verify.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/testing/interpreter.hpp"

namespace vitrine::opt::testing {

struct Example {
  const char* result;  // its type; the last value of `before` is returned
  const char* before;  // v0, v1: i32; v2, v3: i64; v4, v5: f32; v6, v7: f64
  const char* after;
};

/// Arguments for the eight parameters: numbers where something changes, and any.
inline std::array<uint64_t, 8> sample(std::mt19937_64& rng) {
  auto integer = [&](ir::Type type) {
    unsigned width = ir::bits_of(type);
    uint64_t near = rng() % 7 - 3;
    switch (rng() % 6) {
      case 0:
        return ir::canonical(type, near);
      case 1:
        return ir::canonical(type, (uint64_t{1} << rng() % width) + near);
      case 2:
        return ir::canonical(type, (uint64_t{1} << (width - 1)) + near);
      case 3:
        return ir::canonical(type, region_at(1) + rng() % kRegionSize);
      case 4:
        return ir::canonical(type, ~uint64_t{0} << rng() % width);
      default:
        return ir::canonical(type, rng() >> rng() % width);
    }
  };
  auto real = [&](ir::Type type) {
    constexpr double kReals[] = {0, -0.0, 1, -1, 0.5, 3, 1e300, 1e-300, 1e-45, INFINITY, -INFINITY, NAN};
    double x = rng() % 3 ? kReals[rng() % std::size(kReals)] : static_cast<double>(rng()) / 1e9;
    return type == ir::Type::F32 ? std::bit_cast<uint32_t>(static_cast<float>(x)) : std::bit_cast<uint64_t>(x);
  };
  uint64_t i = integer(ir::Type::I32), j = rng() % 4 ? integer(ir::Type::I32) : i;
  uint64_t k = integer(ir::Type::I64), l = rng() % 4 ? integer(ir::Type::I64) : k;
  return {i, j, k, l, real(ir::Type::F32), real(ir::Type::F32), real(ir::Type::F64), real(ir::Type::F64)};
}

/// What the rules made of an example answers the same, stores the same and traps for the same arguments.
inline void check_meaning(const ir::Func& before, const ir::Func& after, const std::string& text) {
  std::mt19937_64 rng(11);
  for (int k = 0; k < 400; ++k) {
    auto args = sample(rng);
    State state;
    state.randomise(rng);
    auto want = Interpreter(before, 1000).run(args, state);
    if (want.kind == Outcome::Broken) continue;  // an access that is never outside, with arguments of chance
    auto have = Interpreter(after, 1000).run(args, state);
    ASSERT_TRUE(want == have) << text << fmt::format("{:#x}\n", fmt::join(args, ", ")) << ir::print(after);
  }
}

inline void check(std::span<const Example> examples) {
  for (const Example& e : examples) {
    std::string before = e.before;
    size_t line = before.rfind('\n', before.size() - 2);
    std::string last = before.substr(line == std::string::npos ? 0 : line + 1);
    std::string text = std::string("function \"f\" sym0 wasm(i32, i32, i64, i64, f32, f32, f64, f64) -> ") + e.result +
                       " {\nblock0(v0: i32, v1: i32, v2: i64, v3: i64, v4: f32, v5: f32, v6: f64, v7: f64):\n" +
                       before + "return " + last.substr(0, last.find(' ')) + "\n}\n";
    auto f = ir::parse(text);
    ASSERT_TRUE(f.has_value()) << f.error().message() << "\n" << text;
    const auto original = ir::parse(text);
    PassCtx ctx;
    gvn(*f, ctx);
    dce(*f, ctx);
    EXPECT_EQ(ir::verify(*f), std::nullopt) << *ir::verify(*f);
    std::string after;
    std::string all = ir::print(*f, ir::Numbering::Dense);
    // The lines of the block, without indentation.
    for (size_t from = all.find(":\n") + 2; all[from] == ' ';) {
      size_t end = all.find('\n', from);
      after += all.substr(from + 2, end - from - 1);
      from = end + 1;
    }
    EXPECT_EQ(after, e.after) << text;
    check_meaning(*original, *f, text);
  }
}

}  // namespace vitrine::opt::testing

// Control flow and calls, run in every way to compile.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "compiler/ir/fold.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using abi::TrapCode;
using ir::Type;

// -- control

TEST(Control, LoopsAndSwaps) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "fibonacci" sym0 wasm(i64, i32) -> i64 {
block0(v0: i64, v1: i32):
  v2 = iconst.i64 0
  v3 = iconst.i64 1
  jump block1(v1, v2, v3)
block1(v4: i32, v5: i64, v6: i64):
  brif v4, block2, block3
block2:
  v7 = iadd.i64 v5, v6
  v8 = iconst.i32 1
  v9 = isub.i32 v4, v8
  jump block1(v9, v6, v7)
block3:
  return v5
}
function "rotate" sym1 wasm(i64, i32, i32, i32, i32, f64, f64, f64) -> i32, i32, i32, f64, f64, f64 {
block0(v0: i64, v1: i32, v2: i32, v3: i32, v4: i32, v5: f64, v6: f64, v7: f64):
  jump block1(v1, v2, v3, v4, v5, v6, v7)
block1(v10: i32, v11: i32, v12: i32, v13: i32, v14: f64, v15: f64, v16: f64):
  v17 = iconst.i32 1
  v18 = isub.i32 v10, v17
  brif v18, block1(v18, v12, v13, v11, v16, v14, v15), block2
block2:
  return v11, v12, v13, v14, v15, v16
}
function "count to a memory bound" sym2 wasm(i64, i32) -> i32 {
block0(v0: i64, v1: i32):
  v2 = iconst.i32 0
  jump block1(v2)
block1(v3: i32):
  v4 = iconst.i32 1
  v5 = iadd.i32 v3, v4
  v6 = load.i32 v0+64 r1
  v7 = icmp.i32 slt v5, v6
  brif v7, block1(v5), block2
block2:
  return v5
}
)");
    EXPECT_EQ(p.call1(0, {50}), 12586269025u) << way.name;
    auto f = [](double d) { return std::bit_cast<uint64_t>(d); };
    EXPECT_EQ(p.call(1, {1, 7, 8, 9, f(1), f(2), f(3)}).results, (std::vector<uint64_t>{7, 8, 9, f(1), f(2), f(3)}));
    EXPECT_EQ(p.call(1, {2, 7, 8, 9, f(1), f(2), f(3)}).results, (std::vector<uint64_t>{8, 9, 7, f(3), f(1), f(2)}));
    EXPECT_EQ(p.call(1, {100, 7, 8, 9, f(1), f(2), f(3)}).results, (std::vector<uint64_t>{7, 8, 9, f(1), f(2), f(3)}));
    uint32_t bound = 1000;
    std::memcpy(p.data(), &bound, 4);
    EXPECT_EQ(p.call1(2, {0}), 1000u) << way.name;
  }
}

TEST(Control, BranchTables) {
  for (const Way& way : ways()) {
    for (unsigned cases : {0u, 1u, 2u, 5u, 40u}) {
      std::string targets, blocks;
      for (unsigned c = 0; c < cases; ++c) {
        // Every third case shares a target with an argument, the others have blocks of their own.
        targets += c ? ", " : "";
        if (c % 3 == 0) {
          targets += "block1(v2)";
        } else {
          targets += fmt::format("block{}", c + 10);
          blocks += fmt::format("block{}:\n  v{} = iconst.i32 {}\n  return v{}\n", c + 10, c + 10, c, c + 10);
        }
      }
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i32, i32) -> i32 {{
block0(v0: i64, v1: i32, v2: i32):
  br_table v1, [{}], block1(v1)
block1(v3: i32):
  v4 = iconst.i32 1000000
  v5 = iadd.i32 v3, v4
  return v5
{}}}
)",
                                 targets, blocks));
      for (uint64_t i : {0u, 1u, 2u, 3u, 4u, 5u, 38u, 39u, 40u, 41u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        uint64_t want = i >= cases ? static_cast<uint32_t>(i + 1000000) : i % 3 == 0 ? 1000777 : i;
        EXPECT_EQ(p.call1(0, {i, 777}), want) << way.name << " " << cases << " cases, " << i;
      }
    }
  }
}

TEST(Control, FarJumps) {
  // Bodies of every size around the reach of a short jump.
  for (const Way& way : ways()) {
    for (unsigned size = 20; size < 60; ++size) {
      std::string body;
      unsigned v = 10;
      for (unsigned n = 0; n < size; ++n, ++v)
        body += fmt::format("  v{} = xor.i32 v{}, v{}\n", v + 1, v, n % 2 ? 1 : 2);
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i32, i32) -> i32 {{
block0(v0: i64, v1: i32, v2: i32):
  v3 = iconst.i32 3
  jump block1(v3, v1)
block1(v4: i32, v10: i32):
{}  v5 = iconst.i32 1
  v6 = isub.i32 v4, v5
  brif v6, block1(v6, v{}), block2
block2:
  return v{}
}}
)",
                                 body, v, v));
      uint32_t x = 5, once = (size / 2 % 2 ? 5 : 0) ^ ((size + 1) / 2 % 2 ? 9 : 0);
      for (int n = 0; n < 3; ++n) x ^= once;
      EXPECT_EQ(p.call1(0, {5, 9}), x) << way.name << " " << size;
    }
  }
}

TEST(Control, ManyValuesAtOnce) {
  for (const Way& way : ways()) {
    for (const char* type : {"i32", "i64", "f32", "f64"}) {
      const bool is_float = type[0] == 'f';
      constexpr unsigned kCount = 60;
      std::string text = fmt::format("function \"f\" sym0 wasm(i64, i64) -> {0} {{\nblock0(v0: i64, v1: i64):\n", type);
      for (unsigned n = 0; n < kCount; ++n) text += fmt::format("  v{} = load.{} v1+{} r1\n", n + 2, type, n * 8);
      // From both ends, so that all are alive in between.
      text += fmt::format("  v100 = {}.{} v2, v{}\n", is_float ? "fadd" : "iadd", type, kCount + 1);
      for (unsigned n = 1; n < kCount / 2; ++n) {
        text += fmt::format("  v{} = {}.{} v{}, v{}\n", 100 + 2 * n - 1, is_float ? "fsub" : "isub", type,
                            100 + 2 * n - 2, n + 2);
        text += fmt::format("  v{} = {}.{} v{}, v{}\n", 100 + 2 * n, is_float ? "fadd" : "iadd", type, 100 + 2 * n - 1,
                            kCount + 1 - n);
      }
      text += fmt::format("  return v{}\n}}\n", 100 + kCount - 2);
      Program p(way, text);
      double sum = 0;
      for (unsigned n = 0; n < kCount; ++n) {
        double value = n * n + 1;
        auto i = static_cast<uint64_t>(value);
        auto f = static_cast<float>(value);
        if (!is_float)
          std::memcpy(p.data() + n * 8, &i, 8);
        else if (type[1] == '3')
          std::memcpy(p.data() + n * 8, &f, 4);
        else
          std::memcpy(p.data() + n * 8, &value, 8);
        sum += n == 0 || n >= kCount / 2 ? value : -value;
      }
      uint64_t want = !is_float        ? static_cast<uint64_t>(sum)
                      : type[1] == '3' ? std::bit_cast<uint32_t>(static_cast<float>(sum))
                                       : std::bit_cast<uint64_t>(sum);
      EXPECT_EQ(p.call1(0, {reinterpret_cast<uint64_t>(p.data())}), want) << way.name << " " << type;
    }
  }
}

// The extension of an i32 is its register, whose zero upper half has to survive in memory and on edges: what was
// spilled as an i32 comes back as an i64.
TEST(Control, ASpilledI32IsItsOwnExtension) {
  constexpr unsigned kCount = 40;
  std::string values, params, args, sum = "  v300 = iconst.i64 0\n";
  for (unsigned n = 0; n < kCount; ++n) {
    values += fmt::format("  v{} = load.i32 v1+{} r1\n  v{} = uextend.i64 v{}\n", n + 10, n * 4, n + 100, n + 10);
    params += fmt::format("{}v{}: i64", n ? ", " : "", n + 200);
    args += fmt::format("{}v{}", n ? ", " : "", n + 100);
    sum += fmt::format("  v{} = iadd.i64 v{}, v{}\n", n + 301, n + 300, 200 + (n % 2 ? n : kCount - 2 - n));
  }
  std::string again;  // the other way round, so that each is needed after all were summed
  for (unsigned n = 0; n < kCount; ++n)
    again += fmt::format("  v{0} = xor.i64 v{1}, v{2}\n  v{3} = iconst.i64 5\n  v{4} = rotl.i64 v{0}, v{3}\n",
                         400 + 3 * n, n ? 399 + 3 * n : 300 + kCount, 200 + kCount - 1 - n, 401 + 3 * n, 402 + 3 * n);
  for (const Way& way : ways()) {
    Program p(way, "function \"f\" sym0 wasm(i64, i64, i32) -> i64 {\nblock0(v0: i64, v1: i64, v2: i32):\n" + values +
                       "  brif v2, block1(" + args + "), block2\nblock1(" + params + "):\n" + sum + again +
                       fmt::format("  return v{}\nblock2:\n  v3 = iconst.i64 0\n  return v3\n}}\n", 399 + 3 * kCount));
    uint64_t want = 0;
    std::vector<uint32_t> words;
    for (unsigned n = 0; n < kCount; ++n) words.push_back(0x8000'0001u * (n + 3));
    for (uint32_t w : words) want += w;
    for (unsigned n = 0; n < kCount; ++n) want = std::rotl(want ^ words[kCount - 1 - n], 5);
    std::memcpy(p.data(), words.data(), words.size() * 4);
    // What is on the stack below must not show.
    volatile uint8_t dirt[2048];
    for (auto& byte : dirt) byte = 0xff;
    EXPECT_EQ(p.call1(0, {reinterpret_cast<uint64_t>(p.data()), 1}), want) << way.name;
  }
}

// -- calls

const char* const kTypes[] = {"i32", "i64", "f32", "f64"};
const Type kTypeOf[] = {Type::I32, Type::I64, Type::F32, Type::F64};

struct Sig {
  std::vector<unsigned> params, results;
  std::vector<unsigned> source;  // which parameter each result is
  std::string text() const {
    std::string s = "wasm(i64";
    for (unsigned p : params) s += fmt::format(", {}", kTypes[p]);
    s += ")";
    for (size_t n = 0; n < results.size(); ++n) s += fmt::format("{}{}", n ? ", " : " -> ", kTypes[results[n]]);
    return s;
  }
  std::string head(unsigned first = 1) const {
    std::string s = "block0(v0: i64";
    for (size_t n = 0; n < params.size(); ++n) s += fmt::format(", v{}: {}", n + first, kTypes[params[n]]);
    return s + "):\n";
  }
  std::string list(unsigned first = 1) const {
    std::string s;
    for (size_t n = 0; n < params.size(); ++n) s += fmt::format(", v{}", n + first);
    return s;
  }
  std::string returned(unsigned first = 1) const {
    std::string s = "  return";
    for (size_t n = 0; n < source.size(); ++n) s += fmt::format("{} v{}", n ? "," : "", source[n] + first);
    return s + "\n";
  }
};

Sig random_sig(std::mt19937& random, unsigned params, unsigned results) {
  Sig s;
  for (unsigned n = 0; n < params; ++n) s.params.push_back(random() % 4);
  for (unsigned n = 0; n < results && params; ++n) {
    s.source.push_back(random() % params);
    s.results.push_back(s.params[s.source.back()]);
  }
  return s;
}

std::vector<uint64_t> random_args(std::mt19937& random, const Sig& s) {
  std::vector<uint64_t> args;
  for (unsigned p : s.params) {
    uint64_t v = random() | uint64_t{random()} << 32;
    args.push_back(ir::canonical(kTypeOf[p], v));
  }
  return args;
}

std::vector<uint64_t> picked(const Sig& s, const std::vector<uint64_t>& args) {
  std::vector<uint64_t> r;
  for (unsigned n : s.source) r.push_back(args[n]);
  return r;
}

TEST(Calls, ArgumentsAndResultsOfEveryNumber) {
  std::mt19937 random(1);
  for (const Way& way : ways()) {
    for (unsigned params = 0; params <= 30; ++params) {
      for (unsigned results : {0u, 1u, 3u, 9u, 20u}) {
        Sig s = random_sig(random, params, results);
        std::string list = s.list(), results_text, returned = "  return";
        for (size_t n = 0; n < s.results.size(); ++n) {
          results_text += fmt::format("{}v{}", n ? ", " : "", n + 100);
          returned += fmt::format("{} v{}", n ? "," : "", n + 100);
        }
        if (!results_text.empty()) results_text += " = ";
        // Direct; indirect in the same context; in another context, with arguments alive across the call.
        std::string alive_type, alive;
        for (size_t n = 0; n < s.params.size(); ++n) {
          alive_type += fmt::format("{}{}", s.results.empty() && n == 0 ? " -> " : ", ", kTypes[s.params[n]]);
          alive += fmt::format("{} v{}", s.results.empty() && n == 0 ? "" : ",", n + 1);
        }
        Program p(way, fmt::format(R"(
function "callee" sym0 {0} {{
{1}{2}}}
function "direct" sym1 {0} {{
  sig0 = {0}
  fn0 = sig0 sym0
{1}  v90 = vmctx
  {3}call fn0(v90{4})
{5}
}}
function "indirect" sym2 {0} {{
  sig0 = {0}
{1}  v90 = vmctx
  v91 = load.i64 v0+64 r1
  {3}call_indirect sig0 v91(v90{4})
{5}
}}
function "foreign" sym3 {0}{6} {{
  sig0 = {0}
{1}  v91 = load.i64 v0+64 r1
  v92 = load.i64 v0+72 r1
  {3}call_indirect sig0 v91(v92{4})
  v93 = vmctx
  store.i64 v93+80, v93 r1
{5}{7}
}}
)",
                                   s.text(), s.head(), s.returned(), results_text, list, returned, alive_type, alive));
        auto args = random_args(random, s);
        auto want = picked(s, args);
        const void* code = p.code(0);
        void* other = p.context(1);
        std::memcpy(p.data(), &code, 8);
        std::memcpy(p.data() + 8, &other, 8);
        std::string what = fmt::format("{} {}", way.name, s.text());
        EXPECT_EQ(p.call(0, args).results, want) << what;
        EXPECT_EQ(p.call(1, args).results, want) << what;
        EXPECT_EQ(p.call(2, args).results, want) << what;
        want.insert(want.end(), args.begin(), args.end());
        EXPECT_EQ(p.call(3, args).results, want) << what;
        void* self = nullptr;
        std::memcpy(&self, p.data() + 16, 8);
        EXPECT_EQ(self, p.context(0)) << what;
        if (HasFailure()) return;
      }
    }
  }
}

TEST(Calls, ManyResults) {
  for (const Way& way : ways()) {
    Sig s;
    for (unsigned n = 0; n < 1000; ++n) {
      if (n < 900) s.params.push_back(n % 4);
      s.source.push_back((n * 7) % 900);
      s.results.push_back(s.source.back() % 4);
    }
    std::string results = "v2000", back = "  return v2000";
    for (unsigned n = 1; n < 1000; ++n) {
      results += fmt::format(", v{}", n + 2000);
      back += fmt::format(", v{}", n + 2000);
    }
    Program p(way, fmt::format(R"(
function "callee" sym0 {0} {{
{1}{2}}}
function "caller" sym1 {0} {{
  sig0 = {0}
  fn0 = sig0 sym0
{1}  v1999 = vmctx
  {3} = call fn0(v1999{4})
{5}
}}
)",
                               s.text(), s.head(), s.returned(), results, s.list(), back));
    std::mt19937 random(2);
    auto args = random_args(random, s);
    EXPECT_EQ(p.call(1, args).results, picked(s, args)) << way.name;
  }
}

// A function with `outer` arguments leaves to one with `inner`, after a call of its own, from a caller that goes on.
TEST(Calls, TailCallsWithMoreAndFewerStackArguments) {
  std::mt19937 random(3);
  for (const Way& way : ways()) {
    for (unsigned outer : {0u, 1u, 7u, 12u, 16u, 25u, 60u}) {
      for (unsigned inner : {1u, 6u, 11u, 17u, 24u, 61u}) {
        for (unsigned results : {0u, 2u, 12u}) {
          Sig to = random_sig(random, inner, results);
          Sig from;
          from.results = to.results;
          for (unsigned n = 0; n < outer; ++n) from.params.push_back(random() % 4);
          // The inner arguments are outer ones of the same type where there is one, else constants.
          std::string constants, list;
          std::vector<uint64_t> want_args;
          auto args = random_args(random, from);
          for (unsigned n = 0; n < inner; ++n) {
            std::vector<unsigned> same;
            for (unsigned k = 0; k < outer; ++k)
              if (from.params[k] == to.params[n]) same.push_back(k);
            if (!same.empty()) {
              unsigned k = same[random() % same.size()];
              list += fmt::format(", v{}", k + 1);
              want_args.push_back(args[k]);
            } else {
              constants += to.params[n] < 2 ? fmt::format("  v{} = iconst.{} {}\n", n + 200, kTypes[to.params[n]], n)
                                            : fmt::format("  v{} = fconst.{} {}\n", n + 200, kTypes[to.params[n]], n);
              list += fmt::format(", v{}", n + 200);
              want_args.push_back(to.params[n] < 2    ? n
                                  : to.params[n] == 2 ? std::bit_cast<uint32_t>(float(n))
                                                      : std::bit_cast<uint64_t>(double(n)));
            }
          }
          std::string results_text, returned = "  return";
          for (size_t n = 0; n < to.results.size(); ++n) {
            results_text += fmt::format("{}v{}", n ? ", " : "", n + 300);
            returned += fmt::format("{} v{}", n ? "," : "", n + 300);
          }
          if (!results_text.empty()) results_text += " = ";
          std::string alive_type, alive;
          for (size_t n = 0; n < from.params.size(); ++n) {
            alive_type += fmt::format("{}{}", to.results.empty() && n == 0 ? " -> " : ", ", kTypes[from.params[n]]);
            alive += fmt::format("{} v{}", to.results.empty() && n == 0 ? "" : ",", n + 1);
          }
          Program p(way,
                    fmt::format(R"(
function "last" sym0 {0} {{
{1}{2}}}
function "direct" sym1 {3} {{
  sig0 = {0}
  fn0 = sig0 sym0
  sig1 = wasm(i64)
  fn1 = sig1 sym4
{4}  v190 = vmctx
  call fn1(v190)
{5}  return_call fn0(v190{6})
}}
function "indirect, foreign" sym2 {3} {{
  sig0 = {0}
  sig1 = wasm(i64)
  fn0 = sig1 sym4
{4}  v190 = vmctx
  call fn0(v190)
  v191 = load.i64 v0+64 r1
  v192 = load.i64 v0+72 r1
{5}  return_call_indirect sig0 v191(v192{6})
}}
function "caller" sym3 {3}{7} {{
  sig0 = {3}
  fn0 = sig0 sym1
  fn1 = sig0 sym2
{4}  v190 = vmctx
  {8}call fn1(v190{9})
  v193 = vmctx
  store.i64 v193+80, v193 r1
{10}{11}
}}
function "nothing" sym4 wasm(i64) {{
block0(v0: i64):
  return
}}
)",
                                to.text(), to.head(), to.returned(), from.text(), from.head(), constants, list,
                                alive_type, results_text, from.list(), returned, alive),
                    true);
          const void* code = p.code(0);
          void* other = p.context(1);
          std::memcpy(p.data(), &code, 8);
          std::memcpy(p.data() + 8, &other, 8);
          auto want = picked(to, want_args);
          std::string what = fmt::format("{}: {} to {}", way.name, from.text(), to.text());
          EXPECT_EQ(p.call(1, args).results, want) << what;
          EXPECT_EQ(p.call(2, args).results, want) << what;
          want.insert(want.end(), args.begin(), args.end());
          EXPECT_EQ(p.call(3, args).results, want) << what;
          void* self = nullptr;
          std::memcpy(&self, p.data() + 16, 8);
          EXPECT_EQ(self, p.context(0)) << what;
          if (HasFailure()) return;
        }
      }
    }
  }
}

TEST(Calls, TailCallsUseNoStack) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "even" sym0 wasm(i64, i32, i32, i32, i32, i32, i32, i32, i32) -> i32 {
  sig0 = wasm(i64, i32)  -> i32
  fn0 = sig0 sym1
block0(v0: i64, v1: i32, v2: i32, v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32):
  brif v8, block1, block2
block1:
  v9 = iconst.i32 1
  v10 = isub.i32 v8, v9
  return_call fn0(v0, v10)
block2:
  v11 = iconst.i32 1
  return v11
}
function "odd" sym1 wasm(i64, i32) -> i32 {
  sig0 = wasm(i64, i32, i32, i32, i32, i32, i32, i32, i32) -> i32
  fn0 = sig0 sym0
block0(v0: i64, v1: i32):
  brif v1, block1, block2
block1:
  v9 = iconst.i32 1
  v10 = isub.i32 v1, v9
  return_call fn0(v0, v9, v9, v9, v9, v9, v9, v9, v10)
block2:
  v11 = iconst.i32 0
  return v11
}
)");
    EXPECT_EQ(p.call1(1, {1000001}), 1u) << way.name;
    EXPECT_EQ(p.call1(1, {1000000}), 0u) << way.name;
  }
}

TEST(Calls, RecursionEndsInATrap) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "forever" sym0 wasm(i64, i32) -> i32 {
  sig0 = wasm(i64, i32) -> i32
  fn0 = sig0 sym0
block0(v0: i64, v1: i32):
  v2 = iconst.i32 1
  v3 = iadd.i32 v1, v2
  v4 = call fn0(v0, v3)
  v5 = iadd.i32 v4, v1
  return v5
}
function "factorial" sym1 wasm(i64, i64) -> i64 {
  sig0 = wasm(i64, i64) -> i64
  fn0 = sig0 sym1
block0(v0: i64, v1: i64):
  v2 = iconst.i64 2
  v3 = icmp.i64 slt v1, v2
  brif v3, block1, block2
block1:
  v4 = iconst.i64 1
  return v4
block2:
  v5 = iconst.i64 1
  v6 = isub.i64 v1, v5
  v7 = call fn0(v0, v6)
  v8 = imul.i64 v7, v1
  return v8
}
function "a large frame" sym2 wasm(i64) -> i64 {
  ss0 = 100000000 align 8
block0(v0: i64):
  v1 = stack_addr ss0
  store.i64 v1, v0 r5
  return v1
}
)");
    EXPECT_EQ(p.call(0, {0}).trap, TrapCode::StackOverflow) << way.name;
    EXPECT_EQ(p.call1(1, {20}), 2432902008176640000u) << way.name;
    EXPECT_EQ(p.call(2, {}).trap, TrapCode::StackOverflow) << way.name;
  }
}

// -- the host

uint64_t host_sum(void* context, uint32_t a, uint64_t b, double c, float d, uint32_t e, uint64_t f, uint32_t g,
                  uint64_t h) {
  return reinterpret_cast<uint64_t>(context) * 0 + a + b + static_cast<uint64_t>(c) + static_cast<uint64_t>(d) + e + f +
         g * 2 + h * 3;
}
// Leaves rubbish in the upper half of the result register.
int32_t host_small(void*) {
  uint64_t result;
  asm volatile("movabs $0xdeadbeeffffffff6, %0" : "=a"(result));
  return static_cast<int32_t>(result);
}

// Rubbish in the upper halves of both result registers.
struct DirtyPair {
  uint64_t first, second;
};
DirtyPair host_pair(void*) {
  return {0xdead'beef'0000'0007, 0xdead'beef'0000'0100};
}

// Whatever is narrow has zero upper bits, wherever it stands among the results: addresses rest on it.
TEST(Host, NarrowResultsAreMadeClean) {
  struct Case {
    const char* types;
    bool first, second;  // narrow
  };
  for (const Case& c : {Case{"i32, i32", true, true},
                        {"i32, i64", true, false},
                        {"i64, i32", false, true},
                        {"ref, ref", true, true},
                        {"i64, ref", false, true}}) {
    auto widen = [](const char* to, const char* from, bool narrow) {
      return narrow ? fmt::format("  {} = uextend.i64 {}\n", to, from)
                    : fmt::format("  {} = or.i64 {}, {}\n", to, from, from);
    };
    for (const Way& way : ways()) {
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64) -> i64, i64 {{
  sig0 = host(i64) -> {}
block0(v0: i64):
  v1 = load.i64 v0+64 r0
  v2, v3 = call_indirect sig0 v1(v0)
{}{}  return v4, v5
}}
)",
                                 c.types, widen("v4", "v2", c.first), widen("v5", "v3", c.second)));
      auto pair = &host_pair;
      std::memcpy(p.data(), &pair, 8);
      const uint64_t rubbish = 0xdead'beef'0000'0000;
      EXPECT_EQ(p.call(0, {}).results,
                (std::vector<uint64_t>{7 + (c.first ? 0 : rubbish), 256 + (c.second ? 0 : rubbish)}))
          << way.name << " " << c.types;
    }
  }
}

TEST(Host, Builtins) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i32, i64, f64, f32) -> i64, i64, i64 {
  sig0 = host(i64, i32, i64, f64, f32, i32, i64, i32, i64) -> i64
  sig1 = host(i64) -> i32
block0(v0: i64, v1: i32, v2: i64, v3: f64, v4: f32):
  v5 = load.i64 v0+64 r0 readonly
  v6 = load.i64 v0+72 r0 readonly
  v7 = iconst.i32 5
  v8 = iconst.i64 6
  v9 = call_indirect sig0 v5(v0, v1, v2, v3, v4, v7, v8, v1, v2)
  v10 = call_indirect sig1 v6(v0)
  v11 = uextend.i64 v10
  return v9, v11, v2
}
)");
    auto sum = &host_sum;
    auto small = &host_small;
    std::memcpy(p.data(), &sum, 8);
    std::memcpy(p.data() + 8, &small, 8);
    Outcome o = p.call(0, {1, 1000, std::bit_cast<uint64_t>(20.0), std::bit_cast<uint32_t>(300.0f)});
    EXPECT_EQ(o.results, (std::vector<uint64_t>{1 + 1000 + 20 + 300 + 5 + 6 + 2 + 3000, 0xfffffff6u, 1000}))
        << way.name;
  }
}

// A host function that reverses its values, or fails, or looks at the activation.
struct HostState {
  size_t args = 0;
  bool fail = false;
  abi::VMContext* caller = nullptr;
  uintptr_t exit_fp = 0, exit_pc = 0;
};
int32_t reverse(void* env, abi::VMContext* caller, abi::ValRaw* values) {
  auto* state = static_cast<HostState*>(env);
  state->caller = caller;
  state->exit_fp = caller->store->activation->exit_fp;
  state->exit_pc = caller->store->activation->exit_pc;
  if (state->fail) return 1;
  std::reverse(values, values + state->args);
  return 0;
}

// What the runtime does when a host function fails: goes on at the landing of the innermost entry.
void unwind(abi::VMStore* store) {
  asm volatile("movq %0, %%rsp\n\tret" : : "r"(store->activation->entry_sp) : "memory");
  __builtin_unreachable();
}

TEST(Host, Trampolines) {
  std::mt19937 random(4);
  for (const Way& way : ways()) {
    for (unsigned params : {0u, 1u, 2u, 5u, 8u, 15u, 16u, 30u}) {
      Sig s;
      for (unsigned n = 0; n < params; ++n) s.params.push_back(random() % 4);
      s.results.assign(s.params.rbegin(), s.params.rend());
      std::string results_text, returned = "  return", alive_type, alive;
      for (size_t n = 0; n < s.results.size(); ++n) {
        results_text += fmt::format("{}v{}", n ? ", " : "", n + 100);
        returned += fmt::format("{} v{}", n ? "," : "", n + 100);
        alive_type += fmt::format(", {}", kTypes[s.params[n]]);
        alive += fmt::format(", v{}", n + 1);
      }
      if (!results_text.empty()) results_text += " = ";
      Program p(way, fmt::format(R"(
function "caller" sym0 {0}{6} {{
  sig0 = {0}
{1}  v91 = load.i64 v0+64 r1
  v92 = load.i64 v0+72 r1
  {2}call_indirect sig0 v91(v92{3})
  v93 = vmctx
  store.i64 v93+80, v93 r1
{4}{5}
}}
)",
                                 s.text(), s.head(), results_text, s.list(), returned, alive, alive_type));
      ir::Signature sig;
      sig.params.push_back(Type::I64);
      for (unsigned t : s.params) sig.params.push_back(kTypeOf[t]);
      for (unsigned t : s.results) sig.results.push_back(kTypeOf[t]);
      HostState state{.args = params};
      abi::VMHostContext host{.store = &p.store(), .call = reverse, .env = &state, .funcref = {}};
      const void* code = p.host_trampoline(sig);
      void* host_context = &host;
      std::memcpy(p.data(), &code, 8);
      std::memcpy(p.data() + 8, &host_context, 8);
      auto args = random_args(random, s);
      std::vector<uint64_t> want(args.rbegin(), args.rend());
      want.insert(want.end(), args.begin(), args.end());
      Outcome o = p.call(0, args);
      EXPECT_EQ(o.results, want) << way.name << " " << s.text();
      EXPECT_EQ(state.caller, p.context(0));
      EXPECT_GT(state.exit_pc, reinterpret_cast<uintptr_t>(p.code(0)));
      EXPECT_LT(state.exit_pc, reinterpret_cast<uintptr_t>(code));
      EXPECT_NE(state.exit_fp, 0u);
      void* self = nullptr;
      std::memcpy(&self, p.data() + 16, 8);
      EXPECT_EQ(self, p.context(0));
      // An error of the host unwinds to the entry.
      state.fail = true;
      std::vector<abi::ValRaw> values(64);
      abi::VMActivation activation{};
      p.store().activation = &activation;
      p.store().unwind = unwind;
      EXPECT_FALSE(p.enter(0, values.data()));
      // So does a store that was cancelled.
      state.fail = false;
      EXPECT_TRUE(p.enter(0, values.data()));
      p.store().is_cancelled = 1;
      EXPECT_FALSE(p.enter(0, values.data()));
      p.store().is_cancelled = 0;
      p.store().activation = nullptr;
      if (HasFailure()) return;
    }
  }
}

#if VITRINE_VERIFY
extern "C" void vitrine_test_dirty_i32();
__asm__(R"(
.pushsection .text
.globl vitrine_test_dirty_i32
vitrine_test_dirty_i32:
  movq $-1, %rax
  ret
.popsection
)");

// Where compiled code is left, debug builds see whether an i32 has zero upper bits.
TEST(Calls, ADirtyI32IsNoticed) {
  Program p(ways()[0], R"(
function "f" sym0 wasm(i64) -> i32 {
block0(v0: i64):
  v1 = iconst.i32 -1
  return v1
}
)");
  abi::ValRaw value{};
  abi::VMActivation activation{};
  p.store().activation = &activation;
  EXPECT_TRUE(p.enter(0, &value));
  // The harness's handler: an illegal instruction that is no trap.
  EXPECT_EXIT(p.enter_code(0, reinterpret_cast<const void*>(&vitrine_test_dirty_i32), &value),
              ::testing::ExitedWithCode(99), "");
}
#endif

// Direct calls whose context register is restored because a callee may have left by a foreign tail call.
TEST(Calls, ReadonlyLoadsAreComputedAgain) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i32) -> i64 {
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64, v1: i32):
  v2 = load.i64 v0+64 r0 readonly
  v3 = iconst.i64 1234567890123456789
  v4 = fconst.f64 2.5
  jump block1(v1, v3)
block1(v5: i32, v6: i64):
  v7 = vmctx
  call fn0(v7)
  v8 = iadd.i64 v6, v2
  v9 = xor.i64 v8, v3
  v14 = bitcast.i64 v4
  v15 = iadd.i64 v9, v14
  v10 = iconst.i32 1
  v11 = isub.i32 v5, v10
  brif v11, block1(v11, v15), block2
block2:
  return v15
}
function "nothing" sym1 wasm(i64) {
block0(v0: i64):
  return
}
)");
    uint64_t c = 42, x = 1234567890123456789;
    std::memcpy(p.data(), &c, 8);
    for (int n = 0; n < 5; ++n) x = ((x + c) ^ 1234567890123456789) + std::bit_cast<uint64_t>(2.5);
    EXPECT_EQ(p.call1(0, {5}), x) << way.name;
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

// Arithmetic of 128 bits: operations with two results, of which either may be unused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using Wide = unsigned __int128;
constexpr uint64_t kValues[] = {
    0, 1, 2, 0x8000'0000'0000'0000, 0xffff'ffff'ffff'ffff, 0x7fff'ffff'ffff'ffff, 0x1234'5678'9abc'def0};

Wide wide(uint64_t lo, uint64_t hi) {
  return Wide{hi} << 64 | lo;
}

TEST(Wide, Products) {
  for (const Way& way : ways()) {
    for (bool is_signed : {false, true}) {
      // Both halves, the lower alone, the upper alone; operands that live on.
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i64, i64) -> i64, i64, i64, i64, i64, i64 {{
block0(v0: i64, v1: i64, v2: i64):
  v3, v4 = {0}.i64 v1, v2
  v5, v6 = {0}.i64 v2, v1
  v7, v8 = {0}.i64 v1, v1
  v9 = load.i64 v0+64 r0
  v10, v11 = {0}.i64 v1, v9
  return v3, v4, v5, v8, v11, v1
}}
)",
                                 is_signed ? "smul_wide" : "umul_wide"));
      for (uint64_t x : kValues) {
        for (uint64_t y : kValues) {
          auto product = [&](uint64_t a, uint64_t b) {
            return is_signed
                       ? static_cast<Wide>(static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b))
                       : Wide{a} * b;
          };
          std::memcpy(p.data(), &y, 8);
          const Wide xy = product(x, y), xx = product(x, x);
          EXPECT_EQ(p.call(0, {x, y}).results,
                    (std::vector<uint64_t>{static_cast<uint64_t>(xy), static_cast<uint64_t>(xy >> 64),
                                           static_cast<uint64_t>(xy), static_cast<uint64_t>(xx >> 64),
                                           static_cast<uint64_t>(xy >> 64), x}))
              << way.name << p.vcode;
        }
      }
    }
  }
}

TEST(Wide, SumsCarry) {
  for (const Way& way : ways()) {
    for (bool add : {false, true}) {
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64, i64 {{
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
  v5, v6 = {0}.i64 v1, v2, v3, v4
  v7, v8 = {0}.i64 v1, v2, v3, v4
  v9 = iconst.i64 0
  v10 = iconst.i64 -1
  v11, v12 = {0}.i64 v1, v9, v10, v9
  v13, v14 = {0}.i64 v1, v2, v1, v2
  v15 = load.i64 v0+64 r0
  v16, v17 = {0}.i64 v3, v4, v1, v15
  return v5, v6, v8, v11, v12, v14, v17
}}
)",
                                 add ? "iadd128" : "isub128"));
      for (uint64_t a : kValues) {
        for (uint64_t b : kValues) {
          for (uint64_t c : kValues) {
            const uint64_t d = a ^ c;
            auto sum = [&](Wide x, Wide y) { return add ? x + y : x - y; };
            std::memcpy(p.data(), &b, 8);
            const Wide first = sum(wide(a, b), wide(c, d)), second = sum(wide(a, 0), wide(~uint64_t{0}, 0));
            EXPECT_EQ(p.call(0, {a, b, c, d}).results,
                      (std::vector<uint64_t>{static_cast<uint64_t>(first), static_cast<uint64_t>(first >> 64),
                                             static_cast<uint64_t>(first >> 64), static_cast<uint64_t>(second),
                                             static_cast<uint64_t>(second >> 64),
                                             static_cast<uint64_t>(sum(wide(a, b), wide(a, b)) >> 64),
                                             static_cast<uint64_t>(sum(wide(c, d), wide(a, b)) >> 64)}))
                << way.name << p.vcode;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

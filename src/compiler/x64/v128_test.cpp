// Values of 128 bits through lowering, both allocators and emission: loads and stores at any address, constants,
// select, parameters and results in registers and on the stack, over calls and round loops, to the host and from it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using Bits = std::array<uint64_t, 2>;
using Vector [[gnu::vector_size(16)]] = uint64_t;

Bits pattern(uint64_t n) {
  return {0x1111'0000'0000'0000 + n, 0xeeee'0000'0000'0000 + n * 3};
}
Bits at(Program& p, size_t offset) {
  Bits bits;
  std::memcpy(&bits, p.data() + offset, sizeof bits);
  return bits;
}
void put(Program& p, size_t offset, Bits bits) {
  std::memcpy(p.data() + offset, &bits, sizeof bits);
}

// "f" loads n values, at addresses that are no multiples of 16, passes them on among integers and floats, and stores
// what comes back; all of them live on over the call.
TEST(V128, ArgumentsAndResultsOfEveryNumber) {
  for (const Way& way : ways()) {
    for (unsigned n : {1u, 3u, 4u, 5u, 8u, 9u, 15u, 20u}) {
      std::string types, results, loads, args, stores, got, callee_params, returned;
      for (unsigned k = 0; k < n; ++k) {
        types += k % 3 == 2 ? ", v128, i64, f32" : ", v128";
        results += fmt::format("{}v128", k ? ", " : "");
        loads += fmt::format("  v{} = load.v128 v0+{} r0\n", 100 + k, 64 + 8 + 16 * k);
        args += fmt::format(", v{}", 100 + k) + (k % 3 == 2 ? ", v1, v2" : "");
        got += fmt::format("{}v{}", k ? ", " : "", 200 + k);
        stores += fmt::format("  store.v128 v0+{}, v{} r0\n  store.v128 v0+{}, v{} r0\n", 64 + 1000 + 16 * k, 200 + k,
                              64 + 2000 + 16 * k, 100 + k);
        callee_params += fmt::format(", v{}: v128", 300 + k);
        if (k % 3 == 2) callee_params += fmt::format(", v{}: i64, v{}: f32", 400 + k, 500 + k);
        returned += fmt::format("{}v{}", k ? ", " : "", 300 + n - 1 - k);
      }
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i64, f32) {{
  sig0 = wasm(i64{0}) -> {1}
  fn0 = sig0 sym1
block0(v0: i64, v1: i64, v2: f32):
{2}  {3} = call fn0(v0{4})
{5}  return
}}
function "g" sym1 wasm(i64{0}) -> {1} {{
block0(v0: i64{6}):
  return {7}
}}
)",
                                 types, results, loads, got, args, stores, callee_params, returned));
      for (unsigned k = 0; k < n; ++k) put(p, 8 + 16 * k, pattern(k));
      EXPECT_EQ(p.call(0, {77, 5}).trap, abi::TrapCode::None);
      for (unsigned k = 0; k < n; ++k) {
        ASSERT_EQ(at(p, 1000 + 16 * k), pattern(n - 1 - k)) << way.name << " " << n << p.vcode;
        ASSERT_EQ(at(p, 2000 + 16 * k), pattern(k)) << way.name << " " << n << p.vcode;
      }
    }
  }
}

// Parameters that change places in a loop with a call in it, chosen among by select; floats beside them, so that spill
// slots of both sizes are in use.
TEST(V128, RoundALoop) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i32, f64) {
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64, v1: i32, v2: f64):
  v3 = load.v128 v0+64 r0
  v4 = load.v128 v0+80 r0
  v5 = load.v128 v0+96 r0
  jump block1(v1, v3, v4, v5, v2)
block1(v6: i32, v7: v128, v8: v128, v9: v128, v10: f64):
  call fn0(v0)
  v11 = iconst.i32 1
  v12 = and.i32 v6, v11
  v13 = select.v128 v12, v7, v8
  v14 = isub.i32 v6, v11
  v15 = fadd.f64 v10, v2
  store.v128 v0+112, v13 r0
  brif v14, block1(v14, v8, v9, v7, v15), block2
block2:
  store.v128 v0+128, v7 r0
  store.v128 v0+144, v8 r0
  store.v128 v0+160, v9 r0
  store.f64 v0+176, v15 r0
  return
}
function "nothing" sym1 wasm(i64) {
block0(v0: i64):
  return
}
)");
    for (uint32_t turns : {1u, 2u, 5u, 6u}) {
      for (unsigned k = 0; k < 3; ++k) put(p, 16 * k, pattern(k));
      EXPECT_EQ(p.call(0, {turns, std::bit_cast<uint64_t>(0.5)}).trap, abi::TrapCode::None);
      const unsigned first = (turns - 1) % 3;  // which value is v7 in the last turn, where v6 is 1
      EXPECT_EQ(at(p, 48), pattern(first)) << way.name << p.vcode;
      for (unsigned k = 0; k < 3; ++k) EXPECT_EQ(at(p, 64 + 16 * k), pattern((first + k) % 3)) << way.name << p.vcode;
      double sum;
      std::memcpy(&sum, p.data() + 112, 8);
      EXPECT_EQ(sum, 0.5 * (turns + 1));
    }
  }
}

// More values than registers, alive over a call, stored in another order.
TEST(V128, Spilled) {
  std::mt19937 random(3);
  for (const Way& way : ways()) {
    constexpr unsigned kCount = 40;
    std::array<unsigned, kCount> order;
    for (unsigned k = 0; k < kCount; ++k) order[k] = k;
    std::ranges::shuffle(order, random);
    std::string loads, stores;
    for (unsigned k = 0; k < kCount; ++k) {
      loads += fmt::format("  v{} = load.v128 v0+{} r0\n  v{} = load.f32 v0+{} r0\n", 100 + k, 64 + 16 * k, 200 + k,
                           64 + 16 * k);
      stores += fmt::format("  store.v128 v0+{}, v{} r0\n  store.f32 v0+{}, v{} r0\n", 64 + 1000 + 16 * k,
                            100 + order[k], 64 + 2000 + 4 * k, 200 + order[k]);
    }
    Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64) {{
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64):
{}  call fn0(v0)
{}  return
}}
function "nothing" sym1 wasm(i64) {{
block0(v0: i64):
  return
}}
)",
                               loads, stores));
    for (unsigned k = 0; k < kCount; ++k) put(p, 16 * k, pattern(k));
    EXPECT_EQ(p.call(0, {}).trap, abi::TrapCode::None);
    for (unsigned k = 0; k < kCount; ++k) {
      ASSERT_EQ(at(p, 1000 + 16 * k), pattern(order[k])) << way.name << p.vcode;
      uint32_t low;
      std::memcpy(&low, p.data() + 2000 + 4 * k, 4);
      ASSERT_EQ(low, static_cast<uint32_t>(pattern(order[k])[0])) << way.name << p.vcode;
    }
  }
}

int32_t reverse(void* count, abi::VMContext*, abi::ValRaw* values) {
  std::reverse(values, values + *static_cast<size_t*>(count));
  return 0;
}

// From the host by an array of values, through a function, to the host, and all the way back.
TEST(V128, ThroughTheTrampolines) {
  for (const Way& way : ways()) {
    for (size_t n : {1u, 4u, 5u, 8u, 9u, 14u}) {
      std::string types, params, args, results, got;
      ir::Signature sig;
      sig.params.push_back(ir::Type::I64);
      for (size_t k = 0; k < n; ++k) {
        types += ", v128";
        params += fmt::format(", v{}: v128", 100 + k);
        args += fmt::format(", v{}", 100 + k);
        results += fmt::format("{}v128", k ? ", " : "");
        got += fmt::format("{}v{}", k ? ", " : "", 200 + k);
        sig.params.push_back(ir::Type::V128);
        sig.results.push_back(ir::Type::V128);
      }
      Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64{0}) -> {2} {{
  sig0 = wasm(i64{0}) -> {2}
block0(v0: i64{1}):
  v1 = load.i64 v0+64 r1
  v2 = load.i64 v0+72 r1
  {4} = call_indirect sig0 v1(v2{3})
  return {4}
}}
)",
                                 types, params, results, args, got));
      abi::VMHostContext host{.store = &p.store(), .call = reverse, .env = &n, .funcref = {}};
      const void* code = p.host_trampoline(sig);
      void* host_context = &host;
      std::memcpy(p.data(), &code, 8);
      std::memcpy(p.data() + 8, &host_context, 8);
      std::vector<abi::ValRaw> values(n);
      for (size_t k = 0; k < n; ++k) {
        Bits bits = pattern(k);
        std::memcpy(&values[k], &bits, sizeof bits);
      }
      abi::VMActivation activation{};
      p.store().activation = &activation;
      EXPECT_TRUE(p.enter(0, values.data()));
      p.store().activation = nullptr;
      for (size_t k = 0; k < n; ++k) {
        Bits bits;
        std::memcpy(&bits, &values[k], sizeof bits);
        ASSERT_EQ(bits, pattern(n - 1 - k)) << way.name << " " << n << p.vcode;
      }
    }
  }
}

/// Twelve vectors, of which five come on the stack, between integers and floats.
Vector host_mix(const uint64_t* salt, Vector a, Vector b, double x, Vector c, Vector d, Vector e, uint64_t n, Vector f,
                Vector g, Vector h, Vector i, Vector j, Vector k, Vector l) {
  const uint64_t add = salt[0] + n + static_cast<uint64_t>(x);
  Vector sum = a ^ (b << 1) ^ (c << 2) ^ (d << 3) ^ (e << 4) ^ (f << 5) ^ (g << 6) ^ (h << 7) ^ (i << 8) ^ (j << 9) ^
               (k << 10) ^ (l << 11);
  return sum + Vector{add, ~add};
}

// Builtins may take and answer vectors: the platform's C convention, with everything alive over the call.
TEST(V128, InTheConventionOfTheHost) {
  std::mt19937_64 random(11);
  for (const Way& way : ways()) {
    std::string loads, args, stores;
    for (unsigned k = 0; k < 12; ++k) {
      loads += fmt::format("  v{} = load.v128 v0+{} r1\n", 100 + k, 64 + 32 + 16 * k);
      stores += fmt::format("  store.v128 v0+{}, v{} r1\n", 64 + 1000 + 16 * k, 100 + k);
      args += fmt::format(", v{}", 100 + k);
      if (k == 1) args += ", v5";
      if (k == 4) args += ", v4";
    }
    Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, i64, f64) -> v128 {{
  sig0 = host(i64, v128, v128, f64, v128, v128, v128, i64, v128, v128, v128, v128, v128, v128, v128) -> v128
block0(v0: i64, v4: i64, v5: f64):
  v1 = load.i64 v0+64 r1
  v2 = iconst.i64 64
  v3 = iadd.i64 v0, v2
{}  v200 = call_indirect sig0 v1(v3{})
{}  v201 = xor.v128 v200, v100
  store.v128 v0+{}, v201 r1
  return v200
}}
)",
                               loads, args, stores, 64 + 2000));
    for (int round = 0; round < 20; ++round) {
      auto* code = &host_mix;
      std::memcpy(p.data(), &code, sizeof code);
      std::array<Vector, 12> v;
      for (unsigned k = 0; k < 12; ++k) {
        v[k] = Vector{random(), random()};
        std::memcpy(p.data() + 32 + 16 * k, &v[k], 16);
      }
      const uint64_t n = random(), x = random() % 1000, salt = std::bit_cast<uint64_t>(code);
      const Outcome have = p.call(0, {n, std::bit_cast<uint64_t>(static_cast<double>(x))});
      const Vector want = host_mix(&salt, v[0], v[1], static_cast<double>(x), v[2], v[3], v[4], n, v[5], v[6], v[7],
                                   v[8], v[9], v[10], v[11]);
      ASSERT_EQ(have.results, std::vector<uint64_t>{want[0]}) << way.name << p.vcode;
      ASSERT_EQ(have.high, std::vector<uint64_t>{want[1]}) << way.name << p.vcode;
      for (unsigned k = 0; k < 12; ++k)
        ASSERT_EQ(at(p, 1000 + 16 * k), (Bits{v[k][0], v[k][1]})) << way.name << p.vcode;
      EXPECT_EQ(at(p, 2000), (Bits{want[0] ^ v[0][0], want[1] ^ v[0][1]}));
    }
  }
}

TEST(V128, BitsAndConstants) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64) {
  sig0 = wasm(i64)
  fn0 = sig0 sym1
block0(v0: i64):
  v1 = load.v128 v0+72 r0
  v2 = load.v128 v0+88 r0
  v3 = vconst.v128 0x0f0f0f0f0f0f0f0f1234567890abcdef
  v4 = vconst.v128 0x0
  v11 = vconst.v128 0x10000000000000000
  v5 = and.v128 v1, v2
  v6 = or.v128 v1, v3
  v7 = xor.v128 v1, v2
  call fn0(v0)
  v8 = xor.v128 v7, v4
  store.v128 v0+104, v5 r0
  store.v128 v0+120, v6 r0
  store.v128 v0+136, v8 r0
  store.v128 v0+152, v3 r0
  store.v128 v0+168, v4 r0
  v9 = load.v128 v0+72 r0
  v10 = and.v128 v9, v3
  store.v128 v0+72, v10 r0
  store.v128 v0+184, v11 r0
  v12 = load.v128 v0+88 r0
  v13 = xor.v128 v3, v12
  store.v128 v0+200, v13 r0
  return
}
function "nothing" sym1 wasm(i64) {
block0(v0: i64):
  return
}
)");
    const Bits x = pattern(12345), y = pattern(99), c = {0x1234567890abcdef, 0x0f0f0f0f0f0f0f0f};
    put(p, 8, x);
    put(p, 24, y);
    put(p, 104, pattern(1));
    EXPECT_EQ(p.call(0, {}).trap, abi::TrapCode::None);
    EXPECT_EQ(at(p, 40), (Bits{x[0] & y[0], x[1] & y[1]})) << way.name << p.vcode;
    EXPECT_EQ(at(p, 56), (Bits{x[0] | c[0], x[1] | c[1]})) << way.name << p.vcode;
    EXPECT_EQ(at(p, 72), (Bits{x[0] ^ y[0], x[1] ^ y[1]})) << way.name << p.vcode;
    EXPECT_EQ(at(p, 88), c) << way.name << p.vcode;
    EXPECT_EQ(at(p, 104), Bits{}) << way.name << p.vcode;
    EXPECT_EQ(at(p, 120), (Bits{0, 1})) << way.name << p.vcode;
    EXPECT_EQ(at(p, 136), (Bits{c[0] ^ y[0], c[1] ^ y[1]})) << way.name << p.vcode << "from where it is not aligned";
    EXPECT_EQ(at(p, 8), (Bits{x[0] & c[0], x[1] & c[1]})) << way.name << p.vcode;
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

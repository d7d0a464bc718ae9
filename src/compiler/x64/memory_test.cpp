// Loads, stores and stack slots, run in every way to compile.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <bit>
#include <cstring>

#include "compiler/ir/fold.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using abi::TrapCode;
using ir::Type;

TEST(Memory, LoadsAndStoresOfEveryWidth) {
  struct Kind {
    const char* name;
    unsigned bytes;
    bool is_signed;
  };
  const Kind kinds[] = {{"u8", 1, false}, {"s8", 1, true},   {"u16", 2, false},
                        {"s16", 2, true}, {"u32", 4, false}, {"s32", 4, true}};
  const uint64_t words[] = {0, 0x8877665544332211, 0x7f7f7f7f7f7f7f7f, 0x8080808080808080, ~0ull, 0xff00ff00ff00ff00};
  for (const Way& way : ways()) {
    for (Type t : {Type::I32, Type::I64}) {
      for (const Kind& k : kinds) {
        if (t == Type::I32 && k.bytes == 4) continue;
        Program p(way, fmt::format(R"(
function "load" sym0 wasm(i64, i64) -> {0} {{
block0(v0: i64, v1: i64):
  v2 = load.{0} {1} v1-16 r1
  return v2
}}
function "store" sym1 wasm(i64, i64, {0}) {{
block0(v0: i64, v1: i64, v2: {0}):
  store.{0} {1} v1+16, v2 r1
  return
}}
function "store constant" sym2 wasm(i64, i64) {{
block0(v0: i64, v1: i64):
  v2 = iconst.{0} -86
  store.{0} {1} v1+16, v2 r1
  return
}}
)",
                                   ir::name_of(t), k.name));
        for (uint64_t w : words) {
          std::memcpy(p.data() + 100, &w, 8);
          auto at = reinterpret_cast<uint64_t>(p.data() + 100);
          uint64_t want = w & (~0ull >> (64 - 8 * k.bytes));
          if (k.is_signed && want >> (8 * k.bytes - 1)) want |= ~0ull << (8 * k.bytes - 1);
          want = ir::canonical(t, want);
          EXPECT_EQ(p.call1(0, {at + 16}), want) << way.name << " " << k.name;
          uint64_t before[4], after[4];
          std::memset(before, 0x5a, sizeof before);
          for (unsigned constant : {0u, 1u}) {
            std::memcpy(p.data() + 96, before, sizeof before);
            if (constant)
              p.call(2, {at - 4});
            else
              p.call(1, {at - 4, w});
            std::memcpy(after, before, sizeof before);
            uint64_t stored = constant ? ~85ull : w;
            std::memcpy(reinterpret_cast<uint8_t*>(after) + 16, &stored, k.bytes);
            EXPECT_EQ(std::memcmp(p.data() + 96, after, sizeof after), 0) << way.name << " " << k.name;
          }
        }
      }
    }
  }
}

TEST(Memory, AddressesAreFolded) {
  for (const Way& way : ways()) {
    std::string text;
    struct Form {
      unsigned shift;
      int64_t inner;
      int32_t disp;
      bool swapped, narrow;
    };
    std::vector<Form> forms;
    for (unsigned shift : {0u, 1u, 2u, 3u, 4u})
      for (int64_t inner : {0l, 5l, -40l, 0x7fffffffl, -0x80000000l, 0x100000000l})
        for (int32_t disp : {0, 8, -8, 0x7fffffff, INT32_MIN})
          for (bool swapped : {false, true})
            for (bool narrow : {false, true}) forms.push_back({shift, inner, disp, swapped, narrow});
    for (size_t n = 0; n < forms.size(); ++n) {
      const Form& f = forms[n];
      text += fmt::format(R"(
function "f" sym{0} wasm(i64, i64, i64, i32) -> i32, i64 {{
block0(v0: i64, v1: i64, v2: i64, v3: i32):
  v4 = iconst.i64 {1}
  v5 = uextend.i64 v3
  v6 = shl.i64 {2}, v4
  v7 = iconst.i64 {3}
  v8 = iadd.i64 v1, v7
  v9 = iadd.i64 {4}
  v10 = load.i32 v9{5:+} r1
  return v10, v9
}}
)",
                          n, f.shift, f.narrow ? "v5" : "v2", f.inner, f.swapped ? "v6, v8" : "v8, v6", f.disp);
    }
    Program p(way, text);
    for (size_t n = 0; n < forms.size(); ++n) {
      const Form& f = forms[n];
      for (uint64_t index : {uint64_t{0}, uint64_t{3}, uint64_t{0xffffffff}, ~uint64_t{0}}) {
        uint32_t word = 0xabcd0000u + static_cast<uint32_t>(n);
        std::memcpy(p.data() + 512, &word, 4);
        uint64_t scaled = (f.narrow ? index & 0xffffffff : index) << f.shift;
        uint64_t sum = reinterpret_cast<uint64_t>(p.data() + 512) - static_cast<uint64_t>(int64_t{f.disp});
        uint64_t base = sum - scaled - static_cast<uint64_t>(f.inner);
        Outcome o = p.call(static_cast<uint32_t>(n), {base, index, index & 0xffffffff});
        ASSERT_EQ(o.results.size(), 2u) << way.name << " form " << n;
        EXPECT_EQ(o.results[0], word) << way.name << " form " << n;
        EXPECT_EQ(o.results[1], sum) << way.name << " form " << n;
      }
    }
  }
}

// A 32-bit sum wraps before it is extended.
TEST(Memory, NarrowSumsWrapBeforeTheyBecomeAddresses) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i64, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = iconst.i32 16
  v4 = iadd.i32 v2, v3
  v5 = uextend.i64 v4
  v6 = iadd.i64 v1, v5
  v7 = load.i32 v6+4 r1
  return v7
}
)");
    uint32_t word = 77;
    std::memcpy(p.data() + 100, &word, 4);
    EXPECT_EQ(p.call1(0, {reinterpret_cast<uint64_t>(p.data() + 96 - 8), 0xfffffff8u}), 77u) << way.name;
  }
}

TEST(Memory, ReadModifyWrite) {
  for (const Way& way : ways()) {
    for (const char* op : {"iadd", "isub", "and", "or", "xor"}) {
      for (Type t : {Type::I32, Type::I64}) {
        Program p(way, fmt::format(R"(
function "register" sym0 wasm(i64, {0}) {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  v3 = {1}.{0} v2, v1
  store.{0} v0+64, v3 r1
  return
}}
function "constant" sym1 wasm(i64, {0}) {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  v4 = iconst.{0} 100000
  v3 = {1}.{0} v2, v4
  store.{0} v0+64, v3 r1
  return
}}
function "a store between" sym2 wasm(i64, {0}) {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  store.{0} v0+64, v1 r1
  v3 = {1}.{0} v2, v1
  store.{0} v0+64, v3 r1
  return
}}
function "the other order" sym3 wasm(i64, {0}) {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  v3 = {1}.{0} v1, v2
  store.{0} v0+64, v3 r1
  return
}}
)",
                                   ir::name_of(t), op));
        ir::Op code = ir::Op::IAdd;
        for (ir::Op o : {ir::Op::IAdd, ir::Op::ISub, ir::Op::And, ir::Op::Or, ir::Op::Xor})
          if (std::string_view(ir::name_of(o)) == op) code = o;
        const uint64_t x = ir::canonical(t, 0x123456789abcdef0), y = ir::canonical(t, 0xfedcba9876543211);
        uint64_t want[] = {*ir::fold_binary(code, t, 0, x, y), *ir::fold_binary(code, t, 0, x, 100000),
                           *ir::fold_binary(code, t, 0, x, y), *ir::fold_binary(code, t, 0, y, x)};
        for (uint32_t f = 0; f < 4; ++f) {
          std::memset(p.data(), 0, 16);
          std::memcpy(p.data(), &x, 8);
          p.call(f, {y});
          uint64_t got = 0;
          std::memcpy(&got, p.data(), ir::bytes_of(t));
          EXPECT_EQ(got, want[f]) << way.name << " " << op << " " << f;
        }
      }
    }
  }
}

// What a store writes must not be seen by a load before it.
TEST(Memory, LoadsStayBeforeStores) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i64, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v1 r1
  store.i32 v1, v2 r1
  v4 = iadd.i32 v2, v3
  return v4
}
)");
    uint32_t word = 1000;
    std::memcpy(p.data(), &word, 4);
    EXPECT_EQ(p.call1(0, {reinterpret_cast<uint64_t>(p.data()), 7}), 1007u) << way.name;
  }
}

// (x & y) compared with 0, with either operand in memory.
TEST(Memory, MasksAreTestedInMemory) {
  for (const Way& way : ways()) {
    for (Type t : {Type::I32, Type::I64}) {
      Program p(way, fmt::format(R"(
function "register" sym0 wasm(i64, {0}) -> i32 {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  v3 = and.{0} v1, v2
  v4 = iconst.{0} 0
  v5 = icmp.{0} ne v3, v4
  brif v5, block1, block2
block1:
  v6 = iconst.i32 1
  return v6
block2:
  v7 = iconst.i32 0
  return v7
}}
function "constant" sym1 wasm(i64, {0}) -> i32 {{
block0(v0: i64, v1: {0}):
  v2 = load.{0} v0+64 r1
  v8 = iconst.{0} 4096
  v3 = and.{0} v2, v8
  v4 = iconst.{0} 0
  v5 = icmp.{0} ne v3, v4
  return v5
}}
)",
                                 ir::name_of(t)));
      for (uint64_t x : {uint64_t{0}, uint64_t{4096}, uint64_t{1}, ~uint64_t{0}, uint64_t{1} << 63}) {
        for (uint64_t y : {uint64_t{0}, uint64_t{4096}, uint64_t{1}, uint64_t{0x80000001}, uint64_t{1} << 63}) {
          std::memcpy(p.data(), &y, 8);
          EXPECT_EQ(p.call1(0, {ir::canonical(t, x)}), ir::canonical(t, x & y) != 0) << way.name;
          EXPECT_EQ(p.call1(1, {0}), (y & 4096) != 0) << way.name;
        }
      }
    }
  }
}

// A condition that is also a value is compared twice. The load in it is not read where it is compared: it would be gone
// when the value is made.
TEST(Memory, ALoadBehindAConditionThatIsAlsoAValueIsKept) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "integers" sym0 wasm(i64, i32) -> i32 {
block0(v0: i64, v1: i32):
  v2 = load.i32 v0+64 r1
  v3 = icmp.i32 ult v1, v2
  v4 = iconst.i32 0
  v5 = icmp.i32 eq v3, v4
  brif v5, block1(v5), block2(v5)
block1(v6: i32):
  return v6
block2(v7: i32):
  v8 = iconst.i32 10
  v9 = iadd.i32 v7, v8
  return v9
}
function "floats" sym1 wasm(i64, f64) -> i32 {
block0(v0: i64, v1: f64):
  v2 = load.f64 v0+64 r1
  v3 = fcmp.f64 gt v1, v2
  v4 = iconst.i32 0
  v5 = icmp.i32 eq v3, v4
  v6 = iconst.i32 3
  v7 = iconst.i32 5
  v8 = select.i32 v5, v6, v7
  v9 = iadd.i32 v8, v5
  return v9
}
)");
    uint32_t bound = 7;
    std::memcpy(p.data(), &bound, 4);
    EXPECT_EQ(p.call1(0, {6}), 10u) << way.name;
    EXPECT_EQ(p.call1(0, {7}), 1u) << way.name;
    double limit = 2.5;
    std::memcpy(p.data(), &limit, 8);
    EXPECT_EQ(p.call1(1, {std::bit_cast<uint64_t>(3.0)}), 5u) << way.name;
    EXPECT_EQ(p.call1(1, {std::bit_cast<uint64_t>(2.0)}), 4u) << way.name;
  }
}

TEST(Memory, FaultsBecomeTraps) {
  void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (const Way& way : ways()) {
    Program p(way, R"(
function "load" sym0 wasm(i64, i64) -> i32 {
block0(v0: i64, v1: i64):
  v2 = load.i32 v1 r1 trap=2 @0x10
  return v2
}
function "unused" sym1 wasm(i64, i64) {
block0(v0: i64, v1: i64):
  v2 = load.i32 v1 r1 trap=2 @0x11
  return
}
function "store" sym2 wasm(i64, i64) {
block0(v0: i64, v1: i64):
  v2 = fconst.f64 2.5
  store.f64 v1, v2 r1 trap=2 @0x12
  return
}
function "folded" sym3 wasm(i64, i64, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v1 r1 trap=2 @0x13
  v4 = iadd.i32 v2, v3 @0x14
  return v4
}
function "folded float" sym4 wasm(i64, i64, f64) -> f64 {
block0(v0: i64, v1: i64, v2: f64):
  v3 = load.f64 v1 r1 trap=2 @0x13
  v4 = fmul.f64 v2, v3 @0x14
  return v4
}
function "compared" sym5 wasm(i64, i64) -> i32 {
block0(v0: i64, v1: i64):
  v3 = load.i32 u8 v1 r1 trap=2 @0x13
  v4 = iconst.i32 7
  v5 = icmp.i32 eq v3, v4 @0x14
  brif v5, block1, block2
block1:
  return v4
block2:
  return v3
}
function "update" sym6 wasm(i64, i64, i32) {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v1 r1 trap=2 @0x13
  v4 = iadd.i32 v2, v3 @0x14
  store.i32 v1, v4 r1 trap=2 @0x15
  return
}
function "before another trap" sym7 wasm(i64, i64, i32) -> i32 {
block0(v0: i64, v1: i64, v2: i32):
  v3 = load.i32 v1 r1 trap=2 @0x13
  trapif v2, 14 @0x14
  v4 = iadd.i32 v2, v3
  return v4
}
function "unreachable" sym8 wasm(i64, i64) {
block0(v0: i64, v1: i64):
  trap 10 @0x16
}
function "before a load that traps otherwise" sym9 wasm(i64, i64, i64) -> i32 {
block0(v0: i64, v1: i64, v2: i64):
  v3 = load.i32 v1 r1 trap=2 @0x13
  v4 = load.i32 v2 r1 trap=14 @0x14
  v5 = iadd.i32 v4, v3
  return v5
}
)");
    auto bad = reinterpret_cast<uint64_t>(page);
    auto expect = [&](uint32_t f, std::vector<uint64_t> args, TrapCode code, uint32_t srcloc) {
      Outcome o = p.call(f, args);
      EXPECT_EQ(static_cast<int>(o.trap), static_cast<int>(code)) << way.name << " function " << f;
      EXPECT_EQ(o.srcloc, srcloc) << way.name << " function " << f;
    };
    expect(0, {bad}, TrapCode::MemoryOutOfBounds, 0x10);
    expect(1, {bad}, TrapCode::MemoryOutOfBounds, 0x11);
    expect(2, {bad}, TrapCode::MemoryOutOfBounds, 0x12);
    expect(3, {bad, 1}, TrapCode::MemoryOutOfBounds, 0x13);
    expect(4, {bad, 1}, TrapCode::MemoryOutOfBounds, 0x13);
    expect(5, {bad}, TrapCode::MemoryOutOfBounds, 0x13);
    expect(6, {bad, 1}, TrapCode::MemoryOutOfBounds, 0x13);
    expect(7, {bad, 1}, TrapCode::MemoryOutOfBounds, 0x13);
    expect(8, {bad}, TrapCode::Unreachable, 0x16);
    expect(9, {bad, bad}, TrapCode::MemoryOutOfBounds, 0x13);
    uint32_t word = 41;
    std::memcpy(p.data(), &word, 4);
    EXPECT_EQ(p.call1(3, {reinterpret_cast<uint64_t>(p.data()), 1}), 42u);
    const auto good = reinterpret_cast<uint64_t>(p.data());
    expect(7, {good, 1}, TrapCode::NullReference, 0x14);
    expect(9, {good, bad}, TrapCode::NullReference, 0x14);
    EXPECT_EQ(p.call1(9, {good, good}), 82u);
  }
  munmap(page, 4096);
}

TEST(Memory, StackSlots) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i32, i64, f32, f64) -> i32, i64, f32, f64, i64 {
  ss0 = 4 align 4
  ss1 = 8 align 8
  ss2 = 4 align 4
  ss3 = 8 align 8
  ss4 = 16 align 16
block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
  stack_store.i32 ss0, v1
  stack_store.i64 ss1, v2
  stack_store.f32 ss2, v3
  stack_store.f64 ss3, v4
  v5 = stack_addr ss4
  store.i64 v5+8, v2 r5
  v6 = stack_load.i32 ss0
  v7 = stack_load.i64 ss1
  v8 = stack_load.f32 ss2
  v9 = stack_load.f64 ss3
  v10 = load.i64 v5+8 r5
  v11 = iconst.i64 15
  v12 = and.i64 v5, v11
  v13 = iadd.i64 v10, v12
  return v6, v7, v8, v9, v13
}
)");
    std::vector<uint64_t> args = {11, 0x1234567890, 0x3f800000, 0x4000000000000000};
    Outcome o = p.call(0, args);
    args.push_back(0x1234567890);
    EXPECT_EQ(o.results, args) << way.name;
  }
}

TEST(Memory, StackSlotsAtOffsets) {
  for (const Way& way : ways()) {
    Program p(way, R"(
function "f" sym0 wasm(i64, i32, i64, f64) -> i64, i32, f64, i64 {
  ss0 = 8 align 8
  ss1 = 24 align 8
block0(v0: i64, v1: i32, v2: i64, v3: f64):
  stack_store.i64 ss1, v2
  stack_store.i32 ss1+8, v1
  stack_store.i32 ss1+12, v1
  stack_store.f64 ss1+16, v3
  v4 = stack_load.i64 ss1+8
  v5 = stack_load.i32 ss1+12
  v6 = stack_load.f64 ss1+16
  v7 = stack_addr ss1+16
  v8 = stack_addr ss1
  v9 = isub.i64 v7, v8
  return v4, v5, v6, v9
}
)");
    Outcome o = p.call(0, {11, 0x1234567890, 0x4000000000000000});
    EXPECT_EQ(o.results, (std::vector<uint64_t>{0xb'0000'000b, 11, 0x4000000000000000, 16})) << way.name;
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

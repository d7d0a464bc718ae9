#include "compiler/ir/builder.hpp"

#include <gtest/gtest.h>

#include <set>

#include "compiler/ir/value_number.hpp"
#include "compiler/ir/verify.hpp"

namespace vitrine::ir {
namespace {

struct BuilderTest : testing::Test {
  Func f;
  Builder b{f};
  Value x, y;
  void SetUp() override {
    Block entry = f.make_block();
    f.sig.params = {Type::I64, Type::I64, Type::I32};
    x = f.add_param(entry, Type::I64);
    y = f.add_param(entry, Type::I64);
    f.add_param(entry, Type::I32);
    b.switch_to(entry);
  }
};

TEST_F(BuilderTest, EqualPureInstructionsAreOne) {
  Value s = b.iadd(x, y);
  EXPECT_EQ(s, b.iadd(x, y));
  EXPECT_NE(s, b.isub(x, y));
  EXPECT_EQ(b.i64(7), b.i64(7));
  EXPECT_NE(b.load(Type::I64, MemKind::Full, x, 0, 1), b.load(Type::I64, MemKind::Full, x, 0, 1));
  EXPECT_EQ(b.load(Type::I64, MemKind::Full, x, 0, 1, 0, kReadonly),
            b.load(Type::I64, MemKind::Full, x, 0, 1, 0, kReadonly));
}

// The table of recent instructions has one place for each hash.
TEST_F(BuilderTest, ConditionsOfTheSameOperandsHaveHashesOfTheirOwn) {
  std::set<uint32_t> all, low, middle;
  size_t conditions = 0;
  for (auto op : {Op::ICmp, Op::FCmp}) {
    for (auto type : {Type::I32, Type::I64}) {
      for (uint8_t aux = 0; aux < 10; ++aux, ++conditions) {
        InstData d{};
        d.op = op;
        d.type = type;
        d.aux = aux;
        d.a[0] = 3;
        d.a[1] = 4;
        const uint32_t hash = value_hash(f, d);
        all.insert(hash);
        low.insert(hash & 0xffff);
        middle.insert(hash >> 8 & 0xff);
      }
    }
  }
  EXPECT_EQ(all.size(), conditions);
  EXPECT_GE(low.size(), conditions - 1);
  EXPECT_GE(middle.size(), conditions * 3 / 4);
}

TEST_F(BuilderTest, ConstantsFoldAndStandOnTheRight) {
  EXPECT_EQ(b.iadd(b.i32(0xffff'ffff), b.i32(2)), b.i32(1));
  Value s = b.iadd(b.i64(3), x);
  EXPECT_EQ(f.args(f.def_inst(s))[0], x);
  EXPECT_EQ(b.iadd(s, b.i64(static_cast<uint64_t>(-3))), x);
  uint64_t c = 0;
  EXPECT_FALSE(f.is_iconst(b.udiv(b.i32(1), b.i32(0)), &c));
  EXPECT_FALSE(f.is_iconst(b.sdiv(b.i32(0x8000'0000), b.i32(0xffff'ffff)), &c));
}

TEST_F(BuilderTest, AddressesFoldIntoTheDisplacementExactly) {
  auto inst = [&](Value v) { return f[f.def_inst(v)]; };
  Value a = b.load(Type::I32, MemKind::Full, b.iadd_imm(x, 16), 4, 1, 1);
  EXPECT_EQ(inst(a).disp(), 20);
  EXPECT_EQ(inst(a).a[0], x.raw());
  Value far = b.load(Type::I32, MemKind::Full, b.iadd_imm(x, 0x7fff'ffff), 4, 1, 1);
  EXPECT_EQ(inst(far).disp(), 4);
  EXPECT_NE(inst(far).a[0], x.raw());
  // A 32-bit addition may wrap, so it is not looked through.
  Value i = f[f.layout[0]].params[2];
  Value narrow = b.iadd(x, b.uextend(b.iadd_imm(i, 8)));
  Value n = b.load(Type::I32, MemKind::Full, narrow, 0, 1, 1);
  EXPECT_EQ(inst(n).disp(), 0);
  EXPECT_EQ(inst(n).a[0], narrow.raw());
}

TEST_F(BuilderTest, VectorConstantsAreTheirBits) {
  EXPECT_EQ(b.vconst({1, 2}), b.vconst({1, 2}));
  EXPECT_NE(b.vconst({1, 2}), b.vconst({2, 1}));
  EXPECT_NE(b.vconst({1, 2}), b.vconst({1, 3}));
  EXPECT_EQ(b.constant(Type::V128, 0), b.vconst({}));
  Value v = b.load(Type::V128, MemKind::Full, x, 0, 1);
  EXPECT_EQ(b.bxor(v, b.vconst({})), b.bxor(v, b.vconst({})));
  EXPECT_EQ(f.type_of(b.band(v, v)), Type::V128);
}

TEST_F(BuilderTest, WideArithmeticFoldsAndIsNumbered) {
  Builder::Wide product = b.umul_wide(x, y);
  EXPECT_EQ(product.lo, b.umul_wide(x, y).lo);
  EXPECT_NE(product.lo, b.smul_wide(x, y).lo);
  Builder::Wide sum = b.iadd128(product, {x, y});
  EXPECT_EQ(sum.hi, b.iadd128(product, {x, y}).hi);
  EXPECT_NE(sum.hi, b.iadd128(product, {y, x}).hi);
  EXPECT_NE(sum.hi, b.isub128(product, {x, y}).hi);
  uint64_t lo, hi;
  auto expect = [&](Builder::Wide value, uint64_t want_lo, uint64_t want_hi) {
    ASSERT_TRUE(f.is_iconst(value.lo, &lo) && f.is_iconst(value.hi, &hi));
    EXPECT_EQ(lo, want_lo);
    EXPECT_EQ(hi, want_hi);
  };
  Value minus_one = b.i64(~0ull), two = b.i64(2), zero = b.i64(0);
  expect(b.umul_wide(minus_one, two), ~1ull, 1);
  expect(b.smul_wide(minus_one, two), ~1ull, ~0ull);
  expect(b.smul_wide(minus_one, minus_one), 1, 0);
  expect(b.iadd128({minus_one, zero}, {two, two}), 1, 3);
  expect(b.isub128({zero, two}, {two, zero}), ~1ull, 1);
}

TEST_F(BuilderTest, InvokesAreBuiltInTwoSteps) {
  FuncRef fn = f.funcs.push({f.sigs.push({CallConv::Wasm, {Type::I64}, {Type::I32, Type::F64}}), 1});
  Block normal = f.make_block(), landing = f.make_block();
  f.add_param(normal, Type::I32);
  f.add_param(landing, Type::I64);
  f.sig.results = {Type::I32};
  auto call = b.invoke(fn, {{x}}, 1);
  ASSERT_EQ(call.results.size(), 2u);
  ASSERT_EQ(call.payload.size(), 1u);
  Value result = call.results[0], payload = call.payload[0];
  b.go_on(call, normal, {{result}}, landing, {{payload}});
  EXPECT_TRUE(b.terminated());
  b.switch_to(normal);
  b.ret({{f[normal].params[0]}});
  b.switch_to(landing);
  b.trap(3);
  EXPECT_EQ(verify(f), std::nullopt) << *verify(f);
}

}  // namespace
}  // namespace vitrine::ir

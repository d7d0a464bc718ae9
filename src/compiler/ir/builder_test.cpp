#include "compiler/ir/builder.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vitrine::ir

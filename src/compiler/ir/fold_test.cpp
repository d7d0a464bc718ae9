#include "compiler/ir/fold.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace vitrine::ir {
namespace {

uint64_t f32(float f) {
  return std::bit_cast<uint32_t>(f);
}
uint64_t f64(double f) {
  return std::bit_cast<uint64_t>(f);
}
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(Fold, Integers) {
  EXPECT_EQ(fold_binary(Op::IAdd, Type::I32, 0, 0xffff'ffff, 1), 0u);
  EXPECT_EQ(fold_binary(Op::Shl, Type::I32, 0, 1, 33), 2u);
  EXPECT_EQ(fold_binary(Op::SShr, Type::I32, 0, 0x8000'0000, 31), 0xffff'ffffu);
  EXPECT_EQ(fold_binary(Op::Rotl, Type::I32, 0, 0x8000'0001, 1), 3u);
  EXPECT_EQ(fold_binary(Op::Rotr, Type::I64, 0, 1, 1), 1ull << 63);
  EXPECT_EQ(fold_binary(Op::SDiv, Type::I32, 0, 0x8000'0000, 0xffff'ffff), std::nullopt);
  EXPECT_EQ(fold_binary(Op::SDiv, Type::I32, 0, 0xffff'fff9, 2), 0xffff'fffdu);
  EXPECT_EQ(fold_binary(Op::SRem, Type::I32, 0, 0x8000'0000, 0xffff'ffff), 0u);
  EXPECT_EQ(fold_binary(Op::SRem, Type::I64, 0, static_cast<uint64_t>(-7), 4), static_cast<uint64_t>(-3));
  EXPECT_EQ(fold_binary(Op::URem, Type::I32, 0, 7, 0), std::nullopt);
  EXPECT_EQ(fold_binary(Op::UMulHi, Type::I64, 0, ~0ull, ~0ull), ~0ull - 1);
  EXPECT_EQ(fold_binary(Op::SMulHi, Type::I64, 0, ~0ull, 5), ~0ull);
  EXPECT_EQ(fold_unary(Op::Clz, Type::I32, Type::I32, 0), 32u);
  EXPECT_EQ(fold_unary(Op::Ctz, Type::I64, Type::I64, 0), 64u);
  EXPECT_EQ(fold_unary(Op::SExt8, Type::I32, Type::I32, 0x80), 0xffff'ff80u);
  EXPECT_EQ(fold_unary(Op::SExtend, Type::I64, Type::I32, 0x8000'0000), 0xffff'ffff'8000'0000u);
  EXPECT_TRUE(eval_icmp(IntCC::SLt, Type::I32, 0xffff'ffff, 0));
  EXPECT_FALSE(eval_icmp(IntCC::ULt, Type::I32, 0xffff'ffff, 0));
}

TEST(Fold, FloatsOnlyWhereTheResultIsOne) {
  EXPECT_EQ(fold_binary(Op::FAdd, Type::F32, 0, f32(1), f32(2)), f32(3));
  EXPECT_EQ(fold_binary(Op::FSub, Type::F32, 0, f32(kInf), f32(kInf)), std::nullopt);
  EXPECT_EQ(fold_binary(Op::FDiv, Type::F32, 0, f32(1), f32(0)), f32(kInf));
  EXPECT_EQ(fold_binary(Op::FMin, Type::F64, 0, f64(0), f64(-0.0)), f64(-0.0));
  EXPECT_EQ(fold_binary(Op::FMax, Type::F64, 0, f64(-0.0), f64(0)), f64(0));
  EXPECT_EQ(fold_binary(Op::FMin, Type::F32, 0, f32(kNan), f32(0)), std::nullopt);
  EXPECT_EQ(fold_unary(Op::FNearest, Type::F32, Type::F32, f32(2.5f)), f32(2));
  EXPECT_EQ(fold_unary(Op::FNearest, Type::F32, Type::F32, f32(-0.5f)), f32(-0.0f));
  EXPECT_EQ(fold_unary(Op::FSqrt, Type::F32, Type::F32, f32(-1)), std::nullopt);
  EXPECT_EQ(fold_unary(Op::FNeg, Type::F32, Type::F32, 0x7fa0'0000), 0xffa0'0000u);  // bits, even of a NaN
  EXPECT_EQ(fold_binary(Op::FCmp, Type::F32, static_cast<uint8_t>(FloatCC::Ne), f32(kNan), f32(kNan)), 1u);
  EXPECT_EQ(fold_binary(Op::FCmp, Type::F32, static_cast<uint8_t>(FloatCC::Ge), f32(kNan), f32(kNan)), 0u);
}

TEST(Fold, Conversions) {
  EXPECT_EQ(fold_unary(Op::FToSInt, Type::I32, Type::F64, f64(2147483647.9)), 0x7fff'ffffu);
  EXPECT_EQ(fold_unary(Op::FToSInt, Type::I32, Type::F64, f64(2147483648.0)), std::nullopt);
  EXPECT_EQ(fold_unary(Op::FToSInt, Type::I32, Type::F64, f64(-2147483648.9)), 0x8000'0000u);
  EXPECT_EQ(fold_unary(Op::FToUInt, Type::I32, Type::F32, f32(-0.9f)), 0u);
  EXPECT_EQ(fold_unary(Op::FToUInt, Type::I32, Type::F32, f32(-1.0f)), std::nullopt);
  EXPECT_EQ(fold_unary(Op::FToUInt, Type::I64, Type::F32, f32(kNan)), std::nullopt);
  EXPECT_EQ(fold_unary(Op::FToSIntSat, Type::I32, Type::F32, f32(kNan)), 0u);
  EXPECT_EQ(fold_unary(Op::FToSIntSat, Type::I64, Type::F32, f32(-kInf)), 1ull << 63);
  EXPECT_EQ(fold_unary(Op::FToUIntSat, Type::I32, Type::F32, f32(-5)), 0u);
  EXPECT_EQ(fold_unary(Op::FToUIntSat, Type::I64, Type::F64, f64(1e30)), ~0ull);
  EXPECT_EQ(fold_unary(Op::FFromUInt, Type::F32, Type::I64, ~0ull), f32(18446744073709551616.0f));
  EXPECT_EQ(fold_unary(Op::FFromSInt, Type::F64, Type::I32, 0xffff'ffff), f64(-1));
  EXPECT_EQ(fold_unary(Op::FDemote, Type::F32, Type::F64, f64(1e300)), f32(kInf));
}

}  // namespace
}  // namespace vitrine::ir

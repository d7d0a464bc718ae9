// Every arithmetic operation over edge values, in every way to compile, against constant folding: with both operands in
// registers, with one a constant, and with one in memory.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/print.hpp"
#include "compiler/x64/harness.hpp"

namespace vitrine::x64::testing {
namespace {

using abi::TrapCode;
using ir::Op;
using ir::Type;

std::vector<uint64_t> int_values(Type t) {
  if (t == Type::I32)
    return {0,          1,          2,          3,          31,         32,         33,         0x7f,       0x80,
            0xff,       0x100,      0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff, 0x80000000, 0x80000001,
            0xfffffffe, 0xffffffff, 0x12345678, 0xdeadbeef, 0xffffff80, 0xffffff7f, 5,          9,          1000003};
  return {0,
          1,
          2,
          3,
          63,
          64,
          65,
          0x7f,
          0x80,
          0xff,
          0xffff,
          0x10000,
          0x7fffffff,
          0x80000000,
          0xffffffff,
          0x100000000,
          0x123456789abcdef0,
          0x7fffffffffffffff,
          0x8000000000000000,
          0x8000000000000001,
          0xfffffffffffffffe,
          0xffffffffffffffff,
          0xffffffff80000000,
          0xffffffff7fffffff,
          5,
          9,
          0xdeadbeefcafebabe};
}

std::vector<uint64_t> float_values(Type t) {
  std::vector<double> doubles = {0.0,
                                 -0.0,
                                 1.0,
                                 -1.0,
                                 0.5,
                                 -0.5,
                                 1.5,
                                 2.5,
                                 -2.5,
                                 0.1,
                                 4.0,
                                 -0.9999999999999999,
                                 0.99999994,
                                 1e10,
                                 -1e10,
                                 127.0,
                                 -128.5,
                                 2147483647.0,
                                 2147483648.0,
                                 -2147483648.0,
                                 -2147483649.0,
                                 -2147483648.5,
                                 2147483520.0,
                                 -2147483904.0,
                                 4294967295.0,
                                 4294967295.9,
                                 4294967296.0,
                                 4294967040.0,
                                 9223372036854775807.0,
                                 9223371487098961920.0,
                                 9223372036854774784.0,
                                 -9223372036854775808.0,
                                 -9223372036854777856.0,
                                 -9223373136366403584.0,
                                 18446744073709551615.0,
                                 18446744073709549568.0,
                                 18446742974197923840.0,
                                 1e300,
                                 -1e300,
                                 1e-300,
                                 5e-324,
                                 INFINITY,
                                 -INFINITY,
                                 8388608.5,
                                 4503599627370496.5,
                                 4503599627370497.5};
  std::vector<uint64_t> bits;
  for (double d : doubles)
    bits.push_back(t == Type::F32 ? std::bit_cast<uint32_t>(static_cast<float>(d)) : std::bit_cast<uint64_t>(d));
  if (t == Type::F32) {
    for (uint32_t b : {0x7fc00000u, 0xffc00000u, 0x7fa00001u, 0xff812345u, 1u, 0x807fffffu}) bits.push_back(b);
  } else {
    for (uint64_t b :
         {0x7ff8000000000000u, 0xfff8000000000000u, 0x7ff4000000000001u, 0xfff0000012345678u, 1ul, 0x800fffffffffffffu})
      bits.push_back(b);
  }
  return bits;
}

std::vector<uint64_t> values(Type t) {
  return ir::is_int(t) ? int_values(t) : float_values(t);
}

bool is_nan(Type t, uint64_t bits) {
  return t == Type::F32 ? std::isnan(std::bit_cast<float>(static_cast<uint32_t>(bits)))
                        : t == Type::F64 && std::isnan(std::bit_cast<double>(bits));
}
uint64_t quiet_bit(Type t) {
  return t == Type::F32 ? 1u << 22 : 1ull << 51;
}

std::string constant(Type t, uint64_t bits) {
  if (t == Type::I32) return fmt::format("iconst.i32 {}", static_cast<int32_t>(bits));
  if (t == Type::I64) return fmt::format("iconst.i64 {}", static_cast<int64_t>(bits));
  ir::Func f;
  ir::InstData d{.op = Op::FConst, .type = t};
  d.set_imm64(bits);
  std::string text = ir::print(f, f.make_inst1(d, t));
  return text.substr(text.find("fconst"));
}

// Which operations trap, and how, by the specification.
TrapCode expected_trap(Op op, Type t, Type from, uint64_t x, uint64_t y) {
  switch (op) {
    case Op::SDiv:
    case Op::SRem:
    case Op::UDiv:
    case Op::URem:
      if (y == 0) return TrapCode::IntegerDivisionByZero;
      if (op == Op::SDiv && ir::as_signed(t, y) == -1 &&
          ir::as_signed(t, x) == (t == Type::I32 ? int64_t{INT32_MIN} : INT64_MIN))
        return TrapCode::IntegerOverflow;
      return TrapCode::None;
    case Op::FToSInt:
    case Op::FToUInt: {
      if (is_nan(from, x)) return TrapCode::BadConversionToInteger;
      double d = from == Type::F32 ? double{std::bit_cast<float>(static_cast<uint32_t>(x))} : std::bit_cast<double>(x);
      d = std::trunc(d);
      double low = op == Op::FToUInt ? 0 : t == Type::I32 ? -0x1p31 : -0x1p63;
      double high = op == Op::FToUInt ? (t == Type::I32 ? 0x1p32 : 0x1p64) : t == Type::I32 ? 0x1p31 : 0x1p63;
      return d >= low && d < high ? TrapCode::None : TrapCode::IntegerOverflow;
    }
    default:
      return TrapCode::None;
  }
}

// Checks one call against folding, or against the rules for NaNs, or the expected trap.
void check(const Outcome& got, Op op, Type result, Type from, uint64_t x, uint64_t y, uint64_t* nan_args, size_t nans,
           std::optional<uint64_t> folded, const std::string& what) {
  TrapCode trap = expected_trap(op, result, from, x, y);
  ASSERT_EQ(static_cast<int>(got.trap), static_cast<int>(trap)) << what;
  if (trap != TrapCode::None) {
    EXPECT_EQ(got.srcloc, 0x21u) << what;
    return;
  }
  ASSERT_EQ(got.results.size(), 1u);
  if (folded) {
    EXPECT_EQ(got.results[0], *folded) << what;
    return;
  }
  // A NaN: quiet, and if all NaN arguments are canonical, canonical too.
  ASSERT_TRUE(is_nan(result, got.results[0])) << what << fmt::format(" gave {:#x}", got.results[0]);
  EXPECT_TRUE(got.results[0] & quiet_bit(result)) << what << fmt::format(" gave {:#x}", got.results[0]);
  (void)nan_args;
  (void)nans;
}

struct BinaryCase {
  Op op;
  std::vector<Type> types;
};
const std::vector<Type> kInts = {Type::I32, Type::I64};
const std::vector<Type> kFloats = {Type::F32, Type::F64};
const BinaryCase kBinary[] = {
    {Op::IAdd, kInts},   {Op::ISub, kInts},   {Op::IMul, kInts},   {Op::UMulHi, {Type::I64}}, {Op::SMulHi, {Type::I64}},
    {Op::SDiv, kInts},   {Op::UDiv, kInts},   {Op::SRem, kInts},   {Op::URem, kInts},         {Op::And, kInts},
    {Op::Or, kInts},     {Op::Xor, kInts},    {Op::Shl, kInts},    {Op::UShr, kInts},         {Op::SShr, kInts},
    {Op::Rotl, kInts},   {Op::Rotr, kInts},   {Op::FAdd, kFloats}, {Op::FSub, kFloats},       {Op::FMul, kFloats},
    {Op::FDiv, kFloats}, {Op::FMin, kFloats}, {Op::FMax, kFloats}, {Op::FCopysign, kFloats},
};

std::optional<uint64_t> fold(Op op, Type t, uint64_t x, uint64_t y) {
  if (op == Op::FCopysign) {
    uint64_t sign = t == Type::F32 ? 0x80000000u : 1ull << 63;
    return (x & ~sign) | (y & sign);
  }
  return ir::fold_binary(op, t, 0, x, y);
}

TEST(Arithmetic, Binary) {
  for (const Way& way : ways()) {
    for (const BinaryCase& c : kBinary) {
      for (Type t : c.types) {
        const char* n = ir::name_of(t);
        std::string text = fmt::format(R"(
function "registers" sym0 wasm(i64, {0}, {0}) -> {0} {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1}.{0} v1, v2 @0x21
  return v3
}}
function "memory" sym1 wasm(i64, {0}, {0}) -> {0} {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = load.{0} v0+64 r1
  v4 = {1}.{0} v1, v3 @0x21
  return v4
}}
function "memory first" sym2 wasm(i64, {0}, {0}) -> {0} {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = load.{0} v0+64 r1
  v4 = {1}.{0} v3, v2 @0x21
  return v4
}}
function "both live on" sym3 wasm(i64, {0}, {0}) -> {0}, {0}, {0} {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1}.{0} v1, v2 @0x21
  return v3, v1, v2
}}
)",
                                       n, ir::name_of(c.op));
        Program p(way, text);
        for (uint64_t x : values(t)) {
          for (uint64_t y : values(t)) {
            std::string what = fmt::format("{}: {}.{} {:#x}, {:#x}", way.name, ir::name_of(c.op), n, x, y);
            auto folded = fold(c.op, t, x, y);
            check(p.call(0, {x, y}), c.op, t, t, x, y, nullptr, 0, folded, what);
            std::memcpy(p.data(), &y, ir::bytes_of(t));
            check(p.call(1, {x, y}), c.op, t, t, x, y, nullptr, 0, folded, what + " (memory)");
            std::memcpy(p.data(), &x, ir::bytes_of(t));
            check(p.call(2, {x, y}), c.op, t, t, x, y, nullptr, 0, folded, what + " (memory first)");
            if (expected_trap(c.op, t, t, x, y) != TrapCode::None) continue;
            Outcome o = p.call(3, {x, y});
            ASSERT_EQ(o.results.size(), 3u);
            EXPECT_EQ(o.results[1], x) << what;
            EXPECT_EQ(o.results[2], y) << what;
            if (folded) {
              EXPECT_EQ(o.results[0], *folded) << what;
            }
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

TEST(Arithmetic, BinaryWithConstant) {
  for (const Way& way : ways()) {
    for (const BinaryCase& c : kBinary) {
      for (Type t : c.types) {
        const char* n = ir::name_of(t);
        auto all = values(t);
        std::string text;
        for (size_t k = 0; k < all.size(); ++k) {
          text += fmt::format(R"(
function "right" sym{3} wasm(i64, {0}) -> {0}, {0} {{
block0(v0: i64, v1: {0}):
  v2 = {2}
  v3 = {1}.{0} v1, v2 @0x21
  return v3, v1
}}
function "left" sym{4} wasm(i64, {0}) -> {0} {{
block0(v0: i64, v1: {0}):
  v2 = {2}
  v3 = {1}.{0} v2, v1 @0x21
  return v3
}}
function "right, once" sym{5} wasm(i64, {0}) -> {0} {{
block0(v0: i64, v1: {0}):
  v2 = {2}
  v3 = {1}.{0} v1, v2 @0x21
  return v3
}}
)",
                              n, ir::name_of(c.op), constant(t, all[k]), 3 * k, 3 * k + 1, 3 * k + 2);
        }
        Program p(way, text);
        for (size_t k = 0; k < all.size(); ++k) {
          for (uint64_t x : all) {
            std::string what = fmt::format("{}: {}.{} {:#x}, const {:#x}", way.name, ir::name_of(c.op), n, x, all[k]);
            auto at = static_cast<uint32_t>(3 * k);
            Outcome o = p.call(at, {x});
            if (o.results.size() == 2) {
              EXPECT_EQ(o.results[1], x) << what;
              o.results.pop_back();
            }
            check(o, c.op, t, t, x, all[k], nullptr, 0, fold(c.op, t, x, all[k]), what);
            check(p.call(at + 1, {x}), c.op, t, t, all[k], x, nullptr, 0, fold(c.op, t, all[k], x), what + " (left)");
            check(p.call(at + 2, {x}), c.op, t, t, x, all[k], nullptr, 0, fold(c.op, t, x, all[k]), what + " (once)");
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

struct UnaryCase {
  Op op;
  Type result, from;
};
const UnaryCase kUnary[] = {
    {Op::Clz, Type::I32, Type::I32},        {Op::Clz, Type::I64, Type::I64},
    {Op::Ctz, Type::I32, Type::I32},        {Op::Ctz, Type::I64, Type::I64},
    {Op::Popcnt, Type::I32, Type::I32},     {Op::Popcnt, Type::I64, Type::I64},
    {Op::SExt8, Type::I32, Type::I32},      {Op::SExt8, Type::I64, Type::I64},
    {Op::SExt16, Type::I32, Type::I32},     {Op::SExt16, Type::I64, Type::I64},
    {Op::SExt32, Type::I64, Type::I64},     {Op::UExtend, Type::I64, Type::I32},
    {Op::SExtend, Type::I64, Type::I32},    {Op::Wrap, Type::I32, Type::I64},
    {Op::FNeg, Type::F32, Type::F32},       {Op::FNeg, Type::F64, Type::F64},
    {Op::FAbs, Type::F32, Type::F32},       {Op::FAbs, Type::F64, Type::F64},
    {Op::FSqrt, Type::F32, Type::F32},      {Op::FSqrt, Type::F64, Type::F64},
    {Op::FCeil, Type::F32, Type::F32},      {Op::FCeil, Type::F64, Type::F64},
    {Op::FFloor, Type::F32, Type::F32},     {Op::FFloor, Type::F64, Type::F64},
    {Op::FTrunc, Type::F32, Type::F32},     {Op::FTrunc, Type::F64, Type::F64},
    {Op::FNearest, Type::F32, Type::F32},   {Op::FNearest, Type::F64, Type::F64},
    {Op::FPromote, Type::F64, Type::F32},   {Op::FDemote, Type::F32, Type::F64},
    {Op::FFromSInt, Type::F32, Type::I32},  {Op::FFromSInt, Type::F32, Type::I64},
    {Op::FFromSInt, Type::F64, Type::I32},  {Op::FFromSInt, Type::F64, Type::I64},
    {Op::FFromUInt, Type::F32, Type::I32},  {Op::FFromUInt, Type::F32, Type::I64},
    {Op::FFromUInt, Type::F64, Type::I32},  {Op::FFromUInt, Type::F64, Type::I64},
    {Op::FToSInt, Type::I32, Type::F32},    {Op::FToSInt, Type::I32, Type::F64},
    {Op::FToSInt, Type::I64, Type::F32},    {Op::FToSInt, Type::I64, Type::F64},
    {Op::FToUInt, Type::I32, Type::F32},    {Op::FToUInt, Type::I32, Type::F64},
    {Op::FToUInt, Type::I64, Type::F32},    {Op::FToUInt, Type::I64, Type::F64},
    {Op::FToSIntSat, Type::I32, Type::F32}, {Op::FToSIntSat, Type::I32, Type::F64},
    {Op::FToSIntSat, Type::I64, Type::F32}, {Op::FToSIntSat, Type::I64, Type::F64},
    {Op::FToUIntSat, Type::I32, Type::F32}, {Op::FToUIntSat, Type::I32, Type::F64},
    {Op::FToUIntSat, Type::I64, Type::F32}, {Op::FToUIntSat, Type::I64, Type::F64},
    {Op::Bitcast, Type::I32, Type::F32},    {Op::Bitcast, Type::F32, Type::I32},
    {Op::Bitcast, Type::I64, Type::F64},    {Op::Bitcast, Type::F64, Type::I64},
};

TEST(Arithmetic, Unary) {
  for (const Way& way : ways()) {
    for (const UnaryCase& c : kUnary) {
      const char *to = ir::name_of(c.result), *from = ir::name_of(c.from);
      std::string text = fmt::format(R"(
function "register" sym0 wasm(i64, {1}) -> {0} {{
block0(v0: i64, v1: {1}):
  v2 = {2}.{0} v1 @0x21
  return v2
}}
function "memory" sym1 wasm(i64, {1}) -> {0} {{
block0(v0: i64, v1: {1}):
  v2 = load.{1} v0+64 r1
  v3 = {2}.{0} v2 @0x21
  return v3
}}
function "lives on" sym2 wasm(i64, {1}) -> {0}, {1} {{
block0(v0: i64, v1: {1}):
  v2 = {2}.{0} v1 @0x21
  return v2, v1
}}
)",
                                     to, from, ir::name_of(c.op));
      Program p(way, text);
      for (uint64_t x : values(c.from)) {
        std::string what = fmt::format("{}: {}.{} {} {:#x}", way.name, ir::name_of(c.op), to, from, x);
        std::optional<uint64_t> folded;
        uint64_t sign = c.from == Type::F32 ? 0x80000000u : 1ull << 63;
        if (c.op == Op::FNeg)
          folded = x ^ sign;
        else if (c.op == Op::FAbs)
          folded = x & ~sign;
        else if (c.op == Op::Bitcast)
          folded = x;
        else
          folded = ir::fold_unary(c.op, c.result, c.from, x);
        std::memcpy(p.data(), &x, ir::bytes_of(c.from));
        check(p.call(0, {x}), c.op, c.result, c.from, x, 0, nullptr, 0, folded, what);
        check(p.call(1, {x}), c.op, c.result, c.from, x, 0, nullptr, 0, folded, what + " (memory)");
        if (expected_trap(c.op, c.result, c.from, x, 0) != TrapCode::None) continue;
        Outcome o = p.call(2, {x});
        ASSERT_EQ(o.results.size(), 2u);
        EXPECT_EQ(o.results[1], x) << what;
        if (HasFailure()) return;
      }
    }
  }
}

// Comparisons as values, fused into branches, selects and traps, and negated.
TEST(Arithmetic, Comparisons) {
  for (const Way& way : ways()) {
    for (Type t : {Type::I32, Type::I64, Type::F32, Type::F64}) {
      const bool is_float = ir::is_float(t);
      for (unsigned k = 0; k < (is_float ? 6u : 10u); ++k) {
        const char* cc = is_float ? ir::name_of(static_cast<ir::FloatCC>(k)) : ir::name_of(static_cast<ir::IntCC>(k));
        std::string cmp = fmt::format("{}.{} {}", is_float ? "fcmp" : "icmp", ir::name_of(t), cc);
        std::string text = fmt::format(R"(
function "value" sym0 wasm(i64, {0}, {0}) -> i32 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  return v3
}}
function "branch" sym1 wasm(i64, {0}, {0}) -> i32 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  brif v3, block1, block2
block1:
  v4 = iconst.i32 1
  return v4
block2:
  v5 = iconst.i32 0
  return v5
}}
function "branch the other way" sym2 wasm(i64, {0}, {0}) -> i32 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  v6 = iconst.i32 0
  v7 = icmp.i32 eq v3, v6
  brif v7, block2, block1
block2:
  v5 = iconst.i32 0
  return v5
block1:
  v4 = iconst.i32 1
  return v4
}}
function "select" sym3 wasm(i64, {0}, {0}) -> i32, i64, f32, f64 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  v4 = iconst.i32 1
  v5 = iconst.i32 0
  v6 = select.i32 v3, v4, v5
  v7 = iconst.i64 1
  v8 = iconst.i64 0
  v9 = select.i64 v3, v7, v8
  v10 = fconst.f32 1
  v11 = fconst.f32 0
  v12 = select.f32 v3, v10, v11
  v13 = fconst.f64 1
  v14 = fconst.f64 0
  v15 = select.f64 v3, v13, v14
  return v6, v9, v12, v15
}}
function "trap" sym4 wasm(i64, {0}, {0}) {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  trapif v3, 14 @0x33
  return
}}
function "trap not" sym5 wasm(i64, {0}, {0}) {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = {1} v1, v2
  trapifnot v3, 14 @0x33
  return
}}
function "memory" sym6 wasm(i64, {0}, {0}) -> i32 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v4 = load.{0} v0+64 r1
  v3 = {1} v4, v2
  brif v3, block1, block2
block1:
  v5 = iconst.i32 1
  return v5
block2:
  v6 = iconst.i32 0
  return v6
}}
function "twice" sym7 wasm(i64, {0}, {0}) -> i32 {{
block0(v0: i64, v1: {0}, v2: {0}):
  v4 = load.{0} v0+64 r1
  v3 = {1} v4, v2
  brif v3, block1, block2
block1:
  return v3
block2:
  return v3
}}
)",
                                       ir::name_of(t), cmp);
        Program p(way, text);
        for (uint64_t x : values(t)) {
          for (uint64_t y : values(t)) {
            bool want = is_float ? ir::eval_fcmp(static_cast<ir::FloatCC>(k), t, x, y)
                                 : ir::eval_icmp(static_cast<ir::IntCC>(k), t, x, y);
            std::string what = fmt::format("{}: {} {:#x}, {:#x}", way.name, cmp, x, y);
            EXPECT_EQ(p.call1(0, {x, y}), want) << what;
            EXPECT_EQ(p.call1(1, {x, y}), want) << what << " branch";
            EXPECT_EQ(p.call1(2, {x, y}), want) << what << " other branch";
            Outcome o = p.call(3, {x, y});
            ASSERT_EQ(o.results.size(), 4u);
            EXPECT_EQ(o.results[0], want) << what << " select";
            EXPECT_EQ(o.results[1], want) << what << " select";
            EXPECT_EQ(o.results[2], want ? 0x3f800000u : 0) << what << " select";
            EXPECT_EQ(o.results[3], want ? 0x3ff0000000000000u : 0) << what << " select";
            o = p.call(4, {x, y});
            EXPECT_EQ(o.trap == TrapCode::NullReference, want) << what << " trapif";
            EXPECT_EQ(o.srcloc, want ? 0x33u : 0u);
            o = p.call(5, {x, y});
            EXPECT_EQ(o.trap == TrapCode::NullReference, !want) << what << " trapifnot";
            std::memcpy(p.data(), &x, ir::bytes_of(t));
            EXPECT_EQ(p.call1(6, {x, y}), want) << what << " memory";
            EXPECT_EQ(p.call1(7, {x, y}), want) << what << " twice";
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

// Against constants, and of bytes and half words in memory against constants.
TEST(Arithmetic, ComparisonsWithConstants) {
  for (const Way& way : ways()) {
    for (Type t : {Type::I32, Type::I64}) {
      for (unsigned k = 0; k < 10; ++k) {
        const char* cc = ir::name_of(static_cast<ir::IntCC>(k));
        auto all = values(t);
        std::string text;
        for (size_t c = 0; c < all.size(); ++c)
          text += fmt::format(R"(
function "constant" sym{3} wasm(i64, {0}) -> i32, i32, i32 {{
block0(v0: i64, v1: {0}):
  v2 = {2}
  v3 = icmp.{0} {1} v1, v2
  v4 = icmp.{0} {1} v2, v1
  v5 = and.{0} v1, v2
  v6 = iconst.{0} 0
  v7 = icmp.{0} {1} v5, v6
  return v3, v4, v7
}}
function "byte" sym{4} wasm(i64, {0}) -> i32, i32, i32 {{
block0(v0: i64, v1: {0}):
  v2 = {2}
  v3 = load.{0} u8 v0+64 r1
  v4 = icmp.{0} {1} v3, v2
  v5 = load.{0} u16 v0+64 r1
  v6 = icmp.{0} {1} v5, v2
  v7 = load.{0} s8 v0+64 r1
  v8 = icmp.{0} {1} v7, v2
  return v4, v6, v8
}}
)",
                              ir::name_of(t), cc, constant(t, all[c]), 2 * c, 2 * c + 1);
        Program p(way, text);
        auto eval = [&](uint64_t x, uint64_t y) {
          return ir::eval_icmp(static_cast<ir::IntCC>(k), t, ir::canonical(t, x), y);
        };
        for (size_t c = 0; c < all.size(); ++c) {
          for (uint64_t x : all) {
            std::string what =
                fmt::format("{}: icmp.{} {} {:#x}, const {:#x}", way.name, ir::name_of(t), cc, x, all[c]);
            Outcome o = p.call(static_cast<uint32_t>(2 * c), {x});
            ASSERT_EQ(o.results.size(), 3u);
            EXPECT_EQ(o.results[0], eval(x, all[c])) << what;
            EXPECT_EQ(o.results[1], eval(all[c], x)) << what << " swapped";
            EXPECT_EQ(o.results[2], eval(x & all[c], 0)) << what << " and";
            std::memcpy(p.data(), &x, 8);
            o = p.call(static_cast<uint32_t>(2 * c + 1), {x});
            ASSERT_EQ(o.results.size(), 3u);
            EXPECT_EQ(o.results[0], eval(x & 0xff, all[c])) << what << " u8";
            EXPECT_EQ(o.results[1], eval(x & 0xffff, all[c])) << what << " u16";
            EXPECT_EQ(o.results[2], eval(static_cast<uint64_t>(int64_t{static_cast<int8_t>(x)}), all[c]))
                << what << " s8";
            if (HasFailure()) return;
          }
        }
      }
    }
  }
}

// Sums of scaled values and constants: one address computation.
TEST(Arithmetic, ScaledSums) {
  for (const Way& way : ways()) {
    for (Type t : kInts) {
      for (unsigned shift = 0; shift < 5; ++shift) {
        for (int64_t c : {0l, 1l, -8l, 127l, -128l, 0x7fffffffl, -0x80000000l, 0x80000000l, 0x123456789al}) {
          Program p(way, fmt::format(R"(
function "f" sym0 wasm(i64, {0}, {0}) -> {0}, {0}, {0}, {0}, {0} {{
block0(v0: i64, v1: {0}, v2: {0}):
  v3 = iconst.{0} {1}
  v4 = iconst.{0} {2}
  v5 = shl.{0} v1, v3
  v6 = iadd.{0} v5, v4
  v7 = shl.{0} v1, v3
  v8 = iadd.{0} v2, v7
  v9 = iadd.{0} v1, v2
  v10 = iadd.{0} v9, v4
  v11 = isub.{0} v2, v4
  v12 = imul.{0} v2, v4
  return v6, v8, v10, v11, v12
}}
)",
                                     ir::name_of(t), shift, t == Type::I32 ? static_cast<int32_t>(c) : c));
          for (uint64_t x : values(t)) {
            for (uint64_t y : {x, uint64_t{7}}) {
              auto k = static_cast<uint64_t>(c);
              std::vector<uint64_t> want = {(x << shift) + k, y + (x << shift), x + y + k, y - k, y * k};
              for (uint64_t& w : want) w = ir::canonical(t, w);
              EXPECT_EQ(p.call(0, {x, y}).results, want)
                  << way.name << " " << ir::name_of(t) << " shift " << shift << " constant " << c;
              if (HasFailure()) return;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::x64::testing

// Rewrite rules of comparisons, choices, floating point and memory accesses, by example.
#include "compiler/opt/testing/rule_examples.hpp"

namespace vitrine::opt {
namespace {

using testing::check;
using testing::Example;

TEST(Rules, Compare) {
  static constexpr Example kExamples[] = {
      {"i32", "v8 = icmp.i32 sle v0, v0\n",
       "v8 = iconst.i32 1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = icmp.i32 slt v8, v0\n",
       "v8 = iconst.i32 5\n"
       "v9 = icmp.i32 sgt v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 slt v0, v1\n"
       "v10 = icmp.i32 eq v9, v8\n",
       "v8 = icmp.i32 sge v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 slt v0, v1\n"
       "v10 = icmp.i32 ne v9, v8\n",
       "v8 = icmp.i32 slt v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 1\n"
       "v9 = icmp.i32 slt v0, v1\n"
       "v10 = icmp.i32 eq v9, v8\n",
       "v8 = icmp.i32 slt v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 2\n"
       "v9 = icmp.i32 slt v0, v1\n"
       "v10 = icmp.i32 eq v9, v8\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = isub.i32 v0, v1\n"
       "v10 = icmp.i32 eq v9, v8\n",
       "v8 = icmp.i32 eq v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = xor.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = icmp.i32 ne v9, v10\n",
       "v8 = iconst.i32 3\n"
       "v9 = icmp.i32 ne v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = icmp.i32 ne v9, v10\n",
       "v8 = iconst.i32 5\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = icmp.i32 ne v9, v10\n"
       "return v11\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 7\n"
       "v10 = icmp.i64 eq v8, v9\n",
       "v8 = iconst.i32 7\n"
       "v9 = icmp.i32 eq v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 -7\n"
       "v10 = icmp.i64 eq v8, v9\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = sextend.i64 v0\n"
       "v9 = iconst.i64 -7\n"
       "v10 = icmp.i64 eq v8, v9\n",
       "v8 = iconst.i32 -7\n"
       "v9 = icmp.i32 eq v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = sextend.i64 v0\n"
       "v9 = iconst.i64 4294967295\n"
       "v10 = icmp.i64 eq v8, v9\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = icmp.i32 eq v9, v8\n",
       "v8 = iconst.i32 4\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = iconst.i32 0\n"
       "v11 = icmp.i32 ne v9, v10\n"
       "return v11\n"},
      {"i32",
       "v8 = iconst.i32 1\n"
       "v9 = icmp.i32 ult v0, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 eq v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 uge v0, v8\n",
       "v8 = iconst.i32 1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 ugt v0, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 ne v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = icmp.i32 ule v0, v8\n",
       "v8 = iconst.i32 1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 -2147483648\n"
       "v9 = icmp.i32 slt v0, v8\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = iconst.i32 256\n"
       "v10 = icmp.i32 ult v8, v9\n",
       "v8 = iconst.i32 1\n"
       "return v8\n"},
      {"i32",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = iconst.i32 10\n"
       "v10 = icmp.i32 slt v8, v9\n",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = iconst.i32 10\n"
       "v10 = icmp.i32 ult v8, v9\n"
       "return v10\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = uextend.i64 v1\n"
       "v10 = icmp.i64 slt v8, v9\n",
       "v8 = icmp.i32 ult v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = sextend.i64 v0\n"
       "v9 = sextend.i64 v1\n"
       "v10 = icmp.i64 slt v8, v9\n",
       "v8 = icmp.i32 slt v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 100\n"
       "v10 = icmp.i64 ult v8, v9\n",
       "v8 = iconst.i32 100\n"
       "v9 = icmp.i32 ult v0, v8\n"
       "return v9\n"},
  };
  check(kExamples);
}

TEST(Rules, Choice) {
  static constexpr Example kExamples[] = {
      {"i32",
       "v8 = iconst.i32 7\n"
       "v9 = select.i32 v8, v0, v1\n",
       "return v0\n"},
      {"i32", "v8 = select.i32 v0, v1, v1\n", "return v1\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 eq v0, v8\n"
       "v10 = select.i32 v9, v0, v1\n",
       "v8 = select.i32 v0, v1, v0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 ne v0, v8\n"
       "v10 = select.i32 v9, v0, v1\n",
       "v8 = select.i32 v0, v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = iconst.i32 1\n"
       "v10 = icmp.i32 slt v0, v1\n"
       "v11 = select.i32 v10, v9, v8\n",
       "v8 = icmp.i32 slt v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = iconst.i32 1\n"
       "v10 = icmp.i32 slt v0, v1\n"
       "v11 = select.i32 v10, v8, v9\n",
       "v8 = icmp.i32 sge v0, v1\n"
       "return v8\n"},
      {"i64",
       "v8 = iconst.i64 0\n"
       "v9 = iconst.i64 1\n"
       "v11 = select.i64 v0, v9, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 ne v0, v8\n"
       "v10 = uextend.i64 v9\n"
       "return v10\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = iconst.i32 -1\n"
       "v10 = icmp.i32 slt v0, v1\n"
       "v11 = select.i32 v10, v9, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = icmp.i32 slt v0, v1\n"
       "v10 = isub.i32 v8, v9\n"
       "return v10\n"},
  };
  check(kExamples);
}

TEST(Rules, Floating) {
  static constexpr Example kExamples[] = {
      {"f64",
       "v8 = fneg.f64 v6\n"
       "v9 = fneg.f64 v8\n",
       "return v6\n"},
      {"f64",
       "v8 = fneg.f64 v6\n"
       "v9 = fabs.f64 v8\n",
       "v8 = fabs.f64 v6\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 1\n"
       "v9 = fadd.f64 v6, v7\n"
       "v10 = fmul.f64 v9, v8\n",
       "v8 = fadd.f64 v6, v7\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 1\n"
       "v10 = fmul.f64 v6, v8\n",
       "v8 = fconst.f64 1\n"
       "v9 = fmul.f64 v6, v8\n"
       "return v9\n"},
      {"f64",
       "v8 = fconst.f64 2\n"
       "v10 = fmul.f64 v8, v6\n",
       "v8 = fadd.f64 v6, v6\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 -0\n"
       "v9 = fsqrt.f64 v7\n"
       "v10 = fadd.f64 v9, v8\n",
       "v8 = fsqrt.f64 v7\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 0\n"
       "v9 = fsqrt.f64 v7\n"
       "v10 = fadd.f64 v9, v8\n",
       "v8 = fconst.f64 0\n"
       "v9 = fsqrt.f64 v7\n"
       "v10 = fadd.f64 v9, v8\n"
       "return v10\n"},
      {"f64",
       "v8 = fconst.f64 0\n"
       "v9 = fsqrt.f64 v7\n"
       "v10 = fsub.f64 v9, v8\n",
       "v8 = fsqrt.f64 v7\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 4\n"
       "v10 = fdiv.f64 v6, v8\n",
       "v8 = fconst.f64 0.25\n"
       "v9 = fmul.f64 v6, v8\n"
       "return v9\n"},
      {"f64",
       "v8 = fconst.f64 3\n"
       "v10 = fdiv.f64 v6, v8\n",
       "v8 = fconst.f64 3\n"
       "v9 = fdiv.f64 v6, v8\n"
       "return v9\n"},
      {"f64",
       "v8 = fconst.f64 -3\n"
       "v10 = fcopysign.f64 v6, v8\n",
       "v8 = fabs.f64 v6\n"
       "v9 = fneg.f64 v8\n"
       "return v9\n"},
      {"f64",
       "v8 = fneg.f64 v6\n"
       "v10 = fcopysign.f64 v8, v7\n",
       "v8 = fcopysign.f64 v6, v7\n"
       "return v8\n"},
      {"f32",
       "v8 = fadd.f32 v4, v5\n"
       "v9 = fpromote.f64 v8\n"
       "v10 = fdemote.f32 v9\n",
       "v8 = fadd.f32 v4, v5\n"
       "return v8\n"},
      {"f32",
       "v9 = fpromote.f64 v4\n"
       "v10 = fdemote.f32 v9\n",
       "v8 = fpromote.f64 v4\n"
       "v9 = fdemote.f32 v8\n"
       "return v9\n"},
      {"f64",
       "v8 = bitcast.i64 v6\n"
       "v9 = bitcast.f64 v8\n",
       "return v6\n"},
      {"f64",
       "v8 = fconst.f64 1.5\n"
       "v9 = fconst.f64 2.25\n"
       "v10 = fadd.f64 v8, v9\n",
       "v8 = fconst.f64 3.75\n"
       "return v8\n"},
      {"f64",
       "v8 = fconst.f64 inf\n"
       "v10 = fsub.f64 v8, v8\n",
       "v8 = fconst.f64 inf\n"
       "v9 = fsub.f64 v8, v8\n"
       "return v9\n"},
  };
  check(kExamples);
}

TEST(Rules, Access) {
  static constexpr Example kExamples[] = {
      {"i32",
       "v8 = iconst.i64 16\n"
       "v9 = iadd.i64 v2, v8\n"
       "v10 = load.i32 v9+4 r1 trap=1\n",
       "v8 = load.i32 v2+20 r1 trap=1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i64 2147483640\n"
       "v9 = iadd.i64 v2, v8\n"
       "v10 = load.i32 v9+8 r1 trap=1\n",
       "v8 = iconst.i64 2147483640\n"
       "v9 = iadd.i64 v2, v8\n"
       "v10 = load.i32 v9+8 r1 trap=1\n"
       "return v10\n"},
      {"i32",
       "v8 = iconst.i32 16\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = uextend.i64 v9\n"
       "v11 = load.i32 v10 r1 trap=1\n",
       "v8 = iconst.i32 16\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = uextend.i64 v9\n"
       "v11 = load.i32 v10 r1 trap=1\n"
       "return v11\n"},
      {"i32",
       "v8 = iconst.i32 255\n"
       "v9 = and.i32 v0, v8\n"
       "store.i32 u8 v2, v9 r1\n"
       "v10 = iconst.i32 0\n",
       "store.i32 u8 v2, v0 r1\n"
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = sext8.i32 v0\n"
       "store.i32 u8 v2, v8 r1\n"
       "v10 = iconst.i32 0\n",
       "store.i32 u8 v2, v0 r1\n"
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = sext8.i32 v0\n"
       "store.i32 u16 v2, v8 r1\n"
       "v10 = iconst.i32 0\n",
       "v8 = sext8.i32 v0\n"
       "store.i32 u16 v2, v8 r1\n"
       "v9 = iconst.i32 0\n"
       "return v9\n"},
      {"i32",
       "v8 = sextend.i64 v0\n"
       "store.i64 u32 v2, v8 r1\n"
       "v10 = iconst.i32 0\n",
       "store.i32 v2, v0 r1\n"
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = bitcast.i32 v4\n"
       "store.i32 v2, v8 r1\n"
       "v10 = iconst.i32 0\n",
       "store.f32 v2, v4 r1\n"
       "v8 = iconst.i32 0\n"
       "return v8\n"},
  };
  check(kExamples);
}

}  // namespace
}  // namespace vitrine::opt

// Rewrite rules of integer arithmetic, by example.
#include "compiler/opt/testing/rule_examples.hpp"

namespace vitrine::opt {
namespace {

using testing::check;
using testing::Example;

TEST(Rules, Arithmetic) {
  static constexpr Example kExamples[] = {
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = iadd.i32 v0, v8\n",
       "return v0\n"},
      {"i32",
       "v8 = iconst.i32 3\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = iconst.i32 -5\n"
       "v11 = iadd.i32 v10, v9\n",
       "v8 = iconst.i32 -2\n"
       "v9 = iadd.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 3\n"
       "v9 = isub.i32 v8, v0\n"
       "v10 = iadd.i32 v9, v8\n",
       "v8 = iconst.i32 6\n"
       "v9 = isub.i32 v8, v0\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = isub.i32 v8, v1\n"
       "v10 = iadd.i32 v0, v9\n",
       "v8 = isub.i32 v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = isub.i32 v0, v1\n"
       "v9 = iadd.i32 v8, v1\n",
       "return v0\n"},
      {"i64",
       "v8 = iconst.i64 8\n"
       "v9 = iadd.i64 v2, v8\n"
       "v10 = iadd.i64 v9, v3\n",
       "v8 = iconst.i64 8\n"
       "v9 = iadd.i64 v2, v3\n"
       "v10 = iadd.i64 v9, v8\n"
       "return v10\n"},
      {"i32",
       "v8 = iconst.i32 8\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = iadd.i32 v9, v1\n",
       "v8 = iconst.i32 8\n"
       "v9 = iadd.i32 v0, v8\n"
       "v10 = iadd.i32 v1, v9\n"
       "return v10\n"},
      {"i32", "v8 = isub.i32 v0, v0\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 7\n"
       "v9 = isub.i32 v0, v8\n",
       "v8 = iconst.i32 -7\n"
       "v9 = iadd.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iadd.i32 v0, v1\n"
       "v9 = isub.i32 v8, v1\n",
       "return v0\n"},
      {"i32",
       "v8 = iadd.i32 v0, v1\n"
       "v9 = isub.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = isub.i32 v8, v1\n"
       "return v9\n"},
      {"i32",
       "v8 = isub.i32 v0, v1\n"
       "v9 = isub.i32 v0, v8\n",
       "return v1\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = imul.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 1\n"
       "v9 = imul.i32 v8, v0\n",
       "return v0\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = imul.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = isub.i32 v8, v0\n"
       "return v9\n"},
      {"i64",
       "v8 = iconst.i64 16\n"
       "v9 = imul.i64 v2, v8\n",
       "v8 = iconst.i64 4\n"
       "v9 = shl.i64 v2, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 3\n"
       "v9 = imul.i32 v0, v8\n"
       "v10 = iconst.i32 5\n"
       "v11 = imul.i32 v9, v10\n",
       "v8 = iconst.i32 15\n"
       "v9 = imul.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 3\n"
       "v9 = shl.i32 v0, v8\n"
       "v11 = imul.i32 v9, v8\n",
       "v8 = iconst.i32 24\n"
       "v9 = imul.i32 v0, v8\n"
       "return v9\n"},
  };
  check(kExamples);
}

TEST(Rules, Division) {
  static constexpr Example kExamples[] = {
      {"i32",
       "v8 = iconst.i32 8\n"
       "v9 = udiv.i32 v0, v8\n",
       "v8 = iconst.i32 3\n"
       "v9 = ushr.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 10\n"
       "v9 = udiv.i32 v0, v8\n",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 3435973837\n"
       "v10 = imul.i64 v8, v9\n"
       "v11 = iconst.i64 35\n"
       "v12 = ushr.i64 v10, v11\n"
       "v13 = wrap.i32 v12\n"
       "return v13\n"},
      {"i32",
       "v8 = iconst.i32 7\n"
       "v9 = udiv.i32 v0, v8\n",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 2635249153387078803\n"
       "v10 = umulhi.i64 v8, v9\n"
       "v11 = wrap.i32 v10\n"
       "return v11\n"},
      {"i64",
       "v8 = iconst.i64 10\n"
       "v9 = udiv.i64 v2, v8\n",
       "v8 = iconst.i64 -3689348814741910323\n"
       "v9 = umulhi.i64 v2, v8\n"
       "v10 = iconst.i64 3\n"
       "v11 = ushr.i64 v9, v10\n"
       "return v11\n"},
      {"i64",
       "v8 = iconst.i64 7\n"
       "v9 = udiv.i64 v2, v8\n",
       "v8 = iconst.i64 2635249153387078803\n"
       "v9 = umulhi.i64 v2, v8\n"
       "v10 = isub.i64 v2, v9\n"
       "v11 = iconst.i64 1\n"
       "v12 = ushr.i64 v10, v11\n"
       "v13 = iadd.i64 v9, v12\n"
       "v14 = iconst.i64 2\n"
       "v15 = ushr.i64 v13, v14\n"
       "return v15\n"},
      {"i64",
       "v8 = iconst.i64 28\n"
       "v9 = udiv.i64 v2, v8\n",
       "v8 = iconst.i64 2\n"
       "v9 = ushr.i64 v2, v8\n"
       "v10 = iconst.i64 5270498306774157605\n"
       "v11 = umulhi.i64 v9, v10\n"
       "v12 = iconst.i64 1\n"
       "v13 = ushr.i64 v11, v12\n"
       "return v13\n"},
      {"i32",
       "v8 = iconst.i32 16\n"
       "v9 = urem.i32 v0, v8\n",
       "v8 = iconst.i32 15\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 10\n"
       "v9 = urem.i32 v0, v8\n",
       "v8 = iconst.i32 10\n"
       "v9 = uextend.i64 v0\n"
       "v10 = iconst.i64 3435973837\n"
       "v11 = imul.i64 v9, v10\n"
       "v12 = iconst.i64 35\n"
       "v13 = ushr.i64 v11, v12\n"
       "v14 = wrap.i32 v13\n"
       "v15 = imul.i32 v14, v8\n"
       "v16 = isub.i32 v0, v15\n"
       "return v16\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = sdiv.i32 v0, v8\n",
       "v8 = iconst.i32 31\n"
       "v9 = sshr.i32 v0, v8\n"
       "v10 = iconst.i32 30\n"
       "v11 = ushr.i32 v9, v10\n"
       "v12 = iadd.i32 v0, v11\n"
       "v13 = iconst.i32 2\n"
       "v14 = sshr.i32 v12, v13\n"
       "return v14\n"},
      {"i32",
       "v8 = iconst.i32 -2\n"
       "v9 = sdiv.i32 v0, v8\n",
       "v8 = iconst.i32 31\n"
       "v9 = ushr.i32 v0, v8\n"
       "v10 = iadd.i32 v0, v9\n"
       "v11 = iconst.i32 1\n"
       "v12 = sshr.i32 v10, v11\n"
       "v13 = iconst.i32 0\n"
       "v14 = isub.i32 v13, v12\n"
       "return v14\n"},
      {"i32",
       "v8 = iconst.i32 10\n"
       "v9 = sdiv.i32 v0, v8\n",
       "v8 = sextend.i64 v0\n"
       "v9 = iconst.i64 1717986919\n"
       "v10 = imul.i64 v8, v9\n"
       "v11 = iconst.i64 34\n"
       "v12 = sshr.i64 v10, v11\n"
       "v13 = wrap.i32 v12\n"
       "v14 = iconst.i32 31\n"
       "v15 = ushr.i32 v0, v14\n"
       "v16 = iadd.i32 v13, v15\n"
       "return v16\n"},
      {"i64",
       "v8 = iconst.i64 7\n"
       "v9 = sdiv.i64 v2, v8\n",
       "v8 = iconst.i64 5270498306774157605\n"
       "v9 = smulhi.i64 v2, v8\n"
       "v10 = iconst.i64 1\n"
       "v11 = sshr.i64 v9, v10\n"
       "v12 = iconst.i64 63\n"
       "v13 = ushr.i64 v2, v12\n"
       "v14 = iadd.i64 v11, v13\n"
       "return v14\n"},
      {"i64",
       "v8 = iconst.i64 6\n"
       "v9 = sdiv.i64 v2, v8\n",
       "v8 = iconst.i64 3074457345618258603\n"
       "v9 = smulhi.i64 v2, v8\n"
       "v10 = iconst.i64 63\n"
       "v11 = ushr.i64 v2, v10\n"
       "v12 = iadd.i64 v9, v11\n"
       "return v12\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = srem.i32 v0, v8\n",
       "v8 = iconst.i32 31\n"
       "v9 = sshr.i32 v0, v8\n"
       "v10 = iconst.i32 30\n"
       "v11 = ushr.i32 v9, v10\n"
       "v12 = iadd.i32 v0, v11\n"
       "v13 = iconst.i32 -4\n"
       "v14 = and.i32 v12, v13\n"
       "v15 = isub.i32 v0, v14\n"
       "return v15\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = srem.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = sdiv.i32 v0, v8\n",
       "v8 = iconst.i32 -1\n"
       "v9 = sdiv.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = udiv.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "v9 = udiv.i32 v0, v8\n"
       "return v9\n"},
  };
  check(kExamples);
}

TEST(Rules, Bitwise) {
  static constexpr Example kExamples[] = {
      {"i32", "v8 = and.i32 v0, v0\n", "return v0\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = and.i32 v0, v8\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = xor.i32 v0, v8\n"
       "v10 = and.i32 v0, v9\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = iconst.i32 255\n"
       "v10 = and.i32 v8, v9\n",
       "v8 = load.i32 u8 v2 r1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 24\n"
       "v9 = ushr.i32 v0, v8\n"
       "v10 = iconst.i32 255\n"
       "v11 = and.i32 v9, v10\n",
       "v8 = iconst.i32 24\n"
       "v9 = ushr.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 24\n"
       "v9 = shl.i32 v0, v8\n"
       "v10 = iconst.i32 255\n"
       "v11 = and.i32 v9, v10\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 12\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = and.i32 v9, v10\n",
       "v8 = iconst.i32 4\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 12\n"
       "v9 = or.i32 v0, v8\n"
       "v10 = iconst.i32 3\n"
       "v11 = and.i32 v9, v10\n",
       "v8 = iconst.i32 3\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = sext8.i32 v0\n"
       "v9 = iconst.i32 15\n"
       "v10 = and.i32 v8, v9\n",
       "v8 = iconst.i32 15\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i64",
       "v8 = iconst.i64 4294967295\n"
       "v9 = and.i64 v2, v8\n",
       "v8 = wrap.i32 v2\n"
       "v9 = uextend.i64 v8\n"
       "return v9\n"},
      {"i64",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 255\n"
       "v10 = and.i64 v8, v9\n",
       "v8 = iconst.i32 255\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = uextend.i64 v9\n"
       "return v10\n"},
      {"i32", "v8 = or.i32 v0, v0\n", "return v0\n"},
      {"i32",
       "v8 = iconst.i32 -1\n"
       "v9 = or.i32 v0, v8\n",
       "v8 = iconst.i32 -1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 12\n"
       "v9 = or.i32 v0, v8\n"
       "v10 = iconst.i32 3\n"
       "v11 = or.i32 v9, v10\n",
       "v8 = iconst.i32 15\n"
       "v9 = or.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 -16\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = iconst.i32 15\n"
       "v11 = or.i32 v9, v10\n",
       "v8 = iconst.i32 15\n"
       "v9 = or.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = shl.i32 v0, v8\n"
       "v10 = iconst.i32 27\n"
       "v11 = ushr.i32 v0, v10\n"
       "v12 = or.i32 v11, v9\n",
       "v8 = iconst.i32 5\n"
       "v9 = rotl.i32 v0, v8\n"
       "return v9\n"},
      {"i64",
       "v8 = iconst.i64 64\n"
       "v9 = shl.i64 v2, v3\n"
       "v10 = isub.i64 v8, v3\n"
       "v11 = ushr.i64 v2, v10\n"
       "v12 = or.i64 v9, v11\n",
       "v8 = rotl.i64 v2, v3\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = ushr.i32 v0, v1\n"
       "v10 = isub.i32 v8, v1\n"
       "v11 = shl.i32 v0, v10\n"
       "v12 = or.i32 v9, v11\n",
       "v8 = rotr.i32 v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 32\n"
       "v9 = shl.i32 v0, v1\n"
       "v10 = isub.i32 v8, v1\n"
       "v11 = ushr.i32 v0, v10\n"
       "v12 = xor.i32 v9, v11\n",
       "v8 = iconst.i32 32\n"
       "v9 = shl.i32 v0, v1\n"
       "v10 = isub.i32 v8, v1\n"
       "v11 = ushr.i32 v0, v10\n"
       "v12 = xor.i32 v9, v11\n"
       "return v12\n"},
      {"i32", "v8 = xor.i32 v0, v0\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = xor.i32 v0, v1\n"
       "v9 = xor.i32 v8, v1\n",
       "return v0\n"},
      {"i32",
       "v8 = iconst.i32 12\n"
       "v9 = xor.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = xor.i32 v9, v10\n",
       "v8 = iconst.i32 10\n"
       "v9 = xor.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = icmp.i32 slt v0, v1\n"
       "v9 = iconst.i32 1\n"
       "v10 = xor.i32 v8, v9\n",
       "v8 = icmp.i32 sge v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = fcmp.f64 eq v6, v7\n"
       "v9 = iconst.i32 1\n"
       "v10 = xor.i32 v8, v9\n",
       "v8 = fcmp.f64 ne v6, v7\n"
       "return v8\n"},
      {"i32",
       "v8 = fcmp.f64 lt v6, v7\n"
       "v9 = iconst.i32 1\n"
       "v10 = xor.i32 v8, v9\n",
       "v8 = fcmp.f64 lt v6, v7\n"
       "v9 = iconst.i32 1\n"
       "v10 = xor.i32 v8, v9\n"
       "return v10\n"},
  };
  check(kExamples);
}

TEST(Rules, Shift) {
  static constexpr Example kExamples[] = {
      {"i32",
       "v8 = iconst.i32 0\n"
       "v9 = shl.i32 v8, v0\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 31\n"
       "v9 = and.i32 v1, v8\n"
       "v10 = shl.i32 v0, v9\n",
       "v8 = shl.i32 v0, v1\n"
       "return v8\n"},
      {"i64",
       "v8 = iconst.i64 31\n"
       "v9 = and.i64 v3, v8\n"
       "v10 = shl.i64 v2, v9\n",
       "v8 = iconst.i64 31\n"
       "v9 = and.i64 v3, v8\n"
       "v10 = shl.i64 v2, v9\n"
       "return v10\n"},
      {"i32",
       "v8 = iconst.i32 32\n"
       "v9 = ushr.i32 v0, v8\n",
       "return v0\n"},
      {"i32",
       "v8 = iconst.i32 35\n"
       "v9 = sshr.i32 v0, v8\n",
       "v8 = iconst.i32 3\n"
       "v9 = sshr.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = rotr.i32 v0, v8\n",
       "v8 = iconst.i32 27\n"
       "v9 = rotl.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 5\n"
       "v9 = shl.i32 v0, v8\n"
       "v10 = iconst.i32 6\n"
       "v11 = shl.i32 v9, v10\n",
       "v8 = iconst.i32 11\n"
       "v9 = shl.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 25\n"
       "v9 = ushr.i32 v0, v8\n"
       "v10 = iconst.i32 16\n"
       "v11 = ushr.i32 v9, v10\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 25\n"
       "v9 = sshr.i32 v0, v8\n"
       "v10 = iconst.i32 16\n"
       "v11 = sshr.i32 v9, v10\n",
       "v8 = iconst.i32 31\n"
       "v9 = sshr.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 25\n"
       "v9 = rotl.i32 v0, v8\n"
       "v10 = iconst.i32 16\n"
       "v11 = rotl.i32 v9, v10\n",
       "v8 = iconst.i32 9\n"
       "v9 = rotl.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = ushr.i32 v0, v8\n"
       "v10 = shl.i32 v9, v8\n",
       "v8 = iconst.i32 -16\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = shl.i32 v0, v8\n"
       "v10 = ushr.i32 v9, v8\n",
       "v8 = iconst.i32 268435455\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iconst.i32 24\n"
       "v9 = shl.i32 v0, v8\n"
       "v10 = sshr.i32 v9, v8\n",
       "v8 = sext8.i32 v0\n"
       "return v8\n"},
      {"i64",
       "v8 = iconst.i64 48\n"
       "v9 = shl.i64 v2, v8\n"
       "v10 = sshr.i64 v9, v8\n",
       "v8 = sext16.i64 v2\n"
       "return v8\n"},
      {"i64",
       "v8 = iconst.i64 32\n"
       "v9 = shl.i64 v2, v8\n"
       "v10 = sshr.i64 v9, v8\n",
       "v8 = sext32.i64 v2\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 4\n"
       "v9 = sshr.i32 v0, v8\n"
       "v10 = iconst.i32 31\n"
       "v11 = ushr.i32 v9, v10\n",
       "v8 = iconst.i32 31\n"
       "v9 = ushr.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = iconst.i32 8\n"
       "v10 = ushr.i32 v8, v9\n",
       "v8 = iconst.i32 0\n"
       "return v8\n"},
      {"i32",
       "v8 = load.i32 u16 v2 r1\n"
       "v9 = iconst.i32 8\n"
       "v10 = sshr.i32 v8, v9\n",
       "v8 = load.i32 u16 v2 r1\n"
       "v9 = iconst.i32 8\n"
       "v10 = ushr.i32 v8, v9\n"
       "return v10\n"},
  };
  check(kExamples);
}

TEST(Rules, Extension) {
  static constexpr Example kExamples[] = {
      {"i64",
       "v8 = uextend.i64 v0\n"
       "v9 = wrap.i32 v8\n"
       "v10 = uextend.i64 v9\n",
       "v8 = uextend.i64 v0\n"
       "return v8\n"},
      {"i32",
       "v8 = sextend.i64 v0\n"
       "v9 = wrap.i32 v8\n",
       "return v0\n"},
      {"i32",
       "v8 = sext32.i64 v2\n"
       "v9 = wrap.i32 v8\n",
       "v8 = wrap.i32 v2\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i64 281474976710655\n"
       "v9 = and.i64 v2, v8\n"
       "v10 = wrap.i32 v9\n",
       "v8 = wrap.i32 v2\n"
       "return v8\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = sextend.i64 v1\n"
       "v10 = iadd.i64 v8, v9\n"
       "v11 = wrap.i32 v10\n",
       "v8 = iadd.i32 v0, v1\n"
       "return v8\n"},
      {"i32",
       "v8 = uextend.i64 v0\n"
       "v9 = iconst.i64 3\n"
       "v10 = shl.i64 v8, v9\n"
       "v11 = wrap.i32 v10\n",
       "v8 = iconst.i32 3\n"
       "v9 = shl.i32 v0, v8\n"
       "return v9\n"},
      {"i32",
       "v8 = iadd.i64 v2, v3\n"
       "v9 = wrap.i32 v8\n",
       "v8 = iadd.i64 v2, v3\n"
       "v9 = wrap.i32 v8\n"
       "return v9\n"},
      {"i64",
       "v8 = load.i64 u32 v2 r1\n"
       "v9 = wrap.i32 v8\n"
       "v10 = uextend.i64 v9\n",
       "v8 = load.i64 u32 v2 r1\n"
       "return v8\n"},
      {"i64",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = sextend.i64 v8\n",
       "v8 = load.i32 u8 v2 r1\n"
       "v9 = uextend.i64 v8\n"
       "return v9\n"},
      {"i64",
       "v8 = wrap.i32 v2\n"
       "v9 = sextend.i64 v8\n",
       "v8 = sext32.i64 v2\n"
       "return v8\n"},
      {"i32",
       "v8 = sext8.i32 v0\n"
       "v9 = sext16.i32 v8\n",
       "v8 = sext8.i32 v0\n"
       "return v8\n"},
      {"i32",
       "v8 = sext16.i32 v0\n"
       "v9 = sext8.i32 v8\n",
       "v8 = sext8.i32 v0\n"
       "return v8\n"},
      {"i32",
       "v8 = load.i32 s8 v2 r1\n"
       "v9 = sext8.i32 v8\n",
       "v8 = load.i32 s8 v2 r1\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 4095\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = sext8.i32 v9\n",
       "v8 = sext8.i32 v0\n"
       "return v8\n"},
      {"i32",
       "v8 = iconst.i32 127\n"
       "v9 = and.i32 v0, v8\n"
       "v10 = sext8.i32 v9\n",
       "v8 = iconst.i32 127\n"
       "v9 = and.i32 v0, v8\n"
       "return v9\n"},
      {"i64",
       "v8 = uextend.i64 v0\n"
       "v9 = sext32.i64 v8\n",
       "v8 = sextend.i64 v0\n"
       "return v8\n"},
      {"i64",
       "v8 = sextend.i64 v0\n"
       "v9 = sext32.i64 v8\n",
       "v8 = sextend.i64 v0\n"
       "return v8\n"},
  };
  check(kExamples);
}

/// Division by every kind of constant agrees with division, at the edges and at random.
TEST(Rules, DivisionByConstantsIsExact) {
  std::mt19937_64 rng(7);
  PassCtx ctx;
  for (ir::Type type : {ir::Type::I32, ir::Type::I64}) {
    uint64_t top = 1ull << (ir::bits_of(type) - 1);
    std::vector<uint64_t> divisors = {top, top - 1, top + 1, ~0ull, ~0ull - 1, 0 - top / 2, 1000000007};
    for (uint64_t d = 1; d < 130; ++d) divisors.insert(divisors.end(), {d, 0 - d});
    for (int k = 0; k < 300; ++k) divisors.push_back(rng() >> rng() % 60);
    for (uint64_t d : divisors) {
      d = ir::canonical(type, d);
      if (d == 0) continue;
      for (const char* op : {"udiv", "urem", "sdiv", "srem"}) {
        const char* t = ir::name_of(type);
        auto text = fmt::format(
            "function \"f\" sym0 wasm({}) -> {} {{\nblock0(v0: {}):\n  v1 = iconst.{} {}\n  v2 = {}.{} v0, v1\n  "
            "return "
            "v2\n}}\n",
            t, t, t, t, ir::as_signed(type, d), op, t);
        auto before = ir::parse(text), after = ir::parse(text);
        ASSERT_TRUE(before.has_value()) << before.error().message();
        gvn(*after, ctx);
        ctx.graph_changed();
        for (int k = 0; k < 24; ++k) {
          // Around multiples of the divisor, the ends of the range, and anywhere.
          uint64_t x = k < 8    ? d * (rng() >> rng() % 64) + static_cast<uint64_t>(k % 3) - 1
                       : k < 14 ? top + static_cast<uint64_t>(k) - 11
                       : k < 18 ? static_cast<uint64_t>(k) - 16
                                : rng() >> rng() % 64;
          uint64_t args[] = {ir::canonical(type, x)};
          auto want = testing::Interpreter(*before, 100).run(args, {});
          auto have = testing::Interpreter(*after, 100).run(args, {});
          ASSERT_TRUE(want == have) << text << args[0] << "\n" << ir::print(*after);
        }
      }
    }
  }
}

}  // namespace
}  // namespace vitrine::opt

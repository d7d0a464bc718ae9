#include "text/number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cstdio>
#include <random>
#include <string>

namespace vitrine::text {
namespace {

uint32_t f32(std::string_view text) {
  uint32_t bits = 0xdead'beef;
  EXPECT_EQ(parse_f32(text, bits), NumberStatus::Ok) << text;
  return bits;
}
uint64_t f64(std::string_view text) {
  uint64_t bits = 0xdead'beef;
  EXPECT_EQ(parse_f64(text, bits), NumberStatus::Ok) << text;
  return bits;
}
NumberStatus f32_status(std::string_view text) {
  uint32_t bits;
  return parse_f32(text, bits);
}
NumberStatus f64_status(std::string_view text) {
  uint64_t bits;
  return parse_f64(text, bits);
}
NumberStatus int_status(std::string_view text, unsigned width) {
  uint64_t value;
  return parse_int(text, width, value);
}
uint64_t integer(std::string_view text, unsigned width) {
  uint64_t value = 0;
  EXPECT_EQ(parse_int(text, width, value), NumberStatus::Ok) << text;
  return value;
}

TEST(Number, Integers) {
  EXPECT_EQ(integer("0", 32), 0u);
  EXPECT_EQ(integer("4294967295", 32), 0xffff'ffffu);
  EXPECT_EQ(integer("-2147483648", 32), 0x8000'0000u);
  EXPECT_EQ(integer("-1", 32), 0xffff'ffffu);
  EXPECT_EQ(integer("+0xffff_ffff", 32), 0xffff'ffffu);
  EXPECT_EQ(integer("-0x8000_0000", 32), 0x8000'0000u);
  EXPECT_EQ(integer("18446744073709551615", 64), ~uint64_t{0});
  EXPECT_EQ(integer("-9223372036854775808", 64), uint64_t{1} << 63);
  EXPECT_EQ(integer("-128", 8), 0x80u);
  EXPECT_EQ(integer("1_000_000", 32), 1'000'000u);
  EXPECT_EQ(integer("-0", 32), 0u);
  EXPECT_EQ(int_status("4294967296", 32), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status("-2147483649", 32), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status("256", 8), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status("-129", 8), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status("18446744073709551616", 64), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status("-9223372036854775809", 64), NumberStatus::OutOfRange);
  EXPECT_EQ(int_status(std::string(1000, '9'), 64), NumberStatus::OutOfRange);
  for (std::string_view bad : {"", "-", "0x", "1_", "_1", "1__0", "0xg", "1.0", "a", "0x_1", "--1", "0X1"}) {
    EXPECT_EQ(int_status(bad, 32), NumberStatus::Malformed) << bad;
  }
}

TEST(Number, Naturals) {
  uint64_t value;
  EXPECT_EQ(parse_nat("255", 255, value), NumberStatus::Ok);
  EXPECT_EQ(parse_nat("256", 255, value), NumberStatus::OutOfRange);
  EXPECT_EQ(parse_nat("+1", 255, value), NumberStatus::Malformed);
}

TEST(Number, FloatsOfBothNotations) {
  EXPECT_EQ(f32("1"), 0x3f80'0000u);
  EXPECT_EQ(f32("-0"), 0x8000'0000u);
  EXPECT_EQ(f32("0x1p-149"), 1u);
  EXPECT_EQ(f32("0x1.fffffep127"), 0x7f7f'ffffu);
  EXPECT_EQ(f32("0x1_0.8p-4"), f32("1.03125"));
  EXPECT_EQ(f64("1."), 0x3ff0'0000'0000'0000u);
  EXPECT_EQ(f64("1.e1"), f64("10"));
  EXPECT_EQ(f64("0x1.p1"), f64("2"));
  EXPECT_EQ(f64("1_0.2_5E+1_0"), f64("102500000000"));
  EXPECT_EQ(f64("0x0.0000000000001p-1022"), 1u);
  EXPECT_EQ(f64("4.9406564584124654e-324"), 1u);
  EXPECT_EQ(f64("1.7976931348623157e308"), 0x7fef'ffff'ffff'ffffu);
}

TEST(Number, NansAndInfinities) {
  EXPECT_EQ(f32("inf"), 0x7f80'0000u);
  EXPECT_EQ(f32("-inf"), 0xff80'0000u);
  EXPECT_EQ(f32("nan"), 0x7fc0'0000u);
  EXPECT_EQ(f32("-nan:0x1"), 0xff80'0001u);
  EXPECT_EQ(f32("nan:0x7f_ffff"), 0x7fff'ffffu);
  EXPECT_EQ(f64("+nan:0xf_ffff_ffff_ffff"), 0x7fff'ffff'ffff'ffffu);
  EXPECT_EQ(f32_status("nan:0x0"), NumberStatus::OutOfRange);
  EXPECT_EQ(f32_status("nan:0x80_0000"), NumberStatus::OutOfRange);
  EXPECT_EQ(f64_status("nan:0x10_0000_0000_0000"), NumberStatus::OutOfRange);
  EXPECT_EQ(f32_status("nan:1"), NumberStatus::Malformed);
  EXPECT_EQ(f32_status("nan:canonical"), NumberStatus::Malformed);
}

TEST(Number, RoundsToNearestEvenOnce) {
  // Half way between two floats, and a hair to either side of it.
  EXPECT_EQ(f32("0x1.000001p0"), 0x3f80'0000u);
  EXPECT_EQ(f32("0x1.00000100000000000000001p0"), 0x3f80'0001u);
  EXPECT_EQ(f32("0x1.000000fffffffffffffffffp0"), 0x3f80'0000u);
  EXPECT_EQ(f32("0x1.000003p0"), 0x3f80'0002u);
  EXPECT_EQ(f64("0x1.00000000000008p0"), 0x3ff0'0000'0000'0000u);
  EXPECT_EQ(f64("0x1.000000000000080000000000000000000001p0"), 0x3ff0'0000'0000'0001u);
  // Through a double this would round twice, and wrongly.
  EXPECT_EQ(f32("1.00000005960464477540"), 0x3f80'0001u);
  EXPECT_EQ(f32("8388608.5000000000000000000000001"), 0x4b00'0001u);
  EXPECT_EQ(f32("0x0.8p-149"), 0u);
  EXPECT_EQ(f32("0x0.8001p-149"), 1u);
  EXPECT_EQ(f32("0x1.fffffefp-127"), 0x0080'0000u);  // a subnormal that rounds up to the least normal
}

TEST(Number, RangeOfFloats) {
  EXPECT_EQ(f32_status("0x1p128"), NumberStatus::OutOfRange);
  EXPECT_EQ(f32_status("0x1.ffffffp127"), NumberStatus::OutOfRange);
  EXPECT_EQ(f32("0x1.fffffefffffp127"), 0x7f7f'ffffu);
  EXPECT_EQ(f32_status("340282356779733661637539395458142568448"), NumberStatus::OutOfRange);
  EXPECT_EQ(f32("340282356779733661637539395458142568447"), 0x7f7f'ffffu);
  EXPECT_EQ(f64_status("1e309"), NumberStatus::OutOfRange);
  EXPECT_EQ(f64_status("-1e999999999999999999999"), NumberStatus::OutOfRange);
  EXPECT_EQ(f64_status("0x1p99999999999999999999"), NumberStatus::OutOfRange);
  EXPECT_EQ(f64("1e-999999999999999999999"), 0u);
  EXPECT_EQ(f64("-1e-400"), uint64_t{1} << 63);
  EXPECT_EQ(f64("0x1p-99999999999999999999"), 0u);
  EXPECT_EQ(f64("0e999999999999999999999"), 0u);
  EXPECT_EQ(f64("0x0p99999999999999999999"), 0u);
  std::string many(5000, '0');
  EXPECT_EQ(f64("0." + many + "1"), 0u);
  EXPECT_EQ(f64("0." + many + "1e5001"), f64("1"));
  EXPECT_EQ(f64_status("1" + many), NumberStatus::OutOfRange);
  EXPECT_EQ(f64("1" + many + "e-5000"), f64("1"));
  EXPECT_EQ(f64("0x0." + many + "1p20004"), f64("1"));
  for (std::string_view bad : {".5", "1e", "0x1.p", "0x.1", "1p3", "0x1e", "1.0_", "1._0", "e1", "infinity"}) {
    if (bad == "0x1e") continue;  // a hexadecimal integer
    EXPECT_EQ(f64_status(bad), NumberStatus::Malformed) << bad;
  }
}

template <class Float>
Float library_value(std::string_view text, bool& overflow) {
  Float value = 0;
  text.remove_prefix(2);  // 0x
  auto result = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::hex);
  overflow = result.ec == std::errc::result_out_of_range;
  return value;
}

// The hexadecimal reader is ours; the standard library's is the judge (strtof of some C libraries rounds subnormals
// wrongly). It reports underflow as overflow, so exponents stay where a float is not zero.
TEST(Number, HexFloatsAgreeWithTheLibrary) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 20'000; ++i) {
    char text[80];
    bool overflow = false;
    uint64_t mantissa = (random() >> (random() % 64)) | 1;
    int exponent = static_cast<int>(random() % 2080) - 1050;
    std::snprintf(text, sizeof text, "0x%llx.%llxp%d", static_cast<unsigned long long>(mantissa >> (random() % 64) | 1),
                  static_cast<unsigned long long>(mantissa), exponent);
    auto d = library_value<double>(text, overflow);
    uint64_t bits = 0;
    NumberStatus status = parse_f64(text, bits);
    EXPECT_EQ(status, overflow ? NumberStatus::OutOfRange : NumberStatus::Ok) << text;
    if (!overflow) {
      EXPECT_EQ(bits, std::bit_cast<uint64_t>(d)) << text;
    }

    std::snprintf(text, sizeof text, "0x%llxp%d", static_cast<unsigned long long>(mantissa | 1), exponent / 9 - 10);
    auto f = library_value<float>(text, overflow);
    uint32_t bits32 = 0;
    status = parse_f32(text, bits32);
    EXPECT_EQ(status, overflow ? NumberStatus::OutOfRange : NumberStatus::Ok) << text;
    if (!overflow) {
      EXPECT_EQ(bits32, std::bit_cast<uint32_t>(f)) << text;
    }
  }
}

}  // namespace
}  // namespace vitrine::text

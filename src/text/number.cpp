#include "text/number.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <string>

#include "text/lexer.hpp"

namespace vitrine::text {
namespace {

uint32_t digit_value(char c) {
  return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

// Digits (with underscores) into a value; false when it does not fit 64 bits.
bool magnitude(std::string_view digits, uint64_t& value) {
  uint64_t base = 10;
  if (digits.starts_with("0x")) {
    base = 16;
    digits.remove_prefix(2);
  }
  value = 0;
  for (char c : digits) {
    if (c == '_') continue;
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit_value(c), &value))
      return false;
  }
  return true;
}

struct FloatFormat {
  int mantissa_bits;  // stored, so without the leading one
  int max_exponent;   // of the largest finite power of two; the bias as well
};
constexpr FloatFormat kF32{23, 127};
constexpr FloatFormat kF64{52, 1023};

uint64_t infinity(FloatFormat f) {
  return uint64_t(2 * f.max_exponent + 1) << f.mantissa_bits;
}

// A decimal or hexadecimal exponent behind `e` or `p`, saturated: text may write more digits than any type holds.
int64_t parse_exponent(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  for (char c : text) {
    if (c != '_' && value < (int64_t{1} << 48)) value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

// `text` is "0x..." without sign. Digits go into 64 bits; what does not fit any more is only remembered as "not zero"
// (sticky), which is all that rounding to nearest-even needs to know.
NumberStatus hex_float(std::string_view text, FloatFormat format, uint64_t& bits) {
  uint64_t mantissa = 0;
  bool sticky = false, fraction = false;
  int64_t exponent = 0;  // value = mantissa * 2^exponent
  size_t i = 2;
  for (; i < text.size() && (text[i] | 0x20) != 'p'; ++i) {
    char c = text[i];
    if (c == '_') continue;
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (mantissa >> 60) {
      sticky |= c != '0';
      exponent += fraction ? 0 : 4;
    } else {
      mantissa = mantissa * 16 + digit_value(c);
      exponent -= fraction ? 4 : 0;
    }
  }
  if (i < text.size()) exponent += parse_exponent(text.substr(i + 1));
  if (mantissa == 0) {
    bits = 0;
    return NumberStatus::Ok;
  }
  int top = 63 - std::countl_zero(mantissa);
  int64_t scale = exponent + top;  // the value is in [2^scale, 2^(scale+1))
  if (scale > format.max_exponent) return NumberStatus::OutOfRange;
  // Below the smallest normal exponent the last place stays where it is and the mantissa gets shorter.
  int64_t min_exponent = 1 - format.max_exponent;
  int64_t last_place = std::max(scale, min_exponent) - format.mantissa_bits;
  int64_t shift = last_place - exponent;  // bits of `mantissa` below the last place
  uint64_t kept;
  if (shift <= 0) {
    kept = mantissa << -shift;  // exact: sticky digits exist only when mantissa has 61 bits or more
  } else if (shift > 64) {
    kept = 0;
  } else {
    uint64_t half = uint64_t{1} << (shift - 1);
    uint64_t dropped = shift == 64 ? mantissa : mantissa & ((half << 1) - 1);
    kept = shift == 64 ? 0 : mantissa >> shift;
    if (dropped > half || (dropped == half && (sticky || (kept & 1)))) ++kept;
  }
  // Rounding up may carry into the exponent; adding the fields, not or-ing them, makes that come out right.
  uint64_t biased = scale >= min_exponent ? uint64_t(scale - min_exponent) : 0;
  bits = (biased << format.mantissa_bits) + kept;
  return bits >= infinity(format) ? NumberStatus::OutOfRange : NumberStatus::Ok;
}

// Whether a decimal number (no sign, no underscores) is at least 1: tells overflow from underflow, which
// std::from_chars reports alike.
bool is_large(std::string_view text) {
  size_t e = text.find_first_of("eE");
  std::string_view digits = text.substr(0, e);
  size_t point = std::min(digits.find('.'), digits.size());
  size_t first = digits.find_first_of("123456789");
  if (first == digits.npos) return false;
  int64_t scale = first < point ? int64_t(point - first) - 1 : -int64_t(first - point);
  return scale + (e == text.npos ? 0 : parse_exponent(text.substr(e + 1))) >= 0;
}

template <class Float, class Bits>
NumberStatus decimal_float(std::string_view text, uint64_t& bits) {
  std::string plain;
  if (text.find('_') != text.npos) {
    for (char c : text) {
      if (c != '_') plain.push_back(c);
    }
    text = plain;
  }
  Float value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range || std::isinf(value)) {
    if (is_large(text)) return NumberStatus::OutOfRange;
    value = 0;
  } else if (error != std::errc() || end != text.data() + text.size()) {
    return NumberStatus::Malformed;
  }
  bits = std::bit_cast<Bits>(value);
  return NumberStatus::Ok;
}

template <class Float, class Bits>
NumberStatus parse_float(std::string_view text, FloatFormat format, Bits& result) {
  if (classify_number(text) == TokenKind::Reserved) return NumberStatus::Malformed;
  bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  uint64_t bits = 0;
  NumberStatus status = NumberStatus::Ok;
  if (text == "inf") {
    bits = infinity(format);
  } else if (text == "nan") {
    bits = infinity(format) | uint64_t{1} << (format.mantissa_bits - 1);
  } else if (text.starts_with("nan:")) {
    uint64_t payload = 0;
    bool fits = magnitude(text.substr(4), payload) && payload != 0 && payload >> format.mantissa_bits == 0;
    if (!fits) return NumberStatus::OutOfRange;
    bits = infinity(format) | payload;
  } else if (text.starts_with("0x")) {
    status = hex_float(text, format, bits);
  } else {
    status = decimal_float<Float, Bits>(text, bits);
  }
  if (status == NumberStatus::Ok) result = static_cast<Bits>(bits | uint64_t(negative) << (sizeof(Bits) * 8 - 1));
  return status;
}

}  // namespace

NumberStatus parse_nat(std::string_view text, uint64_t max, uint64_t& value) {
  if (classify_number(text) != TokenKind::Nat) return NumberStatus::Malformed;
  if (!magnitude(text, value) || value > max) return NumberStatus::OutOfRange;
  return NumberStatus::Ok;
}

NumberStatus parse_int(std::string_view text, unsigned bits, uint64_t& value) {
  TokenKind kind = classify_number(text);
  if (kind != TokenKind::Nat && kind != TokenKind::Int) return NumberStatus::Malformed;
  bool negative = text[0] == '-';
  if (kind == TokenKind::Int) text.remove_prefix(1);
  uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  // "+" and no sign are unsigned as well: i32.const +4294967295 is -1.
  uint64_t limit = negative ? uint64_t{1} << (bits - 1) : mask;
  if (!magnitude(text, value) || value > limit) return NumberStatus::OutOfRange;
  if (negative) value = (0 - value) & mask;
  return NumberStatus::Ok;
}

NumberStatus parse_f32(std::string_view text, uint32_t& bits) {
  return parse_float<float>(text, kF32, bits);
}
NumberStatus parse_f64(std::string_view text, uint64_t& bits) {
  return parse_float<double>(text, kF64, bits);
}

}  // namespace vitrine::text

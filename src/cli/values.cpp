#include "cli/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "base/result.hpp"
#include "text/number.hpp"
#include "text/wast_script.hpp"

namespace vitrine::cli {

namespace {

template <class T>
Result<Val> parse_int(std::string_view text) {
  std::string_view digits = text;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  }
  uint64_t magnitude = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  const char* type = sizeof(T) == 4 ? "i32" : "i64";
  uint64_t limit = uint64_t{1} << (sizeof(T) * 8 - 1);
  if (digits.empty() || error == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return fail(fmt::format("'{}' is no integer", text));
  }
  if (error == std::errc::result_out_of_range || magnitude > limit - !negative) {
    return fail(fmt::format("'{}' is out of range of {}: {} to {}", text, type, std::numeric_limits<T>::min(),
                            std::numeric_limits<T>::max()));
  }
  return Val(static_cast<T>(negative ? 0 - magnitude : magnitude));
}

template <class T>
Result<Val> parse_float(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  T value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  bool well_formed = error != std::errc::invalid_argument && end == digits.data() + digits.size();
  if (!well_formed || digits.starts_with('+') || (digits.starts_with('-') && digits.size() < text.size()))
    return fail(fmt::format("'{}' is no floating-point number", text));
  if (error == std::errc()) return Val(value);
  // Too large or too small for the type: rounded to infinity or zero, as any other number is to its nearest. The sign
  // of the exponent would not tell which of the two, strtod does.
  std::string terminated(digits);
  if constexpr (sizeof(T) == 4) {
    return Val(std::strtof(terminated.c_str(), nullptr));
  } else {
    return Val(std::strtod(terminated.c_str(), nullptr));
  }
}

/// The bits of a lane, written as the text format writes it.
Result<uint64_t> parse_lane(text::Shape shape, std::string_view text) {
  const unsigned width = lane_bits(shape);
  const bool is_float = has_float_lanes(shape);
  uint64_t bits = 0;
  text::NumberStatus status{};
  if (!is_float) {
    status = text::parse_int(text, width, bits);
  } else if (width == 64) {
    status = text::parse_f64(text, bits);
  } else {
    uint32_t narrow = 0;
    status = text::parse_f32(text, narrow);
    bits = narrow;
  }
  switch (status) {
    case text::NumberStatus::Ok:
      return bits;
    case text::NumberStatus::Malformed:
      return fail(fmt::format("'{}' is no {}", text, is_float ? "floating-point number" : "integer"));
    case text::NumberStatus::OutOfRange:
      break;
  }
  if (is_float) return fail(fmt::format("'{}' is out of range of an f{}", text, width));
  return fail(fmt::format("'{}' is out of range: {} to {}", text, -1 - static_cast<int64_t>(INT64_MAX >> (64 - width)),
                          UINT64_MAX >> (64 - width)));
}

std::unexpected<Error> no_vector(std::string_view text) {
  return fail(
      fmt::format("'{}' is no vector: expected a whole number of 128 bits, decimal or hexadecimal, without a sign, "
                  "or lanes as i32x4:1,2,3,4",
                  text));
}

/// "1,2,3,4" of the shape.
Result<Val> parse_lanes(text::Shape shape, std::string_view text) {
  const size_t found = text.empty() ? 0 : static_cast<size_t>(std::ranges::count(text, ',')) + 1;
  if (found != lane_count(shape))
    return fail(fmt::format("{} has {} lanes, and {} {} given", name_of(shape), lane_count(shape), found,
                            found == 1 ? "was" : "were"));
  V128 vector;
  const size_t bytes = lane_bits(shape) / 8;
  for (size_t i = 0; i < found; ++i) {
    const size_t comma = text.find(',');
    const uint64_t bits =
        TRY_IN(parse_lane(shape, text.substr(0, comma)), fmt::format("in lane {} of {}", i, name_of(shape)));
    std::memcpy(vector.bytes.data() + i * bytes, &bits, bytes);
    text.remove_prefix(i + 1 < found ? comma + 1 : text.size());
  }
  return Val(vector);
}

/// "1", "0xff": the whole as one number, lane 0 lowest.
Result<Val> parse_vector_number(std::string_view text) {
  std::string_view digits = text;
  unsigned base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  }
  unsigned __int128 value = 0;
  bool fits = true;
  for (char c : digits) {
    unsigned digit = 0;
    if (auto [_, error] = std::from_chars(&c, &c + 1, digit, static_cast<int>(base)); error != std::errc()) {
      return no_vector(text);
    }
    unsigned __int128 larger = 0;
    if (__builtin_mul_overflow(value, base, &larger) || __builtin_add_overflow(larger, digit, &value)) fits = false;
  }
  if (digits.empty()) return no_vector(text);
  if (!fits) return fail(fmt::format("'{}' is out of range of v128: 0 to 2^128-1", text));
  return Val(V128::of<uint64_t>({static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)}));
}

Result<Val> parse_vector(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return parse_vector_number(text);
  const std::string_view name = text.substr(0, colon);
  const auto* shape = std::ranges::find(text::kShapeNames, name);
  if (shape == std::end(text::kShapeNames))
    return fail(fmt::format("'{}' is none of the shapes {}", name, fmt::join(text::kShapeNames, ", ")));
  return parse_lanes(static_cast<text::Shape>(shape - text::kShapeNames), text.substr(colon + 1));
}

Result<Val> parse_value(const ValType& type, std::string_view text) {
  switch (type.kind()) {
    case ValKind::I32:
      return parse_int<int32_t>(text);
    case ValKind::I64:
      return parse_int<int64_t>(text);
    case ValKind::F32:
      return parse_float<float>(text);
    case ValKind::F64:
      return parse_float<double>(text);
    case ValKind::V128:
      return parse_vector(text);
    default:
      return fail(fmt::format("a value of type {} cannot be given on the command line", to_string(type)));
  }
}

}  // namespace

Result<std::vector<Val>> parse_values(const FuncType& type, const std::vector<std::string>& args) {
  std::vector<Val> values;
  for (size_t i = 0; i < type.params.size(); ++i) {
    if (i >= args.size()) {
      return fail(fmt::format("not enough arguments: the function takes {}, {} were given; it is {}",
                              type.params.size(), args.size(), to_string(type)));
    }
    values.push_back(TRY_IN(parse_value(type.params[i], args[i]),
                            fmt::format("as argument {} ({})", i + 1, to_string(type.params[i]))));
  }
  return values;
}

std::string print_value(const Val& value) {
  switch (value.kind()) {
    case ValKind::I32:
      return fmt::format("{}", value.i32());
    case ValKind::I64:
      return fmt::format("{}", value.i64());
    case ValKind::F32:
      return fmt::format("{}", value.f32());
    case ValKind::F64:
      return fmt::format("{}", value.f64());
    case ValKind::V128: {
      const auto [low, high] = value.v128().lanes<uint64_t>();
      return fmt::format("{}", static_cast<unsigned __int128>(high) << 64 | low);
    }
    default:
      return fmt::format("<{}{}>", value.is_null() ? "null " : "", name_of(value.kind()));
  }
}

}  // namespace vitrine::cli

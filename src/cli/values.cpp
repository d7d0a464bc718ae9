#include "cli/values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/result.hpp"

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
      unsigned __int128 n = 0;
      for (int i = 15; i >= 0; --i) n = n << 8 | value.raw().v128[i];
      return fmt::format("{}", n);
    }
    default:
      return fmt::format("<{}{}>", value.is_null() ? "null " : "", name_of(value.kind()));
  }
}

}  // namespace vitrine::cli

// The value of a number token, exactly as the specification gives it.
//
// Floats are rounded once, to nearest with ties to even, from the text to the type asked for: an f32 never passes
// through a double. Results are bit patterns, so that a NaN's payload survives.
#pragma once

#include <cstdint>
#include <string_view>

namespace vitrine::text {

enum class NumberStatus : uint8_t { Ok, Malformed, OutOfRange };

/// An unsigned integer (no sign) of at most `max`.
NumberStatus parse_nat(std::string_view text, uint64_t max, uint64_t& value);

/// An integer of `bits` bits, written signed or unsigned: -2^(bits-1) to 2^bits - 1. The value is cut to `bits` bits.
NumberStatus parse_int(std::string_view text, unsigned bits, uint64_t& value);

NumberStatus parse_f32(std::string_view text, uint32_t& bits);
NumberStatus parse_f64(std::string_view text, uint64_t& bits);

}  // namespace vitrine::text

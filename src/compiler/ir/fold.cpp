#include "compiler/ir/fold.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "base/assert.hpp"

namespace vitrine::ir {
namespace {

using Bits = std::optional<uint64_t>;

float f32_of(uint64_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}
double f64_of(uint64_t bits) {
  return std::bit_cast<double>(bits);
}
uint64_t bits_of_value(float f) {
  return std::bit_cast<uint32_t>(f);
}
uint64_t bits_of_value(double d) {
  return std::bit_cast<uint64_t>(d);
}

/// The bits, unless the result is a NaN: which one is for the machine to choose.
template <class F>
Bits not_nan(F value) {
  if (std::isnan(value)) return std::nullopt;
  return bits_of_value(value);
}

template <class F>
Bits fold_float1(Op op, F x) {
  switch (op) {
    case Op::FSqrt:
      return not_nan(std::sqrt(x));
    case Op::FCeil:
      return not_nan(std::ceil(x));
    case Op::FFloor:
      return not_nan(std::floor(x));
    case Op::FTrunc:
      return not_nan(std::trunc(x));
    case Op::FNearest:
      return not_nan(std::nearbyint(x));  // the rounding mode is never changed
    default:
      return std::nullopt;
  }
}

template <class F>
Bits fold_float2(Op op, F x, F y) {
  switch (op) {
    case Op::FAdd:
      return not_nan(x + y);
    case Op::FSub:
      return not_nan(x - y);
    case Op::FMul:
      return not_nan(x * y);
    case Op::FDiv:
      return not_nan(x / y);
    case Op::FMin:
      if (std::isnan(x) || std::isnan(y)) return std::nullopt;
      return bits_of_value(x == y ? (std::signbit(x) ? x : y) : x < y ? x : y);
    case Op::FMax:
      if (std::isnan(x) || std::isnan(y)) return std::nullopt;
      return bits_of_value(x == y ? (std::signbit(x) ? y : x) : x > y ? x : y);
    default:
      return std::nullopt;
  }
}

/// The float truncated to an integer of type I; none when it does not fit (or is NaN). The bounds are exact: `lowest -
/// 1` may not be representable, so the value is truncated first and compared with powers of two.
template <class I, class F>
std::optional<I> truncate(F x) {
  if (std::isnan(x)) return std::nullopt;
  F t = std::trunc(x);
  F limit = std::ldexp(F(1), std::numeric_limits<I>::digits);  // 2^31, 2^32, 2^63, 2^64
  F low = std::numeric_limits<I>::is_signed ? -limit : F(0);
  if (t < low || t >= limit) return std::nullopt;
  return static_cast<I>(t);
}

template <class I, class F>
Bits fold_to_int(F x, bool saturate, Type type) {
  if (auto v = truncate<I>(x)) return canonical(type, static_cast<uint64_t>(*v));
  if (!saturate) return std::nullopt;
  if (std::isnan(x)) return 0;
  I v = x < 0 ? std::numeric_limits<I>::lowest() : std::numeric_limits<I>::max();
  return canonical(type, static_cast<uint64_t>(v));
}

template <class F>
Bits fold_to_int(Op op, Type type, F x) {
  bool saturate = op == Op::FToSIntSat || op == Op::FToUIntSat;
  bool is_signed = op == Op::FToSIntSat || op == Op::FToSInt;
  if (type == Type::I32)
    return is_signed ? fold_to_int<int32_t>(x, saturate, type) : fold_to_int<uint32_t>(x, saturate, type);
  return is_signed ? fold_to_int<int64_t>(x, saturate, type) : fold_to_int<uint64_t>(x, saturate, type);
}

template <class F>
bool compare(FloatCC cc, F x, F y) {
  switch (cc) {
    case FloatCC::Eq:
      return x == y;
    case FloatCC::Ne:
      return x != y;
    case FloatCC::Lt:
      return x < y;
    case FloatCC::Gt:
      return x > y;
    case FloatCC::Le:
      return x <= y;
    case FloatCC::Ge:
      return x >= y;
  }
  return false;
}

}  // namespace

bool eval_icmp(IntCC cc, Type type, uint64_t x, uint64_t y) {
  x = canonical(type, x);
  y = canonical(type, y);
  int64_t sx = as_signed(type, x), sy = as_signed(type, y);
  switch (cc) {
    case IntCC::Eq:
      return x == y;
    case IntCC::Ne:
      return x != y;
    case IntCC::SLt:
      return sx < sy;
    case IntCC::SGe:
      return sx >= sy;
    case IntCC::SGt:
      return sx > sy;
    case IntCC::SLe:
      return sx <= sy;
    case IntCC::ULt:
      return x < y;
    case IntCC::UGe:
      return x >= y;
    case IntCC::UGt:
      return x > y;
    case IntCC::ULe:
      return x <= y;
  }
  return false;
}

bool eval_fcmp(FloatCC cc, Type type, uint64_t x, uint64_t y) {
  return type == Type::F32 ? compare(cc, f32_of(x), f32_of(y)) : compare(cc, f64_of(x), f64_of(y));
}

std::optional<uint64_t> fold_unary(Op op, Type type, Type from, uint64_t x) {
  bool is32 = bytes_of(type) == 4;
  uint64_t sign = is32 ? 1ull << 31 : 1ull << 63;
  switch (op) {
    case Op::Clz:
      return is32 ? std::countl_zero(static_cast<uint32_t>(x)) : std::countl_zero(x);
    case Op::Ctz:
      return is32 ? std::countr_zero(static_cast<uint32_t>(x)) : std::countr_zero(x);
    case Op::Popcnt:
      return std::popcount(x);
    case Op::SExt8:
      return canonical(type, static_cast<uint64_t>(int64_t{static_cast<int8_t>(x)}));
    case Op::SExt16:
      return canonical(type, static_cast<uint64_t>(int64_t{static_cast<int16_t>(x)}));
    case Op::SExt32:
    case Op::SExtend:
      return static_cast<uint64_t>(int64_t{static_cast<int32_t>(x)});
    case Op::UExtend:
    case Op::Wrap:
      return static_cast<uint32_t>(x);
    case Op::Bitcast:
      return x;
    case Op::FNeg:
      return x ^ sign;
    case Op::FAbs:
      return x & ~sign;
    case Op::FSqrt:
    case Op::FCeil:
    case Op::FFloor:
    case Op::FTrunc:
    case Op::FNearest:
      return is32 ? fold_float1(op, f32_of(x)) : fold_float1(op, f64_of(x));
    case Op::FPromote:
      return not_nan(static_cast<double>(f32_of(x)));
    case Op::FDemote:
      return not_nan(static_cast<float>(f64_of(x)));
    case Op::FFromSInt: {
      int64_t v = as_signed(from, x);
      return is32 ? bits_of_value(static_cast<float>(v)) : bits_of_value(static_cast<double>(v));
    }
    case Op::FFromUInt: {
      uint64_t v = canonical(from, x);
      return is32 ? bits_of_value(static_cast<float>(v)) : bits_of_value(static_cast<double>(v));
    }
    case Op::FToSInt:
    case Op::FToUInt:
    case Op::FToSIntSat:
    case Op::FToUIntSat:
      return from == Type::F32 ? fold_to_int(op, type, f32_of(x)) : fold_to_int(op, type, f64_of(x));
    default:
      return std::nullopt;
  }
}

std::optional<uint64_t> fold_binary(Op op, Type type, uint8_t aux, uint64_t x, uint64_t y) {
  bool is32 = bytes_of(type) == 4;
  uint64_t sign = is32 ? 1ull << 31 : 1ull << 63;
  unsigned count = static_cast<unsigned>(y & (is32 ? 31 : 63));
  switch (op) {
    case Op::IAdd:
      return canonical(type, x + y);
    case Op::ISub:
      return canonical(type, x - y);
    case Op::IMul:
      return canonical(type, x * y);
    case Op::UMulHi:
      return static_cast<uint64_t>(static_cast<unsigned __int128>(x) * y >> 64);
    case Op::SMulHi:
      return static_cast<uint64_t>(static_cast<__int128>(static_cast<int64_t>(x)) * static_cast<int64_t>(y) >> 64);
    case Op::And:
      return x & y;
    case Op::Or:
      return x | y;
    case Op::Xor:
      return x ^ y;
    case Op::Shl:
      return canonical(type, x << count);
    case Op::UShr:
      return canonical(type, x) >> count;
    case Op::SShr:
      return canonical(type, static_cast<uint64_t>(as_signed(type, x) >> count));
    case Op::Rotl:
      return is32 ? std::rotl(static_cast<uint32_t>(x), static_cast<int>(count))
                  : std::rotl(x, static_cast<int>(count));
    case Op::Rotr:
      return is32 ? std::rotr(static_cast<uint32_t>(x), static_cast<int>(count))
                  : std::rotr(x, static_cast<int>(count));
    case Op::UDiv:
    case Op::URem:
      if (y == 0) return std::nullopt;
      return op == Op::UDiv ? x / y : x % y;
    case Op::SDiv:
      if (y == 0 || (x == sign && as_signed(type, y) == -1)) return std::nullopt;
      return canonical(type, static_cast<uint64_t>(as_signed(type, x) / as_signed(type, y)));
    case Op::SRem:
      if (y == 0) return std::nullopt;
      if (as_signed(type, y) == -1) return 0;
      return canonical(type, static_cast<uint64_t>(as_signed(type, x) % as_signed(type, y)));
    case Op::ICmp:
      return eval_icmp(static_cast<IntCC>(aux), type, x, y);
    case Op::FCmp:
      return eval_fcmp(static_cast<FloatCC>(aux), type, x, y);
    case Op::FCopysign:
      return (x & ~sign) | (y & sign);
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FDiv:
    case Op::FMin:
    case Op::FMax:
      return is32 ? fold_float2(op, f32_of(x), f32_of(y)) : fold_float2(op, f64_of(x), f64_of(y));
    default:
      return std::nullopt;
  }
}

Bits128 fold_wide(Op op, const uint64_t* args) {
  using U128 = unsigned __int128;
  auto halves = [](U128 x) { return Bits128{static_cast<uint64_t>(x), static_cast<uint64_t>(x >> 64)}; };
  auto whole = [&](size_t n) { return U128{args[n + 1]} << 64 | args[n]; };
  auto sign_extended = [](uint64_t x) { return static_cast<U128>(__int128{static_cast<int64_t>(x)}); };
  switch (op) {
    case Op::UMulWide:
      return halves(U128{args[0]} * args[1]);
    case Op::SMulWide:
      return halves(sign_extended(args[0]) * sign_extended(args[1]));
    case Op::IAdd128:
      return halves(whole(0) + whole(2));
    default:
      VITRINE_DCHECK(op == Op::ISub128);
      return halves(whole(0) - whole(2));
  }
}

}  // namespace vitrine::ir

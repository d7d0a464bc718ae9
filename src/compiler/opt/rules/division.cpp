// Division and remainder by a constant: shifts for powers of two, a multiplication by the scaled reciprocal for the
// rest.
//
// A divisor that is a constant other than 0 (and, signed, other than -1) cannot trap, so the result is pure.
// See: Warren, "Hacker's Delight", chapter 10; for 32-bit operands the product is made in 64 bits.
#include <bit>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;
using u128 = unsigned __int128;

/// floor(x / d) for unsigned x of `w` bits is (x * m) >> (w + shift), where m = multiplier + (add ? 2^w : 0).
struct Unsigned {
  uint64_t multiplier;
  unsigned shift;
  bool add;
};

/// The smallest l with 2^l >= d gives a multiplier of w+1 bits that is always exact; half of it is where possible.
Unsigned unsigned_magic(uint64_t d, unsigned w) {
  unsigned l = 64 - static_cast<unsigned>(std::countl_zero(d - 1));
  // m = floor(2^w * (2^l - d) / d) + 1 is the multiplier less 2^w.
  u128 two_l = static_cast<u128>(1) << l;
  uint64_t m = static_cast<uint64_t>(((two_l - d) << w) / d) + 1;
  // One shift less: m' = floor(2^(w+l-1) / d) + 1 has w bits; it is exact if m'*d - 2^(w+l-1) <= 2^(l-1).
  u128 power = static_cast<u128>(1) << (w + l - 1);
  u128 candidate = power / d + 1;
  if (candidate >> w == 0 && candidate * d - power <= static_cast<u128>(1) << (l - 1))
    return {static_cast<uint64_t>(candidate), l - 1, false};
  return {m, l, true};
}

/// The quotient of signed x of `w` bits by d >= 2 is ((x * m) >> (w + shift)) + (x < 0), with 0 < m < 2^w as an
/// unsigned number.
struct Signed {
  uint64_t multiplier;
  unsigned shift;
};

Signed signed_magic(uint64_t d, unsigned w) {
  // Warren's loop, on the magnitude: the least p with 2^p > nc * (d - 2^p mod d).
  u128 half = static_cast<u128>(1) << (w - 1);
  u128 nc = half - 1 - half % d;
  for (unsigned p = w;; ++p) {
    u128 power = static_cast<u128>(1) << p;
    u128 delta = d - power % d;
    if (power > nc * delta) return {static_cast<uint64_t>((power + delta) / d), p - w};
  }
}

Value shift_right(Rewriter& r, Op op, Value x, uint64_t count) {
  return count == 0 ? x : r.binary(op, x, count);
}

Value udiv(Rewriter& r, Value x, uint64_t d) {
  Type type = r.type_of(x);
  if (std::has_single_bit(d)) return shift_right(r, Op::UShr, x, static_cast<uint64_t>(std::countr_zero(d)));
  if (type == Type::I32) {
    Unsigned m = unsigned_magic(d, 32);
    Value wide = r.unary(Op::UExtend, Type::I64, x);
    if (!m.add) {
      // The product of 32 by 32 bits is exact in 64.
      Value product = r.binary(Op::IMul, wide, m.multiplier);
      return r.unary(Op::Wrap, Type::I32, r.binary(Op::UShr, product, uint64_t{32 + m.shift}));
    }
    // ceil(2^64 / d) is exact for every 32-bit x: the error x * d / 2^64 stays below 1.
    Value high = r.binary(Op::UMulHi, wide, ~0ull / d + 1);
    return r.unary(Op::Wrap, Type::I32, high);
  }
  Unsigned m = unsigned_magic(d, 64);
  if (!m.add) return shift_right(r, Op::UShr, r.binary(Op::UMulHi, x, m.multiplier), m.shift);
  if (d % 2 == 0) {
    // An even divisor: shift first, then the multiplier of what is left fits.
    unsigned zeros = static_cast<unsigned>(std::countr_zero(d));
    Value low = r.binary(Op::UShr, x, uint64_t{zeros});
    // x >> zeros has 64 - zeros bits, for which 64 + s with a multiplier of 64 bits is exact.
    uint64_t odd = d >> zeros;
    unsigned l = 64 - static_cast<unsigned>(std::countl_zero(odd - 1));
    for (unsigned s = 0; s <= l && s < 63; ++s) {
      u128 power = static_cast<u128>(1) << (64 + s);
      u128 candidate = power / odd + 1;
      if (candidate >> 64) break;
      if (candidate * odd - power <= static_cast<u128>(1) << (s + zeros))
        return shift_right(r, Op::UShr, r.binary(Op::UMulHi, low, static_cast<uint64_t>(candidate)), s);
    }
  }
  // ((x - t) / 2 + t) >> (l - 1) with t = mulhi(x, m): the 65th bit of the multiplier without an overflow.
  Value t = r.binary(Op::UMulHi, x, m.multiplier);
  Value half = r.binary(Op::UShr, r.binary(Op::ISub, x, t), uint64_t{1});
  return shift_right(r, Op::UShr, r.binary(Op::IAdd, half, t), m.shift - 1);
}

/// x / 2^k rounded towards zero, 0 < k < w: add 2^k - 1 first if x is negative.
Value sdiv_power(Rewriter& r, Value x, unsigned k) {
  unsigned w = bits_of(r.type_of(x));
  Value sign = k == 1 ? x : r.binary(Op::SShr, x, uint64_t{w - 1});
  Value bias = r.binary(Op::UShr, sign, uint64_t{w - k});
  return r.binary(Op::SShr, r.binary(Op::IAdd, x, bias), uint64_t{k});
}

/// d >= 2.
Value sdiv(Rewriter& r, Value x, uint64_t d) {
  Type type = r.type_of(x);
  unsigned w = bits_of(type);
  if (std::has_single_bit(d)) return sdiv_power(r, x, static_cast<unsigned>(std::countr_zero(d)));
  Signed m = signed_magic(d, w);
  Value quotient;
  if (type == Type::I32) {
    // 31 bits and a sign by at most 32 bits is exact in 64.
    Value product = r.binary(Op::IMul, r.unary(Op::SExtend, Type::I64, x), m.multiplier);
    quotient = r.unary(Op::Wrap, Type::I32, r.binary(Op::SShr, product, uint64_t{32 + m.shift}));
  } else {
    quotient = r.binary(Op::SMulHi, x, m.multiplier);
    // As a signed number the multiplier may have come out 2^64 too small.
    if (m.multiplier >> 63) quotient = r.binary(Op::IAdd, quotient, x);
    quotient = shift_right(r, Op::SShr, quotient, m.shift);
  }
  // Rounded towards zero: one more for a negative x.
  return r.binary(Op::IAdd, quotient, r.binary(Op::UShr, x, uint64_t{w - 1}));
}

Value signed_rules(Rewriter& r, Value x, uint64_t bits, Op op) {
  Type type = r.type_of(x);
  int64_t c = as_signed(type, bits);
  if (op == Op::SRem) {
    // (srem x 1) => 0, (srem x -1) => 0
    if (c == 1 || c == -1) return r.iconst(type, 0);
  } else {
    // (sdiv x 1) => x; (sdiv x -1) traps for the least x and stays
    if (c == 1) return x;
    if (c == -1) return kNo;
  }
  uint64_t magnitude = canonical(type, c < 0 ? 0 - bits : bits);
  // The least number is its own magnitude, a power of two whose shift is w-1.
  Value q = sdiv(r, x, magnitude);
  if (op == Op::SRem) return r.binary(Op::ISub, x, r.binary(Op::IMul, q, magnitude));
  return c < 0 ? r.binary(Op::ISub, r.iconst(type, 0), q) : q;
}

}  // namespace

Value division(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0);
  Op op = r.f()[i].op;
  Type type = r.type_of(x);
  uint64_t c;
  if (!r.constant(r.arg(i, 1), &c) || c == 0) return kNo;
  switch (op) {
    case Op::UDiv:
      return c == 1 ? x : udiv(r, x, c);
    case Op::URem:
      // (urem x 2^k) => (and x 2^k-1)
      if (c == 1) return r.iconst(type, 0);
      if (std::has_single_bit(c)) return r.binary(Op::And, x, c - 1);
      return r.binary(Op::ISub, x, r.binary(Op::IMul, udiv(r, x, c), c));
    default:
      return signed_rules(r, x, c, op);
  }
}

}  // namespace vitrine::opt::rules

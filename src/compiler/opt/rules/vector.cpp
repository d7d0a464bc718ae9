// Rules for vectors.
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "compiler/opt/rules/rules.hpp"

namespace vitrine::opt::rules {
namespace {

using namespace ir;

using Bytes = std::array<uint8_t, 16>;
constexpr Bits128 kZero, kOnes{~0ull, ~0ull};

Bytes bytes_of(Bits128 bits) {
  return std::bit_cast<Bytes>(bits);
}
Bits128 bits_of(const Bytes& bytes) {
  return std::bit_cast<Bits128>(bytes);
}

uint64_t lane(Bits128 bits, Lanes lanes, uint32_t n) {
  uint64_t value = 0;
  const Bytes all = bytes_of(bits);
  std::memcpy(&value, all.data() + n * lane_bytes(lanes), lane_bytes(lanes));
  return value;
}
Bits128 with_lane(Bits128 bits, Lanes lanes, uint32_t n, uint64_t value) {
  Bytes all = bytes_of(bits);
  std::memcpy(all.data() + n * lane_bytes(lanes), &value, lane_bytes(lanes));
  return bits_of(all);
}
uint64_t lane_ones(Lanes lanes) {
  return ~0ull >> (64 - 8 * lane_bytes(lanes));
}
template <class F>
Bits128 each_lane(Bits128 bits, Lanes lanes, F&& f) {
  for (uint32_t n = 0; n < lane_count(lanes); ++n) bits = with_lane(bits, lanes, n, f(lane(bits, lanes, n)));
  return bits;
}
template <class F>
bool any_lane(Bits128 bits, Lanes lanes, F&& f) {
  for (uint32_t n = 0; n < lane_count(lanes); ++n) {
    if (f(lane(bits, lanes, n))) return true;
  }
  return false;
}

Value scalar(Rewriter& r, Lanes lanes, uint64_t bits) {
  return is_float(lanes) ? r.fconst(lane_type(lanes), bits) : r.iconst(lane_type(lanes), bits);
}

/// What a lane holds of an i32 outside of it.
Value narrowed(Rewriter& r, Lanes lanes, bool is_signed, Value x) {
  if (lane_bytes(lanes) > 2) return x;
  if (is_signed) return r.unary(lane_bytes(lanes) == 1 ? Op::SExt8 : Op::SExt16, Type::I32, x);
  return r.binary(Op::And, x, lane_ones(lanes));
}

Value splat(Rewriter& r, Inst i) {
  const Lanes lanes = r.f()[i].vec().lanes();
  const Value x = r.arg(i, 0);
  uint64_t c;
  // (vsplat c) => c in all lanes
  if (r.constant(x, &c)) return r.vconst(each_lane(kZero, lanes, [&](uint64_t) { return c & lane_ones(lanes); }));
  // (vsplat (vextract v n)) => (vshuffle v v n...), without a detour through a register of integers
  const Inst e = r.is(x, Op::VExtract);
  if (!e.valid() || r.f()[e].vec().lanes() != lanes) return kNo;
  const uint32_t width = lane_bytes(lanes), from = r.f()[e].imm * width;
  Bytes pattern;
  for (uint32_t n = 0; n < 16; ++n) pattern[n] = static_cast<uint8_t>(from + n % width);
  const Value v = r.arg(e, 0);
  return r.vector(Op::VShuffle, VecAux(Lanes::I8x16), {v, v, r.vconst(bits_of(pattern))});
}

Value extract(Rewriter& r, Inst i) {
  const InstData& d = r.f()[i];
  const Lanes lanes = d.vec().lanes();
  const bool is_signed = d.op == Op::VExtractS;
  const uint32_t number = d.imm;
  const Value v = r.arg(i, 0);
  Bits128 c;
  // (vextract c n)
  if (r.vector_constant(v, &c)) return narrowed(r, lanes, is_signed, scalar(r, lanes, lane(c, lanes, number)));
  const Inst from = r.def(v);
  if (!from.valid()) return kNo;
  const InstData& s = r.f()[from];
  // (vextract (vsplat x) n) => x, as wide as the lane
  if (s.op == Op::VSplat && s.vec().lanes() == lanes) return narrowed(r, lanes, is_signed, r.arg(from, 0));
  // (vextract (vreplace v x n) n) => x; of another lane, (vextract v n)
  if (s.op == Op::VReplace && s.vec().lanes() == lanes) {
    if (s.imm == number) return narrowed(r, lanes, is_signed, r.arg(from, 1));
    const Value args[] = {r.arg(from, 0)};
    return r.vector(r.f()[i].op, VecAux(lanes), args, number);
  }
  // (vextract (vshuffle x y p) n) => that of x or y, if the lane comes whole from there
  if (s.op == Op::VShuffle && r.vector_constant(r.arg(from, 2), &c)) {
    const Bytes p = bytes_of(c);
    const uint32_t width = lane_bytes(lanes), first = p[number * width];
    if (first % width != 0) return kNo;
    for (uint32_t k = 1; k < width; ++k) {
      if (p[number * width + k] != first + k) return kNo;
    }
    const Value args[] = {r.arg(from, first / 16)};
    return r.vector(r.f()[i].op, VecAux(lanes), args, first % 16 / width);
  }
  return kNo;
}

Value replace(Rewriter& r, Inst i) {
  const InstData& d = r.f()[i];
  const Lanes lanes = d.vec().lanes();
  const uint32_t number = d.imm, width = lane_bytes(lanes);
  const Value v = r.arg(i, 0), x = r.arg(i, 1);
  Bits128 c;
  uint64_t bits;
  // (vreplace c d n)
  if (r.vector_constant(v, &c) && r.constant(x, &bits)) return r.vconst(with_lane(c, lanes, number, bits));
  // (vreplace v (vextract w m) n) => (vshuffle v w p), one instruction where lanes are this wide
  const Inst e = r.is(x, Op::VExtract);
  if (width < 4 || !e.valid() || r.f()[e].vec().lanes() != lanes) return kNo;
  const uint32_t from = r.f()[e].imm;
  Bytes pattern;
  for (uint32_t n = 0; n < 16; ++n) pattern[n] = static_cast<uint8_t>(n);
  for (uint32_t k = 0; k < width; ++k) pattern[number * width + k] = static_cast<uint8_t>(16 + from * width + k);
  return r.vector(Op::VShuffle, VecAux(Lanes::I8x16), {v, r.arg(e, 0), r.vconst(bits_of(pattern))});
}

Value shuffle(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  Bits128 pattern, cx, cy;
  if (!r.vector_constant(r.arg(i, 2), &pattern)) return kNo;
  Bytes p = bytes_of(pattern);
  auto again = [&](Value a, Value b) {
    return r.vector(Op::VShuffle, VecAux(Lanes::I8x16), {a, b, r.vconst(bits_of(p))});
  };
  bool from_x = false, from_y = false, in_place = true;
  for (uint32_t n = 0; n < 16; ++n) {
    (p[n] < 16 ? from_x : from_y) = true;
    in_place &= p[n] % 16 == n;
  }
  // (vshuffle c d p)
  if (r.vector_constant(x, &cx) && r.vector_constant(y, &cy)) {
    const Bytes bx = bytes_of(cx), by = bytes_of(cy);
    Bytes bytes;
    for (uint32_t n = 0; n < 16; ++n) bytes[n] = p[n] < 16 ? bx[p[n]] : by[p[n] % 16];
    return r.vconst(bits_of(bytes));
  }
  // What comes from one vector alone is a shuffle of it with itself, by numbers below 16; in order, it is that vector.
  if (x == y || !from_x || !from_y) {
    const Value only = from_x || x == y ? x : y;
    if (in_place) return only;
    if (x != y || from_y) {
      for (uint8_t& n : p) n %= 16;
      return again(only, only);
    }
    // (vshuffle (vshuffle a a q) p) => (vshuffle a a q[p]). Of two vectors, two cheap ones may be better.
    const Inst inner = r.is(x, Op::VShuffle);
    if (inner.valid() && r.arg(inner, 0) == r.arg(inner, 1) && r.vector_constant(r.arg(inner, 2), &cx)) {
      const Bytes q = bytes_of(cx);
      for (uint8_t& n : p) n = q[n];
      return again(r.arg(inner, 0), r.arg(inner, 1));
    }
  }
  return kNo;
}

/// No byte of `v` is larger.
uint32_t largest_byte(Rewriter& r, Value v, int depth = 4) {
  constexpr uint32_t kAny = 255;
  const Inst i = r.def(v);
  if (!i.valid() || depth == 0) return kAny;
  const InstData& d = r.f()[i];
  Bits128 c;
  auto of = [&](uint32_t n) { return largest_byte(r, r.arg(i, n), depth - 1); };
  uint64_t count;
  const bool is_bytes = has_lanes(d.op) && d.vec().lanes() == Lanes::I8x16;
  switch (d.op) {
    case Op::VConst: {
      c = d.imm128();
      uint32_t most = 0;
      for (uint8_t byte : bytes_of(c)) most = std::max<uint32_t>(most, byte);
      return most;
    }
    case Op::And:
      return d.type == Type::V128 ? std::min(of(0), of(1)) : kAny;
    case Op::Or:
    case Op::Xor:
      return d.type == Type::V128 ? std::bit_ceil(std::max(of(0), of(1)) + 1) - 1 : kAny;
    case Op::VMinU:
      return is_bytes ? std::min(of(0), of(1)) : kAny;
    case Op::VMaxU:
      return is_bytes ? std::max(of(0), of(1)) : kAny;
    case Op::VSubSatU:
      return is_bytes ? of(0) : kAny;
    case Op::VAdd: {
      if (!is_bytes) return kAny;
      const uint32_t sum = of(0) + of(1);
      return std::min(sum, kAny);
    }
    case Op::VShrU:
      return is_bytes && r.constant(r.arg(i, 1), &count) ? of(0) >> (count & 7) : kAny;
    default:
      return kAny;
  }
}

Value swizzle(Rewriter& r, Inst i) {
  const Value x = r.arg(i, 0), y = r.arg(i, 1);
  Bits128 c;
  const bool is_any = r.f()[i].op == Op::VSwizzleAny;
  // (vswizzle x c) => (vshuffle x 0 c); vswizzle_any where it has no choice: it makes the same one everywhere
  if (r.vector_constant(y, &c)) {
    Bytes p = bytes_of(c);
    for (uint8_t& n : p) {
      if (is_any && n > 15 && n < 0x80) return kNo;
      n = std::min<uint8_t>(n, 16);
    }
    return r.vector(Op::VShuffle, VecAux(Lanes::I8x16), {x, r.vconst(kZero), r.vconst(bits_of(p))});
  }
  // (vswizzle x y) => (vswizzle_any x y) where no number is above 15
  if (!is_any && largest_byte(r, y) < 16) return r.vector(Op::VSwizzleAny, VecAux(Lanes::I8x16), {x, y});
  return kNo;
}

Value lane_compare(Rewriter& r, Inst i) {
  const VecAux aux = r.f()[i].vec();
  const Lanes lanes = aux.lanes();
  IntCC cc = aux.int_cc();
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  Bits128 c;
  if (x == y) {
    const bool holds = cc == IntCC::Eq || cc == IntCC::SLe || cc == IntCC::SGe || cc == IntCC::ULe || cc == IntCC::UGe;
    return r.vconst(holds ? kOnes : kZero);
  }
  auto become = [&](IntCC condition, Value a, Value b) {
    return r.vector(Op::VICmp, VecAux(lanes, condition), {a, b});
  };
  if (r.vector_constant(x, &c) && !r.vector_constant(y, nullptr)) return become(swap(cc), y, x);
  if (!r.vector_constant(y, &c)) return kNo;
  const uint64_t all = lane_ones(lanes), most = all >> 1, least = most + 1;
  auto shifted = [&](IntCC condition, uint64_t end, uint64_t by) -> Value {
    // Not where the bound would wrap.
    if (any_lane(c, lanes, [&](uint64_t n) { return n == end; })) return kNo;
    return become(condition, x, r.vconst(each_lane(c, lanes, [&](uint64_t n) { return (n + by) & all; })));
  };
  switch (cc) {
    // (vicmp ult x c) => (vicmp ule x c-1): a minimum and a comparison, with nothing to invert
    case IntCC::ULt:
      return shifted(IntCC::ULe, 0, all);
    case IntCC::UGt:
      return shifted(IntCC::UGe, all, 1);
    // (vicmp sge x c) => (vicmp sgt x c-1): one comparison
    case IntCC::SGe:
      return shifted(IntCC::SGt, least, all);
    case IntCC::SLe:
      return shifted(IntCC::SLt, most, 1);
    default:
      return kNo;
  }
}

Value bit_choice(Rewriter& r, Inst i) {
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  const Value z = r.arg(i, 2);
  Bits128 c;
  auto again = [&](Value a, Value b, Value which) { return r.vector(Op::VSelect, VecAux(uint8_t{0}), {a, b, which}); };
  if (x == y) return x;
  if (r.vector_constant(z, &c)) {
    if (c == kOnes) return x;
    if (c == kZero) return y;
    // (vselect x y c) => (vshuffle x y p) where c takes whole bytes
    Bytes p = bytes_of(c);
    bool is_whole = true;
    for (uint32_t n = 0; n < 16; ++n) {
      is_whole &= p[n] == 0 || p[n] == 0xff;
      p[n] = static_cast<uint8_t>(p[n] ? n : n + 16);
    }
    if (!is_whole) return kNo;
    return r.vector(Op::VShuffle, VecAux(Lanes::I8x16), {x, y, r.vconst(bits_of(p))});
  }
  if (const Inst inverted = r.is(z, Op::Xor); inverted.valid()) {
    // (vselect x y (xor z -1)) => (vselect y x z)
    if (r.vector_constant(r.arg(inverted, 1), &c) && c == kOnes) return again(y, x, r.arg(inverted, 0));
  }
  if (const Inst compared = r.is(z, Op::VICmp); compared.valid()) {
    // What the machine would have to invert: (vselect x y (vicmp ne a b)) => (vselect y x (vicmp eq a b))
    const VecAux aux = r.f()[compared].vec();
    const IntCC cc = aux.int_cc();
    if (cc == IntCC::Ne || cc == IntCC::ULt || cc == IntCC::UGt) {
      const Value a = r.arg(compared, 0), b = r.arg(compared, 1);
      return again(y, x, r.vector(Op::VICmp, VecAux(aux.lanes(), negate(cc)), {a, b}));
    }
  }
  // (vselect x 0 z) => (and x z), (vselect 0 y z) => (and y (xor z -1))
  if (r.vector_constant(y, &c) && c == kZero) return r.binary(Op::And, x, z);
  if (r.vector_constant(x, &c) && c == kZero) return r.binary(Op::And, y, r.binary(Op::Xor, z, r.vconst(kOnes)));
  // (vselect -1 y z) => (or z y)
  if (r.vector_constant(x, &c) && c == kOnes) return r.binary(Op::Or, z, y);
  return kNo;
}

Value sums(Rewriter& r, Inst i) {
  const InstData& d = r.f()[i];
  const Op op = d.op;
  const Lanes lanes = d.vec().lanes();
  const Value x = r.arg(i, 0), y = r.arg(i, 1);
  Bits128 c;
  // (vadd x 0), (vsub x 0) => x
  if (r.vector_constant(y, &c) && c == kZero) return x;
  if (op == Op::VAdd && r.vector_constant(x, &c) && c == kZero) return y;
  // (vsub x x) => 0
  if (op == Op::VSub && x == y) return r.vconst(kZero);
  // (vsub 0 (vsub 0 x)) => x; (vadd x (vsub 0 y)) => (vsub x y), both ways
  auto negated = [&](Value v) {
    const Inst s = r.is(v, Op::VSub);
    Bits128 zero;
    const bool is =
        s.valid() && r.f()[s].vec().lanes() == lanes && r.vector_constant(r.arg(s, 0), &zero) && zero == kZero;
    return is ? r.arg(s, 1) : Value();
  };
  if (op == Op::VSub && r.vector_constant(x, &c) && c == kZero) return negated(y);
  const Value of_y = negated(y);
  if (of_y.valid()) return r.vector(op == Op::VAdd ? Op::VSub : Op::VAdd, VecAux(lanes), {x, of_y});
  if (const Value of_x = negated(x); op == Op::VAdd && of_x.valid())
    return r.vector(Op::VSub, VecAux(lanes), {y, of_x});
  return kNo;
}

Value product(Rewriter& r, Inst i) {
  const Lanes lanes = r.f()[i].vec().lanes();
  Value x = r.arg(i, 0), y = r.arg(i, 1);
  Bits128 c;
  if (r.vector_constant(x, &c)) std::swap(x, y);
  if (!r.vector_constant(y, &c)) return kNo;
  if (c == kZero) return y;
  // (vmul x 2^n in all lanes) => (vshl x n)
  const uint64_t factor = lane(c, lanes, 0);
  if (!std::has_single_bit(factor) || any_lane(c, lanes, [&](uint64_t n) { return n != factor; })) return kNo;
  const auto count = static_cast<uint64_t>(std::countr_zero(factor));
  return r.vector(Op::VShl, VecAux(lanes), {x, r.iconst(Type::I32, count)});
}

/// Only -1 * -1 overflows.
Value product_q15(Rewriter& r, Inst i) {
  const Value x = r.arg(i, 0), y = r.arg(i, 1);
  for (Value v : {x, y}) {
    Bits128 c;
    if (!r.vector_constant(v, &c) || any_lane(c, Lanes::I16x8, [](uint64_t n) { return n == 0x8000; })) continue;
    return r.vector(Op::VMulQ15Any, VecAux(Lanes::I16x8), {x, y});
  }
  return kNo;
}

Value lane_shift(Rewriter& r, Inst i) {
  const unsigned width = 8 * lane_bytes(r.f()[i].vec().lanes());
  uint64_t count;
  // (vshl x 0) => x
  return r.constant(r.arg(i, 1), &count) && (count & (width - 1)) == 0 ? r.arg(i, 0) : kNo;
}

}  // namespace

Value vector(Rewriter& r, Inst i) {
  switch (r.f()[i].op) {
    case Op::VSplat:
      return splat(r, i);
    case Op::VExtract:
    case Op::VExtractS:
      return extract(r, i);
    case Op::VReplace:
      return replace(r, i);
    case Op::VShuffle:
      return shuffle(r, i);
    case Op::VSwizzle:
    case Op::VSwizzleAny:
      return swizzle(r, i);
    case Op::VICmp:
      return lane_compare(r, i);
    case Op::VSelect:
      return bit_choice(r, i);
    case Op::VAdd:
    case Op::VSub:
      return sums(r, i);
    case Op::VMul:
      return product(r, i);
    case Op::VMulQ15:
      return product_q15(r, i);
    case Op::VShl:
    case Op::VShrS:
    case Op::VShrU:
      return lane_shift(r, i);
    default:
      return kNo;
  }
}

}  // namespace vitrine::opt::rules

// Shuffles of bytes by a constant pattern: the cheapest instruction that does it.
#include <array>
#include <cstring>
#include <optional>

#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using abi::kAvx;
using ir::Bits128;
using ir::InstData;
using ir::Type;
using ir::Value;

namespace {

/// Of each byte of the result, which of the 32 of two vectors; kZero: the byte is 0.
using Pattern = std::array<uint8_t, 16>;
constexpr uint8_t kZero = 0x80;

/// The pattern in lanes of `bytes`, if it moves whole ones: their numbers among those of both vectors.
std::optional<std::array<uint8_t, 16>> in_lanes(const Pattern& p, unsigned bytes) {
  std::array<uint8_t, 16> lanes{};
  for (unsigned i = 0; i < 16 / bytes; ++i) {
    const uint8_t first = p[i * bytes];
    if (first == kZero || first % bytes != 0) return std::nullopt;
    for (unsigned k = 1; k < bytes; ++k) {
      if (p[i * bytes + k] != first + k) return std::nullopt;
    }
    lanes[i] = static_cast<uint8_t>(first / bytes);
  }
  return lanes;
}

/// Four numbers of lanes as the immediate of pshufd and its like.
int64_t four(const uint8_t* lanes) {
  return (lanes[0] & 3) | (lanes[1] & 3) << 2 | (lanes[2] & 3) << 4 | (lanes[3] & 3) << 6;
}

Bits128 bits_of(const Pattern& p) {
  Bits128 bits;
  std::memcpy(&bits.lo, p.data(), 8);
  std::memcpy(&bits.hi, p.data() + 8, 8);
  return bits;
}

/// Whether the lower (or upper) halves of both are interleaved in lanes of `bytes`.
bool is_unpack(const Pattern& p, unsigned bytes, bool high, bool same) {
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned lane = i / bytes;
    unsigned want = (high ? 8 : 0) + lane / 2 * bytes + i % bytes;
    if (lane % 2 == 1 && !same) want += 16;
    if (p[i] != want) return false;
  }
  return true;
}

}  // namespace

void Lower::lower_shuffle(const InstData& d) {
  Value x = arg(d, 0), y = arg(d, 1);
  Pattern p;
  Bits128 pattern, bits;
  VITRINE_ASSERT(f_->is_vconst(arg(d, 2), &pattern));
  std::memcpy(p.data(), &pattern.lo, 8);
  std::memcpy(p.data() + 8, &pattern.hi, 8);
  bool from_x = false, from_y = false;
  for (uint8_t& n : p) {
    if (x == y) n &= 15;
    (n < 16 ? from_x : from_y) = true;
  }
  auto exchange = [&] {
    std::swap(x, y);
    for (uint8_t& n : p) n ^= 16;
  };
  const bool x_is_zero = f_->is_vconst(x, &bits) && bits == Bits128();
  const bool y_is_zero = f_->is_vconst(y, &bits) && bits == Bits128();
  if (!from_y) return shuffle_one(x, p.data(), result_of(d));
  if (!from_x || x_is_zero) exchange();  // the zero one is the second
  if (!from_x) return shuffle_one(x, p.data(), result_of(d));
  if (x_is_zero || y_is_zero) {
    for (uint8_t& n : p) n = n < 16 ? n : kZero;
    return shuffle_with_zero(x, p.data(), result_of(d));
  }
  shuffle_two(x, y, p.data(), result_of(d));
}

// Of one vector; the numbers are below 16.
void Lower::shuffle_one(Value x, const uint8_t* numbers, VReg r) {
  Pattern p;
  std::memcpy(p.data(), numbers, 16);
  for (uint8_t& n : p) n &= 15;
  if (const auto lanes = in_lanes(p, 4)) {
    if ((*lanes)[0] == 0 && (*lanes)[1] == 1 && (*lanes)[2] == 2 && (*lanes)[3] == 3) return emit_move(r, use_reg(x));
    vec_unary_imm(MOp::Pshufd, vector_src(x), four(lanes->data()), r);
    return;
  }
  if (const auto lanes = in_lanes(p, 2)) {
    auto keeps = [&](unsigned first) {
      for (unsigned i = first; i < first + 4; ++i) {
        if ((*lanes)[i] != i) return false;
      }
      return true;
    };
    auto stays = [&](unsigned first) {
      for (unsigned i = first; i < first + 4; ++i) {
        if ((*lanes)[i] / 4 != first / 4) return false;
      }
      return true;
    };
    if (keeps(4) && stays(0)) {
      vec_unary_imm(MOp::Pshuflw, vector_src(x), four(lanes->data()), r);
      return;
    }
    if (keeps(0) && stays(4)) {
      vec_unary_imm(MOp::Pshufhw, vector_src(x), four(lanes->data() + 4), r);
      return;
    }
  }
  struct Unpack {
    MOp op;
    unsigned bytes;
    bool high;
  };
  constexpr Unpack kUnpacks[] = {
      {MOp::Punpcklbw, 1, false}, {MOp::Punpckhbw, 1, true}, {MOp::Punpcklwd, 2, false}, {MOp::Punpckhwd, 2, true}};
  const VReg a = use_reg(x);
  for (const Unpack& u : kUnpacks) {
    if (!is_unpack(p, u.bytes, u.high, true)) continue;
    vec(u.op, a, reg_src(a), r);
    return;
  }
  bool rotates = true;
  for (unsigned i = 1; i < 16; ++i) rotates &= p[i] == ((p[0] + i) & 15);
  if (rotates) {
    vec_imm(MOp::Palignr, a, reg_src(a), p[0], r);
    return;
  }
  bool is_first_byte = has(abi::kAvx2);
  for (uint8_t n : p) is_first_byte &= n == 0;
  if (is_first_byte) {
    vec_unary(MOp::Pbroadcastb, reg_src(a), r, 1);
    return;
  }
  const Bits128 m = bits_of(p);
  vec(MOp::Pshufb, a, mask(m.lo, m.hi), r);
}

// Of one vector and zeros.
void Lower::shuffle_with_zero(Value x, const uint8_t* numbers, VReg r) {
  Pattern p;
  std::memcpy(p.data(), numbers, 16);
  // Moved as a whole, zeros coming in.
  for (unsigned n = 1; n < 16; ++n) {
    bool right = true, left = true;
    for (unsigned i = 0; i < 16; ++i) {
      right &= i + n < 16 ? p[i] == i + n : p[i] == kZero;
      left &= i >= n ? p[i] == i - n : p[i] == kZero;
    }
    if (!right && !left) continue;
    vec_shift(right ? MOp::Psrldq : MOp::Pslldq, use_reg(x), n, r);
    return;
  }
  // Lanes of the lower half, widened.
  constexpr MOp kExtend[] = {MOp::Pmovzxbw, MOp::Pmovzxwd, MOp::Pmovzxdq};
  constexpr MOp kUnpack[] = {MOp::Punpckhbw, MOp::Punpckhwd, MOp::Punpckhdq, MOp::Punpckhqdq};
  for (unsigned w = 0; w < 4; ++w) {
    const unsigned bytes = 1u << w;
    bool low = true, high = true;
    for (unsigned i = 0; i < 16; ++i) {
      const unsigned lane = i / bytes;
      const unsigned from = lane / 2 * bytes + i % bytes;
      low &= p[i] == (lane % 2 == 0 ? from : kZero);
      high &= p[i] == (lane % 2 == 0 ? from + 8 : kZero);
    }
    if (low && w < 3) {
      vec_unary(kExtend[w], low_half(x), r, 8);
      return;
    }
    if (high) {
      const VReg a = use_reg(x);
      vec(kUnpack[w], a, reg_src(vector_const({})), r);
      return;
    }
  }
  bool is_masked = true;
  Pattern kept;
  for (unsigned i = 0; i < 16; ++i) {
    is_masked &= p[i] == i || p[i] == kZero;
    kept[i] = p[i] == kZero ? 0 : 0xff;
  }
  const VReg a = use_reg(x);
  const Bits128 m = bits_of(is_masked ? kept : p);
  vec(is_masked ? MOp::Pand : MOp::Pshufb, a, mask(m.lo, m.hi), r);
}

void Lower::shuffle_two(Value x, Value y, const uint8_t* numbers, VReg r) {
  Pattern p;
  std::memcpy(p.data(), numbers, 16);
  struct Unpack {
    MOp op;
    unsigned bytes;
    bool high;
  };
  constexpr Unpack kUnpacks[] = {{MOp::Punpcklbw, 1, false},  {MOp::Punpckhbw, 1, true},  {MOp::Punpcklwd, 2, false},
                                 {MOp::Punpckhwd, 2, true},   {MOp::Punpckldq, 4, false}, {MOp::Punpckhdq, 4, true},
                                 {MOp::Punpcklqdq, 8, false}, {MOp::Punpckhqdq, 8, true}};
  for (unsigned side = 0; side < 2; ++side) {
    for (const Unpack& u : kUnpacks) {
      if (!is_unpack(p, u.bytes, u.high, false)) continue;
      const Src b = vector_src(y);
      vec(u.op, use_reg(x), b, r);
      return;
    }
    // Sixteen bytes in a row of both, the first vector in the lower half.
    bool in_a_row = p[0] < 16;
    for (unsigned i = 1; i < 16; ++i) in_a_row &= p[i] == p[0] + i;
    if (in_a_row) {
      const Src b = vector_src(x);
      vec_imm(MOp::Palignr, use_reg(y), b, p[0], r);
      return;
    }
    std::swap(x, y);
    for (uint8_t& n : p) n ^= 16;
  }
  bool blends = true;
  for (unsigned i = 0; i < 16; ++i) blends &= (p[i] & 15) == i;
  if (blends) return blend_two(x, y, p.data(), r);
  if (const auto lanes = in_lanes(p, 4)) {
    const uint8_t* l = lanes->data();
    auto side = [&](unsigned i) { return unsigned{l[i]} / 4; };
    // Two of the one, then two of the other.
    if (side(0) == side(1) && side(2) == side(3) && side(0) != side(2)) {
      if (side(0) == 1) std::swap(x, y);
      const Src b = vector_src(y);
      vec_imm(MOp::Shufps, use_reg(x), b, four(l), r);
      return;
    }
    // One lane into another vector that stays as it is.
    for (unsigned whole = 0; whole < 2; ++whole) {
      unsigned others = 0, at = 0;
      for (unsigned i = 0; i < 4; ++i) {
        if (l[i] == whole * 4 + i) continue;
        ++others;
        at = i;
      }
      if (others != 1 || side(at) == whole) continue;
      // In registers: from memory, it would take the first lane whatever is asked for.
      const VReg a = use_reg(whole == 0 ? x : y), b = use_reg(whole == 0 ? y : x);
      begin(MOp::InsertpsR, 16);
      has(kAvx) ? def(r) : def_tied(r, 1);
      use(a);
      use(b);
      imm((l[at] & 3) << 6 | at << 4);
      return end();
    }
    // One of them has its lanes in place already.
    for (unsigned whole = 0; whole < 2; ++whole) {
      bool in_place = true;
      uint8_t moved[4] = {0, 1, 2, 3};
      int64_t halves = 0;
      for (unsigned i = 0; i < 4; ++i) {
        if (side(i) == whole) {
          in_place &= (l[i] & 3) == i;
        } else {
          moved[i] = l[i] & 3;
          halves |= 3ll << 2 * i;
        }
      }
      if (!in_place) continue;
      const VReg other = vec_unary_imm(MOp::Pshufd, vector_src(whole == 0 ? y : x), four(moved));
      vec_imm(MOp::Pblendw, use_reg(whole == 0 ? x : y), reg_src(other), halves, r);
      return;
    }
  }
  if (has(abi::kVbmi)) {
    const Src b = vector_src(y);
    const VReg a = use_reg(x), which = vector_const(bits_of(p));
    begin(MOp::Permi2b, 16);
    def_tied(r, 1);
    use(which);
    use(a);
    src(b);
    return end();
  }
  Pattern first, second;
  for (unsigned i = 0; i < 16; ++i) {
    first[i] = p[i] < 16 ? p[i] : kZero;
    second[i] = p[i] < 16 ? kZero : p[i] & 15;
  }
  const Bits128 m = bits_of(first), n = bits_of(second);
  const VReg a = vec(MOp::Pshufb, use_reg(x), mask(m.lo, m.hi));
  const VReg b = vec(MOp::Pshufb, use_reg(y), mask(n.lo, n.hi));
  vec(MOp::Por, a, reg_src(b), r);
}

// Each byte stays where it is, in the one or in the other.
void Lower::blend_two(Value x, Value y, const uint8_t* p, VReg r) {
  int64_t words = 0;
  bool whole_words = true;
  Pattern from_y;
  for (unsigned i = 0; i < 16; ++i) {
    const bool second = p[i] >= 16;
    from_y[i] = second ? 0xff : 0;
    if (i % 2 == 0) {
      whole_words &= second == (p[i + 1] >= 16);
      if (second) words |= 1ll << i / 2;
    }
  }
  if (whole_words) {
    const Src b = vector_src(y);
    vec_imm(MOp::Pblendw, use_reg(x), b, words, r);
    return;
  }
  const Bits128 m = bits_of(from_y);
  if (has(kAvx)) {
    const VReg which = vector_const(m);
    const Src b = vector_src(y);
    const VReg a = use_reg(x);
    begin(MOp::Blendv, 16);
    def(r);
    use(a);
    src(b);
    use(which);
    return end();
  }
  const VReg a = use_reg(x), b = use_reg(y);
  const VReg differing = vec(MOp::Pand, vec(MOp::Pxor, a, reg_src(b)), mask(m.lo, m.hi));
  vec(MOp::Pxor, differing, reg_src(a), r);
}

}  // namespace vitrine::x64

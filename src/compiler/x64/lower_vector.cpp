// Values of 128 bits: constants, bits, integers in lanes, lanes by number. Floats are in lower_vector_float.cpp, shuffles
// in lower_shuffle.cpp.
#include <algorithm>
#include <bit>

#include "compiler/x64/lower.hpp"

namespace vitrine::x64 {

using abi::kAvx;
using abi::kAvx2;
using ir::Bits128;
using ir::Inst;
using ir::InstData;
using ir::IntCC;
using ir::Lanes;
using ir::MemKind;
using ir::Op;
using ir::Type;
using ir::Value;

namespace {

// By the lanes' width: 8, 16, 32, 64 bits.
constexpr MOp kAdd[] = {MOp::Paddb, MOp::Paddw, MOp::Paddd, MOp::Paddq};
constexpr MOp kSub[] = {MOp::Psubb, MOp::Psubw, MOp::Psubd, MOp::Psubq};
constexpr MOp kAddSatS[] = {MOp::Paddsb, MOp::Paddsw};
constexpr MOp kAddSatU[] = {MOp::Paddusb, MOp::Paddusw};
constexpr MOp kSubSatS[] = {MOp::Psubsb, MOp::Psubsw};
constexpr MOp kSubSatU[] = {MOp::Psubusb, MOp::Psubusw};
constexpr MOp kMinS[] = {MOp::Pminsb, MOp::Pminsw, MOp::Pminsd};
constexpr MOp kMinU[] = {MOp::Pminub, MOp::Pminuw, MOp::Pminud};
constexpr MOp kMaxS[] = {MOp::Pmaxsb, MOp::Pmaxsw, MOp::Pmaxsd};
constexpr MOp kMaxU[] = {MOp::Pmaxub, MOp::Pmaxuw, MOp::Pmaxud};
constexpr MOp kAvg[] = {MOp::Pavgb, MOp::Pavgw};
constexpr MOp kAbs[] = {MOp::Pabsb, MOp::Pabsw, MOp::Pabsd};
constexpr MOp kEq[] = {MOp::Pcmpeqb, MOp::Pcmpeqw, MOp::Pcmpeqd, MOp::Pcmpeqq};
constexpr MOp kGt[] = {MOp::Pcmpgtb, MOp::Pcmpgtw, MOp::Pcmpgtd, MOp::Pcmpgtq};
constexpr MOp kExtendS[] = {MOp::Pmovsxbw, MOp::Pmovsxwd, MOp::Pmovsxdq};
constexpr MOp kExtendU[] = {MOp::Pmovzxbw, MOp::Pmovzxwd, MOp::Pmovzxdq};
constexpr MOp kUnpackHigh[] = {MOp::Punpckhbw, MOp::Punpckhwd, MOp::Punpckhdq, MOp::Punpckhqdq};
constexpr MOp kPinsr[] = {MOp::Pinsrb, MOp::Pinsrw, MOp::Pinsrd, MOp::Pinsrq};
constexpr MOp kPextr[] = {MOp::Pextrb, MOp::Pextrw, MOp::Pextrd, MOp::Pextrq};
constexpr MOp kPextrM[] = {MOp::PextrbM, MOp::PextrwM, MOp::PextrdM, MOp::PextrqM};

constexpr Bits128 kOnes{~0ull, ~0ull};

/// Which entry of those.
unsigned width_index(Lanes lanes) {
  return static_cast<unsigned>(std::countr_zero(ir::lane_bytes(lanes)));
}

}  // namespace

Bits128 Lower::repeated(uint64_t bits, unsigned bytes) {
  for (unsigned width = 8 * bytes; width < 64; width *= 2) bits |= bits << width;
  return {bits, bits};
}

// -- constants and operands

void Lower::load_vector_const(VReg r, Bits128 bits) {
  if (bits == Bits128()) {
    begin(MOp::ZeroF, 16);
    def(r);
  } else if (bits == kOnes) {
    begin(MOp::OnesV, 16);
    def(r);
  } else {
    begin(MOp::LoadV, 16);
    def(r);
    mem({.kind = mach::kMemConst, .disp = static_cast<int32_t>(out_->add_const(bits.lo, bits.hi, 16))});
  }
  end();
}

VReg Lower::vector_const(Bits128 bits) {
  VReg r = fresh(Type::V128);
  load_vector_const(r, bits);
  return r;
}

// A memory operand has to be aligned in the encodings without AVX: a constant is, and so is a spill slot.
Src Lower::vector_src(Value v) {
  Bits128 bits;
  if (f_->is_vconst(v, &bits) && bits != Bits128()) return mask(bits.lo, bits.hi);
  if (has(kAvx) && may_fold_load(v, 16)) return fold_load(v);
  return reg_src(use_reg(v));
}

Src Lower::low_half(Value v) {
  Inst i;
  const InstData* d = def_of(v, &i);
  if (d && d->op == Op::Load && d->mem() == MemKind::U64 && may_fold_any_load(v)) return fold_load(v);
  return reg_src(use_reg(v));
}

// An access of other width would trap where the load does not, or the other way round.
bool Lower::may_fold_lane(Value v, unsigned bytes) const {
  const InstData* d = def_of(v);
  return d && d->op == Op::Load && ir::access_bytes(*d) == bytes && may_fold_any_load(v);
}

bool Lower::may_fold_vector(Value v) const {
  return f_->is_vconst(v, nullptr) || (has(kAvx) && may_fold_load(v, 16));
}

// -- building

VReg Lower::vec(MOp op, VReg a, const Src& b, VReg d) {
  if (!d.valid()) d = fresh(Type::V128);
  emit_float(op, 16, d, a, b);
  return d;
}

VReg Lower::vec_imm(MOp op, VReg a, const Src& b, int64_t value, VReg d) {
  if (!d.valid()) d = fresh(Type::V128);
  begin(op, 16);
  has(kAvx) ? def(d) : def_tied(d, 1);
  use(a);
  src(b);
  imm(value);
  end();
  return d;
}

VReg Lower::vec_shift(MOp op, VReg a, int64_t count, VReg d) {
  if (!d.valid()) d = fresh(Type::V128);
  begin(op, 16);
  has(kAvx) ? def(d) : def_tied(d, 1);
  use(a);
  imm(count);
  end();
  return d;
}

VReg Lower::vec_unary(MOp op, const Src& a, VReg d, unsigned bytes) {
  if (!d.valid()) d = fresh(Type::V128);
  begin(op, bytes);
  def(d);
  src(a);
  end();
  return d;
}

VReg Lower::vec_unary_imm(MOp op, const Src& a, int64_t value, VReg d) {
  if (!d.valid()) d = fresh(Type::V128);
  begin(op, 16);
  def(d);
  src(a);
  imm(value);
  end();
  return d;
}

void Lower::vec_to_int(MOp op, VReg a, VReg d) {
  begin(op, 16);
  def(d);
  use(a);
  end();
}

VReg Lower::vec_not(VReg a, VReg d) {
  return vec(MOp::Pxor, a, mask(~0ull, ~0ull), d);
}

VReg Lower::from_int(VReg scalar, unsigned bytes) {
  VReg d = fresh(Type::V128);
  begin(MOp::MovIF, bytes);
  def(d);
  use(scalar);
  end();
  return d;
}

// -- the operations

void Lower::lower_vector_binary(const InstData& d, MOp op, bool commutative) {
  Value x = arg(d, 0), y = arg(d, 1);
  if (commutative && !may_fold_vector(y) && (may_fold_vector(x) || (!has(kAvx) && lives_on(x) && !lives_on(y))))
    std::swap(x, y);
  const Src b = vector_src(y);
  const VReg a = use_reg(x);
  vec(op, a, b, result_of(d));
}

// And, Or and Xor of all 128 bits. (and x (xor y -1)) is one instruction.
void Lower::lower_vector_bits(const InstData& d) {
  if (d.op == Op::And) {
    for (unsigned side = 0; side < 2; ++side) {
      const InstData* inverted = foldable(arg(d, side), Op::Xor);
      Bits128 bits;
      if (!inverted || !f_->is_vconst(arg(*inverted, 1), &bits) || bits != kOnes) continue;
      const Src b = vector_src(arg(d, 1 - side));
      const VReg a = use_reg(arg(*inverted, 0));
      vec(MOp::Pandn, a, b, result_of(d));
      return;
    }
  }
  lower_vector_binary(d, d.op == Op::And ? MOp::Pand : d.op == Op::Or ? MOp::Por : MOp::Pxor, true);
}

void Lower::lower_vector(const InstData& d) {
  const Lanes lanes = ir::has_lanes(d.op) ? d.vec().lanes() : Lanes::I8x16;
  const unsigned w = width_index(lanes);
  switch (d.op) {
    case Op::VSplat:
      return lower_splat(d);
    case Op::VExtract:
    case Op::VExtractS:
      return lower_extract(d);
    case Op::VReplace:
      return lower_replace(d);
    case Op::VShuffle:
      return lower_shuffle(d);
    case Op::VSwizzle: {
      // A number above 15 has to have its highest bit set.
      Bits128 numbers;
      const Value y = arg(d, 1);
      if (f_->is_vconst(y, &numbers)) {
        auto limited = [](uint64_t n) {
          const uint64_t high = n & 0xf0f0'f0f0'f0f0'f0f0;
          const uint64_t above = ((high & 0x7070'7070'7070'7070) + 0x7070'7070'7070'7070) | high;
          return n | (above & 0x8080'8080'8080'8080);
        };
        const VReg a = use_reg(arg(d, 0));
        vec(MOp::Pshufb, a, mask(limited(numbers.lo), limited(numbers.hi)), result_of(d));
        return;
      }
      const VReg a = use_reg(arg(d, 0)), n = use_reg(y);
      const Bits128 most = repeated(0x70, 1);
      const VReg limited = vec(MOp::Paddusb, n, mask(most.lo, most.hi));
      vec(MOp::Pshufb, a, reg_src(limited), result_of(d));
      return;
    }
    case Op::VSwizzleAny:
      return lower_vector_binary(d, MOp::Pshufb, false);

    case Op::VAdd:
      return lower_vector_binary(d, kAdd[w], true);
    case Op::VSub:
      return lower_vector_binary(d, kSub[w], false);
    case Op::VMul:
      if (w == 3) return lower_multiply_64(d);
      return lower_vector_binary(d, w == 1 ? MOp::Pmullw : MOp::Pmulld, true);
    case Op::VAddSatS:
      return lower_vector_binary(d, kAddSatS[w], true);
    case Op::VAddSatU:
      return lower_vector_binary(d, kAddSatU[w], true);
    case Op::VSubSatS:
      return lower_vector_binary(d, kSubSatS[w], false);
    case Op::VSubSatU:
      return lower_vector_binary(d, kSubSatU[w], false);
    case Op::VMinS:
      return lower_vector_binary(d, kMinS[w], true);
    case Op::VMinU:
      return lower_vector_binary(d, kMinU[w], true);
    case Op::VMaxS:
      return lower_vector_binary(d, kMaxS[w], true);
    case Op::VMaxU:
      return lower_vector_binary(d, kMaxU[w], true);
    case Op::VAvgU:
      return lower_vector_binary(d, kAvg[w], true);
    case Op::VMulQ15: {
      const Src b = vector_src(arg(d, 1));
      const VReg product = vec(MOp::Pmulhrsw, use_reg(arg(d, 0)), b);
      const Bits128 least = repeated(0x8000, 2);
      const VReg overflow = vec(MOp::Pcmpeqw, product, mask(least.lo, least.hi));
      vec(MOp::Pxor, product, reg_src(overflow), result_of(d));
      return;
    }
    case Op::VMulQ15Any:
      return lower_vector_binary(d, MOp::Pmulhrsw, true);
    case Op::VDot:
      return lower_vector_binary(d, MOp::Pmaddwd, true);
    case Op::VDotAny: {
      // The machine takes the first operand's bytes as unsigned ones, which those of the second here are.
      const Src b = vector_src(arg(d, 0));
      vec(MOp::Pmaddubsw, use_reg(arg(d, 1)), b, result_of(d));
      return;
    }
    case Op::VAbs: {
      if (w < 3) {
        vec_unary(kAbs[w], vector_src(arg(d, 0)), result_of(d));
        return;
      }
      const VReg x = use_reg(arg(d, 0));
      if (has(abi::kAvx512)) {
        vec_unary(MOp::Pabsq, reg_src(x), result_of(d));
        return;
      }
      const VReg sign = vec(MOp::Pcmpgtq, vector_const({}), reg_src(x));
      const VReg flipped = vec(MOp::Pxor, x, reg_src(sign));
      vec(MOp::Psubq, flipped, reg_src(sign), result_of(d));
      return;
    }
    case Op::VPopcnt:
      return lower_vector_popcnt(d);
    case Op::VShl:
    case Op::VShrS:
    case Op::VShrU:
      return w == 0 ? lower_shift_bytes(d) : lower_vector_shift(d);
    case Op::VICmp:
      return lower_vector_icmp(d);
    case Op::VNarrowS:
      return lower_vector_binary(d, w == 1 ? MOp::Packsswb : MOp::Packssdw, false);
    case Op::VNarrowU:
      return lower_vector_binary(d, w == 1 ? MOp::Packuswb : MOp::Packusdw, false);
    case Op::VExtendLowS:
      vec_unary(kExtendS[w], low_half(arg(d, 0)), result_of(d), 8);
      return;
    case Op::VExtendLowU:
      vec_unary(kExtendU[w], low_half(arg(d, 0)), result_of(d), 8);
      return;
    case Op::VExtendHighS:
      extend_high(lanes, true, use_reg(arg(d, 0)), result_of(d));
      return;
    case Op::VExtendHighU:
      extend_high(lanes, false, use_reg(arg(d, 0)), result_of(d));
      return;
    case Op::VMulLowS:
    case Op::VMulLowU:
    case Op::VMulHighS:
    case Op::VMulHighU:
      return lower_multiply_extended(d);
    case Op::VAddPairsS:
    case Op::VAddPairsU:
      return lower_add_pairs(d);
    case Op::VSelect:
    case Op::VSelectAny:
      return lower_vector_select(d);
    case Op::VAnyTrue:
    case Op::VAllTrue: {
      const VReg zero = int_const(Type::I32, 0);
      const CC cc = lower_vector_test(d, true);
      begin(MOp::Setcc, 1, cc);
      def_tied(result_of(d), 1);
      use(zero);
      return end();
    }
    case Op::VBitmask: {
      const VReg x = use_reg(arg(d, 0));
      if (w == 0) return vec_to_int(MOp::Pmovmskb, x, result_of(d));
      if (w >= 2) return vec_to_int(w == 2 ? MOp::Movmskps : MOp::Movmskpd, x, result_of(d));
      // Half words become bytes, of which the upper eight are zero.
      const VReg bytes = vec(MOp::Packsswb, x, reg_src(vector_const({})));
      return vec_to_int(MOp::Pmovmskb, bytes, result_of(d));
    }
    default:
      return lower_vector_float(d);
  }
}

// -- lanes by number

void Lower::lower_splat(const InstData& d) {
  const Lanes lanes = d.vec().lanes();
  const unsigned bytes = ir::lane_bytes(lanes);
  const Value x = arg(d, 0);
  const VReg r = result_of(d);
  const bool in_memory = may_fold_lane(x, bytes);
  auto broadcast = [&](MOp op, const Src& from) { vec_unary(op, from, r, bytes); };
  switch (lanes) {
    case Lanes::I8x16:
      if (has(kAvx2)) return broadcast(MOp::Pbroadcastb, in_memory ? fold_load(x) : reg_src(from_int(use_low(x), 4)));
      {
        const VReg low = from_int(use_low(x), 4), zero = vector_const({});
        vec(MOp::Pshufb, low, reg_src(zero), r);
        return;
      }
    case Lanes::I16x8: {
      if (has(kAvx2)) return broadcast(MOp::Pbroadcastw, in_memory ? fold_load(x) : reg_src(from_int(use_low(x), 4)));
      const VReg low = vec_unary_imm(MOp::Pshuflw, reg_src(from_int(use_low(x), 4)), 0);
      vec_unary_imm(MOp::Pshufd, reg_src(low), 0, r);
      return;
    }
    case Lanes::I32x4:
    case Lanes::F32x4: {
      if (in_memory && has(kAvx)) return broadcast(MOp::Broadcastss, fold_load(x));
      if (lanes == Lanes::I32x4) {
        const VReg low = from_int(use_low(x), 4);
        if (has(kAvx2)) return broadcast(MOp::Pbroadcastd, reg_src(low));
        vec_unary_imm(MOp::Pshufd, reg_src(low), 0, r);
        return;
      }
      const VReg low = use_reg(x);
      if (has(kAvx2)) {
        begin(MOp::Broadcastss, 4);
        def(r);
        use(low);
        return end();
      }
      splat_low_float(low, r);
      return;
    }
    case Lanes::I64x2:
    case Lanes::F64x2: {
      if (in_memory) return broadcast(MOp::Movddup, fold_load(x));
      const VReg low = lanes == Lanes::I64x2 ? from_int(use_reg(x), 8) : use_reg(x);
      begin(MOp::Movddup, 8);
      def(r);
      use(low);
      return end();
    }
  }
}

void Lower::splat_low_float(VReg low, VReg d) {
  begin(MOp::Shufps, 16);
  has(kAvx) ? def(d) : def_tied(d, 1);
  use(low);
  use(low);
  imm(0);
  end();
}

void Lower::lower_extract(const InstData& d) {
  const Lanes lanes = d.vec().lanes();
  const VReg x = use_reg(arg(d, 0)), r = result_of(d);
  if (lanes == Lanes::F32x4) {
    if (d.imm == 0) return emit_move(r, x);
    vec_unary_imm(MOp::Pshufd, reg_src(x), d.imm, r);
    return;
  }
  if (lanes == Lanes::F64x2) {
    if (d.imm == 0) return emit_move(r, x);
    vec(MOp::Unpckhpd, x, reg_src(x), r);
    return;
  }
  const unsigned w = width_index(lanes);
  if (w >= 2 && d.imm == 0) {
    begin(MOp::MovFI, w == 2 ? 4 : 8);
    def(r);
    use(x);
    return end();
  }
  const VReg lane = d.op == Op::VExtractS ? fresh(Type::I32) : r;
  begin(kPextr[w], 16);
  def(lane);
  use(x);
  imm(d.imm);
  end();
  if (d.op == Op::VExtractS) emit_rm(w == 0 ? MOp::MovsxB : MOp::MovsxW, 4, r, reg_src(lane));
}

void Lower::lower_replace(const InstData& d) {
  const Lanes lanes = d.vec().lanes();
  const unsigned bytes = ir::lane_bytes(lanes), w = width_index(lanes);
  const Value x = arg(d, 0), lane = arg(d, 1);
  const VReg r = result_of(d);
  const bool in_memory = may_fold_lane(lane, bytes);
  auto open = [&](MOp op, unsigned size, VReg a) {
    begin(op, size);
    has(kAvx) ? def(r) : def_tied(r, 1);
    use(a);
  };
  if (!ir::is_float(lanes)) {
    const Src from = in_memory ? fold_load(lane) : reg_src(bytes == 8 ? use_reg(lane) : use_low(lane));
    const VReg a = use_reg(x);
    open(kPinsr[w], bytes, a);
    src(from);
    imm(d.imm);
    return end();
  }
  if (lanes == Lanes::F32x4) {
    if (in_memory) {
      const Src from = fold_load(lane);
      const VReg a = use_reg(x);
      open(MOp::Insertps, 4, a);
      src(from);
      imm(d.imm << 4);
      return end();
    }
    const VReg s = use_reg(lane), a = use_reg(x);
    open(d.imm == 0 ? MOp::Blendps : MOp::InsertpsR, 16, a);
    use(s);
    imm(d.imm == 0 ? 1 : d.imm << 4);
    return end();
  }
  if (d.imm == 1 && in_memory) {
    const Src from = fold_load(lane);
    const VReg a = use_reg(x);
    open(MOp::LoadHigh, 8, a);
    src(from);
    return end();
  }
  const VReg s = use_reg(lane), a = use_reg(x);
  if (d.imm == 0) {
    open(MOp::Blendpd, 16, a);
    use(s);
    imm(1);
    return end();
  }
  open(MOp::Punpcklqdq, 16, a);
  use(s);
  end();
}

// -- a lane stored

bool Lower::lower_store_lane(const InstData& store, unsigned bytes) {
  const Value value = arg(store, 1);
  Inst i;
  const InstData* d = def_of(value, &i);
  if (!d || d->op != Op::VExtract || uses(value) != 1 || d->block != block_ || vregs_[value.raw()].valid())
    return false;
  const Lanes lanes = d->vec().lanes();
  if (ir::lane_bytes(lanes) != bytes) return false;
  const VReg x = use_reg(arg(*d, 0));
  const Amode to = amode(arg(store, 0), store.disp());
  const unsigned w = width_index(lanes);
  if (w >= 2 && d->imm == 0) {
    begin(MOp::StoreF, bytes);
    use(x);
    mem(to);
  } else if (w == 3) {
    begin(MOp::Movhps, 8);
    use(x);
    mem(to);
  } else {
    begin(kPextrM[w], bytes);
    use(x);
    mem(to);
    imm(d->imm);
  }
  last().trap = store.trap;
  end();
  return true;
}

// -- integers

void Lower::lower_multiply_64(const InstData& d) {
  if (has(abi::kAvx512)) return lower_vector_binary(d, MOp::Pmullq, true);
  const VReg x = use_reg(arg(d, 0)), y = use_reg(arg(d, 1));
  const VReg x_high = vec(MOp::Pmuludq, vec_shift(MOp::PsrlqI, x, 32), reg_src(y));
  const VReg y_high = vec(MOp::Pmuludq, vec_shift(MOp::PsrlqI, y, 32), reg_src(x));
  const VReg high = vec_shift(MOp::PsllqI, vec(MOp::Paddq, x_high, reg_src(y_high)), 32);
  const VReg low = vec(MOp::Pmuludq, x, reg_src(y));
  vec(MOp::Paddq, low, reg_src(high), result_of(d));
}

// By a table of 16 entries for each half of a byte.
void Lower::lower_vector_popcnt(const InstData& d) {
  const Bits128 low_bits = repeated(0x0f, 1);
  const VReg x = use_reg(arg(d, 0));
  const VReg table = vector_const({0x0302'0201'0201'0100, 0x0403'0302'0302'0201});
  const VReg low = vec(MOp::Pand, x, mask(low_bits.lo, low_bits.hi));
  const VReg high = vec(MOp::Pand, vec_shift(MOp::PsrlwI, x, 4), mask(low_bits.lo, low_bits.hi));
  const VReg count_low = vec(MOp::Pshufb, table, reg_src(low));
  const VReg count_high = vec(MOp::Pshufb, table, reg_src(high));
  vec(MOp::Paddb, count_low, reg_src(count_high), result_of(d));
}

VReg Lower::count_register(Value count, unsigned width, unsigned more) {
  VReg n = fresh(Type::I32);
  emit_alu_imm(MOp::And, 4, n, use_low(count), width - 1);
  if (more) {
    VReg sum = fresh(Type::I32);
    emit_alu_imm(MOp::Add, 4, sum, n, more);
    n = sum;
  }
  return from_int(n, 4);
}

void Lower::lower_vector_shift(const InstData& d) {
  const Lanes lanes = d.vec().lanes();
  const unsigned w = width_index(lanes), width = 8 * ir::lane_bytes(lanes);
  const VReg r = result_of(d);
  constexpr MOp kImm[3][4] = {{MOp::kCount, MOp::PsllwI, MOp::PslldI, MOp::PsllqI},
                              {MOp::kCount, MOp::PsrawI, MOp::PsradI, MOp::PsraqI},
                              {MOp::kCount, MOp::PsrlwI, MOp::PsrldI, MOp::PsrlqI}};
  constexpr MOp kReg[3][4] = {{MOp::kCount, MOp::Psllw, MOp::Pslld, MOp::Psllq},
                              {MOp::kCount, MOp::Psraw, MOp::Psrad, MOp::Psraq},
                              {MOp::kCount, MOp::Psrlw, MOp::Psrld, MOp::Psrlq}};
  const unsigned kind = d.op == Op::VShl ? 0 : d.op == Op::VShrS ? 1 : 2;
  uint64_t count = 0;
  const bool is_known = is_const(arg(d, 1), &count);
  if (is_known) count &= width - 1;
  if (kind == 1 && w == 3 && !has(abi::kAvx512)) {
    // The sign bit, moved along, is subtracted where it was set: (x >> n ^ s) - s.
    const uint64_t top = 1ull << 63;
    if (is_known) {
      const VReg moved = vec_shift(MOp::PsrlqI, use_reg(arg(d, 0)), static_cast<int64_t>(count));
      const Src sign = mask(top >> count, top >> count);
      vec(MOp::Psubq, vec(MOp::Pxor, moved, sign), sign, r);
      return;
    }
    const VReg x = use_reg(arg(d, 0)), n = count_register(arg(d, 1), width, 0);
    const VReg sign = vec(MOp::Psrlq, vector_const({top, top}), reg_src(n));
    const VReg moved = vec(MOp::Psrlq, x, reg_src(n));
    vec(MOp::Psubq, vec(MOp::Pxor, moved, reg_src(sign)), reg_src(sign), r);
    return;
  }
  const VReg x = use_reg(arg(d, 0));
  if (is_known) {
    vec_shift(kImm[kind][w], x, static_cast<int64_t>(count), r);
    return;
  }
  vec(kReg[kind][w], x, reg_src(count_register(arg(d, 1), width, 0)), r);
}

// There are no shifts of bytes: those of half words, less the bits that came over from the neighbour.
void Lower::lower_shift_bytes(const InstData& d) {
  const VReg x = use_reg(arg(d, 0)), r = result_of(d);
  uint64_t count = 0;
  const bool is_known = is_const(arg(d, 1), &count);
  if (is_known) count &= 7;
  const auto known = static_cast<int64_t>(count);
  if (d.op == Op::VShrS) {
    // Each byte in the upper half of a half word.
    const VReg low = vec(MOp::Punpcklbw, x, reg_src(x)), high = vec(MOp::Punpckhbw, x, reg_src(x));
    if (is_known) {
      const VReg a = vec_shift(MOp::PsrawI, low, known + 8), b = vec_shift(MOp::PsrawI, high, known + 8);
      vec(MOp::Packsswb, a, reg_src(b), r);
      return;
    }
    const VReg n = count_register(arg(d, 1), 8, 8);
    const VReg a = vec(MOp::Psraw, low, reg_src(n)), b = vec(MOp::Psraw, high, reg_src(n));
    vec(MOp::Packsswb, a, reg_src(b), r);
    return;
  }
  const bool left = d.op == Op::VShl;
  if (is_known) {
    if (left && count == 1) {
      vec(MOp::Paddb, x, reg_src(x), r);
      return;
    }
    const VReg moved = vec_shift(left ? MOp::PsllwI : MOp::PsrlwI, x, known);
    const Bits128 kept = repeated(left ? 0xffull << count & 0xff : 0xffull >> count, 1);
    vec(MOp::Pand, moved, mask(kept.lo, kept.hi), r);
    return;
  }
  // The lowest byte of a half word that is shifted with them says which bits stay.
  const VReg n = count_register(arg(d, 1), 8, 0);
  const VReg moved = vec(left ? MOp::Psllw : MOp::Psrlw, x, reg_src(n));
  const VReg byte = vec(left ? MOp::Psllw : MOp::Psrlw, vector_const(repeated(0xff, 2)), reg_src(n));
  const VReg kept = has(kAvx2) ? vec_unary(MOp::Pbroadcastb, reg_src(byte), VReg(), 1)
                               : vec(MOp::Pshufb, byte, reg_src(vector_const({})));
  vec(MOp::Pand, moved, reg_src(kept), r);
}

void Lower::lower_vector_icmp(const InstData& d) {
  const unsigned w = width_index(d.vec().lanes());
  IntCC cc = d.vec().int_cc();
  Value x = arg(d, 0), y = arg(d, 1);
  const VReg r = result_of(d);
  auto exchange = [&] {
    std::swap(x, y);
    cc = ir::swap(cc);
  };
  // What has an instruction, or two; the rest is the opposite of one of those.
  const bool inverted =
      cc == IntCC::Ne || cc == IntCC::UGt || cc == IntCC::ULt || (w == 3 && (cc == IntCC::SGe || cc == IntCC::SLe));
  if (inverted) cc = ir::negate(cc);
  const VReg to = inverted ? fresh(Type::V128) : r;
  switch (cc) {
    case IntCC::SLt:
    case IntCC::SGt: {
      if (cc == IntCC::SLt) exchange();
      const Src b = vector_src(y);
      vec(kGt[w], use_reg(x), b, to);
      break;
    }
    case IntCC::Eq: {
      if (may_fold_vector(x) && !may_fold_vector(y)) exchange();
      const Src b = vector_src(y);
      vec(kEq[w], use_reg(x), b, to);
      break;
    }
    default: {
      // x <= y where x is the lesser of both
      const bool is_signed = cc == IntCC::SGe || cc == IntCC::SLe, less = cc == IntCC::SLe || cc == IntCC::ULe;
      const MOp* choice = is_signed ? (less ? kMinS : kMaxS) : less ? kMinU : kMaxU;
      const Src b = vector_src(y);
      const VReg a = use_reg(x);
      const VReg chosen = vec(choice[w], a, b);
      vec(kEq[w], chosen, reg_src(a), to);
      break;
    }
  }
  if (inverted) vec_not(to, r);
}

VReg Lower::extend_high(Lanes lanes, bool is_signed, VReg x, VReg d) {
  const unsigned w = width_index(lanes);
  if (!is_signed) return vec(kUnpackHigh[w], x, reg_src(vector_const({})), d);
  return vec_unary(kExtendS[w], reg_src(vec_unary_imm(MOp::Pshufd, reg_src(x), 0xee)), d, 8);
}

void Lower::lower_multiply_extended(const InstData& d) {
  const Lanes lanes = d.vec().lanes();
  const bool is_signed = d.op == Op::VMulLowS || d.op == Op::VMulHighS;
  const bool low = d.op == Op::VMulLowS || d.op == Op::VMulLowU;
  const VReg x = use_reg(arg(d, 0)), y = use_reg(arg(d, 1)), r = result_of(d);
  switch (lanes) {
    case Lanes::I8x16: {
      auto extended = [&](VReg v) {
        if (!low) return extend_high(lanes, is_signed, v);
        return vec_unary(is_signed ? MOp::Pmovsxbw : MOp::Pmovzxbw, reg_src(v), VReg(), 8);
      };
      const VReg a = extended(x), b = extended(y);
      vec(MOp::Pmullw, a, reg_src(b), r);
      return;
    }
    case Lanes::I16x8: {
      const VReg lower = vec(MOp::Pmullw, x, reg_src(y));
      const VReg upper = vec(is_signed ? MOp::Pmulhw : MOp::Pmulhuw, x, reg_src(y));
      vec(low ? MOp::Punpcklwd : MOp::Punpckhwd, lower, reg_src(upper), r);
      return;
    }
    default: {
      // The instruction multiplies lanes 0 and 2.
      const int64_t spread = low ? 0x50 : 0xfa;
      const VReg a = vec_unary_imm(MOp::Pshufd, reg_src(x), spread), b = vec_unary_imm(MOp::Pshufd, reg_src(y), spread);
      vec(is_signed ? MOp::Pmuldq : MOp::Pmuludq, a, reg_src(b), r);
      return;
    }
  }
}

void Lower::lower_add_pairs(const InstData& d) {
  const bool is_signed = d.op == Op::VAddPairsS;
  const VReg r = result_of(d);
  if (d.vec().lanes() == Lanes::I8x16) {
    // By products with 1: of unsigned bytes with signed ones.
    const Bits128 one = repeated(1, 1);
    if (is_signed) {
      const Src b = vector_src(arg(d, 0));
      vec(MOp::Pmaddubsw, vector_const(one), b, r);
    } else {
      vec(MOp::Pmaddubsw, use_reg(arg(d, 0)), mask(one.lo, one.hi), r);
    }
    return;
  }
  const VReg x = use_reg(arg(d, 0));
  if (is_signed) {
    const Bits128 one = repeated(1, 2);
    vec(MOp::Pmaddwd, x, mask(one.lo, one.hi), r);
    return;
  }
  const Bits128 low_half = repeated(0xffff, 4);
  const VReg upper = vec_shift(MOp::PsrldI, x, 16), lower = vec(MOp::Pand, x, mask(low_half.lo, low_half.hi));
  vec(MOp::Paddd, upper, reg_src(lower), r);
}

// -- all bits

bool Lower::is_lane_mask(Value v, unsigned* bytes, int depth) const {
  const InstData* d = def_of(v);
  if (!d || depth == 0) return false;
  unsigned other = 16;
  switch (d->op) {
    case Op::VICmp:
    case Op::VFCmp:
      *bytes = ir::lane_bytes(d->vec().lanes());
      return true;
    case Op::VConst:
      *bytes = 16;
      return d->imm128() == kOnes || d->imm128() == Bits128();
    case Op::And:
    case Op::Or:
    case Op::Xor:
      if (!is_lane_mask(arg(*d, 0), bytes, depth - 1) || !is_lane_mask(arg(*d, 1), &other, depth - 1)) return false;
      *bytes = std::min(*bytes, other);
      return true;
    default:
      return false;
  }
}

void Lower::lower_vector_select(const InstData& d) {
  const Value x = arg(d, 0), y = arg(d, 1), z = arg(d, 2);
  const VReg r = result_of(d);
  if (has(abi::kAvx512) && d.op == Op::VSelect) {
    const Src b = vector_src(y);
    const VReg m = use_reg(z), a = use_reg(x);
    begin(MOp::Ternary, 16);
    def_tied(r, 1);
    use(m);
    use(a);
    src(b);
    imm(0xca);  // m ? a : b
    return end();
  }
  unsigned bytes = 0;
  if (has(kAvx) && (d.op == Op::VSelectAny || is_lane_mask(z, &bytes))) {
    const Lanes lanes = d.op == Op::VSelectAny ? d.vec().lanes() : Lanes::I8x16;
    // By the highest bit of each lane, which of half words has to reach both bytes.
    VReg m = use_reg(z);
    if (lanes == Lanes::I16x8) m = vec_shift(MOp::PsrawI, m, 15);
    const MOp op = lanes == Lanes::I32x4 ? MOp::Blendvps : lanes == Lanes::I64x2 ? MOp::Blendvpd : MOp::Blendv;
    const Src b = vector_src(x);
    const VReg a = use_reg(y);
    begin(op, 16);
    def(r);
    use(a);
    src(b);
    use(m);
    return end();
  }
  const VReg a = use_reg(x), b = use_reg(y), m = use_reg(z);
  const VReg differing = vec(MOp::Pand, vec(MOp::Pxor, a, reg_src(b)), reg_src(m));
  vec(MOp::Pxor, differing, reg_src(b), r);
}

// Sets the flags; answers the condition under which it is true.
CC Lower::lower_vector_test(const InstData& d, bool once) {
  auto test = [&](VReg a, const Src& b) {
    begin(MOp::Ptest, 16);
    use(a);
    src(b);
    end();
  };
  const Value x = arg(d, 0);
  if (d.op == Op::VAnyTrue) {
    // Of (and x y): the instruction does that itself.
    if (const InstData* both = foldable(x, Op::And); both && uses(x) == 1) {
      const VReg b = use_reg(arg(*both, 1));
      test(use_reg(arg(*both, 0)), reg_src(b));
      return CC::Ne;
    }
    const VReg a = use_reg(x);
    test(a, reg_src(a));
    return CC::Ne;
  }
  const Lanes lanes = d.vec().lanes();
  unsigned bytes = 0;
  if (is_lane_mask(x, &bytes) && bytes >= ir::lane_bytes(lanes)) {
    // All of its bits are set: the carry says that nothing of the second operand is missing in the first.
    test(use_reg(x), mask(~0ull, ~0ull));
    return CC::B;
  }
  const VReg zero = vector_const({});
  const VReg is_zero = vec(kEq[width_index(lanes)], zero, once ? vector_src(x) : reg_src(use_reg(x)));
  test(is_zero, reg_src(is_zero));
  return CC::E;
}

}  // namespace vitrine::x64

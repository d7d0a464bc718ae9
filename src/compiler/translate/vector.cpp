// Vector operators that are more than a row of vector.def.
#include <cstring>

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using ir::Lanes;
using ir::MemKind;
using ir::Type;
using ir::VecAux;
using wasm::Op;

namespace {

constexpr ir::Bits128 kOnes{~0ull, ~0ull};

/// What one of these costs beyond one instruction, as so many values.
constexpr uint64_t kVectorOther = 5;

ir::Bits128 splat(uint64_t bits, unsigned width) {
  for (; width < 64; width *= 2) bits |= bits << width;
  return {bits, bits};
}
ir::Bits128 sign_bits(Lanes lanes) {
  const unsigned width = 8 * ir::lane_bytes(lanes);
  return splat(1ull << (width - 1), width);
}

/// The operation that answers what the deterministic profile says, where one operation does.
ir::Op deterministic(ir::Op op) {
  switch (op) {
    case ir::Op::VSwizzleAny:
      return ir::Op::VSwizzle;
    case ir::Op::VSelectAny:
      return ir::Op::VSelect;
    case ir::Op::VMulQ15Any:
      return ir::Op::VMulQ15;
    case ir::Op::VFToSIntAny:
      return ir::Op::VFToSIntSat;
    case ir::Op::VFToUIntAny:
      return ir::Op::VFToUIntSat;
    case ir::Op::VFPMin:
      return ir::Op::VFMin;
    case ir::Op::VFPMax:
      return ir::Op::VFMax;
    default:
      return op;
  }
}

}  // namespace

FunctionTranslator::Value FunctionTranslator::vector_row(ir::Op op, VecAux aux, const wasm::Operator& source) {
  const uint32_t count = ir::info(op).args;
  Value args[ir::kInlineArgs];
  for (uint32_t n = count; n-- > 0;) args[n] = pop();
  return b_.vector(op, aux, std::span(args, count), ir::names_lane(op) ? source.lanes[0] : 0);
}

FunctionTranslator::Value FunctionTranslator::canonical_nans(Value v, Lanes lanes) {
  const Value nan = b_.vconst(lanes == Lanes::F32x4 ? splat(0x7fc0'0000, 32) : splat(0x7ff8'0000'0000'0000, 64));
  Value pair[] = {v, v};
  const Value is_number = b_.vector(ir::Op::VFCmp, VecAux(lanes, ir::FloatCC::Eq), pair);
  return b_.vector(ir::Op::VSelect, {v, nan, is_number});
}

// Of relaxed operations, what the machine has or what the deterministic profile says.
FunctionTranslator::Value FunctionTranslator::relaxed(ir::Op op, VecAux aux, const wasm::Operator& source) {
  if (!env_.settings.relaxed_simd_deterministic) return vector_row(op, aux, source);
  if (op == ir::Op::VFMulAddAny || op == ir::Op::VFNegMulAddAny) {
    const Value z = pop(), y = pop(), x = pop();
    const Value product = b_.vector(ir::Op::VFMul, aux.lanes(), {x, y});
    return op == ir::Op::VFMulAddAny ? b_.vector(ir::Op::VFAdd, aux.lanes(), {product, z})
                                     : b_.vector(ir::Op::VFSub, aux.lanes(), {z, product});
  }
  op = deterministic(op);
  return vector_row(op, ir::has_lanes(op) ? aux : VecAux(uint8_t{0}), source);
}

// Sums of two products of bytes, saturated. The machine's instruction takes the second factor's bytes as unsigned.
FunctionTranslator::Value FunctionTranslator::relaxed_dot(Value x, Value y) {
  if (!env_.settings.relaxed_simd_deterministic) return b_.vector(ir::Op::VDotAny, Lanes::I8x16, {x, y});
  auto half = [&](ir::Op extend) {
    return b_.vector(ir::Op::VDot, Lanes::I16x8,
                     {b_.vector(extend, Lanes::I8x16, {x}), b_.vector(extend, Lanes::I8x16, {y})});
  };
  return b_.vector(ir::Op::VNarrowS, Lanes::I32x4, {half(ir::Op::VExtendLowS), half(ir::Op::VExtendHighS)});
}

FunctionTranslator::Value FunctionTranslator::load_part(const wasm::Operator& op, Type type, MemKind kind) {
  const Address a = address(op.mem, pop(), 1u << wasm::info(op.op).aux);
  return b_.load(type, kind, a.ptr, a.disp, a.region, a.trap, a.flags);
}

void FunctionTranslator::load_lane(const wasm::Operator& op, Lanes lanes, MemKind kind) {
  const Value vector = pop();
  const Value lane = load_part(op, ir::lane_type(lanes), kind);
  Value args[] = {vector, lane};
  push(b_.vector(ir::Op::VReplace, VecAux(lanes), args, op.lanes[0]));
}

void FunctionTranslator::store_lane(const wasm::Operator& op, Lanes lanes, MemKind kind) {
  Value vector = pop();
  const Value lane = b_.vector(ir::Op::VExtract, VecAux(lanes), {&vector, 1}, op.lanes[0]);
  const Address a = address(op.mem, pop(), 1u << wasm::info(op.op).aux);
  b_.store(kind, a.ptr, lane, a.disp, a.region, a.trap);
}

void FunctionTranslator::on_vector(const wasm::Operator& op) {
  spend(kVectorOther);
  auto extended = [&](ir::Op how, Lanes from) {
    push(b_.vector(how, from, {load_part(op, Type::V128, MemKind::U64)}));
  };
  auto splatted = [&](Lanes lanes, MemKind kind) {
    push(b_.vector(ir::Op::VSplat, lanes, {load_part(op, ir::lane_type(lanes), kind)}));
  };
  auto negated = [&](Lanes lanes) { push(b_.vector(ir::Op::VSub, lanes, {b_.vconst({}), pop()})); };
  auto flip = [&](Value v, ir::Bits128 bits) { return b_.binary(ir::Op::Xor, v, b_.vconst(bits)); };
  auto magnitude = [&](Lanes lanes) {
    const ir::Bits128 sign = sign_bits(lanes);
    push(b_.binary(ir::Op::And, pop(), b_.vconst({~sign.lo, ~sign.hi})));
  };
  auto bits = [&](ir::Op how) {
    const Value y = pop(), x = pop();
    push(b_.binary(how, x, y));
  };
  switch (op.op) {
    case Op::V128Const:
      return push(b_.vconst({op.bits, op.high}));
    case Op::V128Load:
      return push(load_part(op, Type::V128, MemKind::Full));
    case Op::V128Load32Zero:
      return push(load_part(op, Type::V128, MemKind::U32));
    case Op::V128Load64Zero:
      return push(load_part(op, Type::V128, MemKind::U64));
    case Op::V128Load8x8S:
      return extended(ir::Op::VExtendLowS, Lanes::I8x16);
    case Op::V128Load8x8U:
      return extended(ir::Op::VExtendLowU, Lanes::I8x16);
    case Op::V128Load16x4S:
      return extended(ir::Op::VExtendLowS, Lanes::I16x8);
    case Op::V128Load16x4U:
      return extended(ir::Op::VExtendLowU, Lanes::I16x8);
    case Op::V128Load32x2S:
      return extended(ir::Op::VExtendLowS, Lanes::I32x4);
    case Op::V128Load32x2U:
      return extended(ir::Op::VExtendLowU, Lanes::I32x4);
    case Op::V128Load8Splat:
      return splatted(Lanes::I8x16, MemKind::U8);
    case Op::V128Load16Splat:
      return splatted(Lanes::I16x8, MemKind::U16);
    case Op::V128Load32Splat:
      return splatted(Lanes::I32x4, MemKind::Full);
    case Op::V128Load64Splat:
      return splatted(Lanes::I64x2, MemKind::Full);
    case Op::V128Load8Lane:
      return load_lane(op, Lanes::I8x16, MemKind::U8);
    case Op::V128Load16Lane:
      return load_lane(op, Lanes::I16x8, MemKind::U16);
    case Op::V128Load32Lane:
      return load_lane(op, Lanes::I32x4, MemKind::Full);
    case Op::V128Load64Lane:
      return load_lane(op, Lanes::I64x2, MemKind::Full);
    case Op::V128Store8Lane:
      return store_lane(op, Lanes::I8x16, MemKind::U8);
    case Op::V128Store16Lane:
      return store_lane(op, Lanes::I16x8, MemKind::U16);
    case Op::V128Store32Lane:
      return store_lane(op, Lanes::I32x4, MemKind::Full);
    case Op::V128Store64Lane:
      return store_lane(op, Lanes::I64x2, MemKind::Full);
    case Op::V128Store: {
      const Value value = pop();
      const Address a = address(op.mem, pop(), 16);
      return b_.store(MemKind::Full, a.ptr, value, a.disp, a.region, a.trap);
    }
    case Op::I8x16Shuffle: {
      ir::Bits128 pattern;
      std::memcpy(&pattern.lo, op.lanes, 8);
      std::memcpy(&pattern.hi, op.lanes + 8, 8);
      const Value y = pop(), x = pop();
      return push(b_.vector(ir::Op::VShuffle, Lanes::I8x16, {x, y, b_.vconst(pattern)}));
    }
    case Op::V128Not:
      return push(flip(pop(), kOnes));
    case Op::V128And:
      return bits(ir::Op::And);
    case Op::V128Or:
      return bits(ir::Op::Or);
    case Op::V128Xor:
      return bits(ir::Op::Xor);
    case Op::V128Andnot: {
      const Value y = flip(pop(), kOnes), x = pop();
      return push(b_.binary(ir::Op::And, x, y));
    }
    case Op::I8x16Neg:
      return negated(Lanes::I8x16);
    case Op::I16x8Neg:
      return negated(Lanes::I16x8);
    case Op::I32x4Neg:
      return negated(Lanes::I32x4);
    case Op::I64x2Neg:
      return negated(Lanes::I64x2);
    case Op::F32x4Abs:
      return magnitude(Lanes::F32x4);
    case Op::F64x2Abs:
      return magnitude(Lanes::F64x2);
    case Op::F32x4Neg:
      return push(flip(pop(), sign_bits(Lanes::F32x4)));
    case Op::F64x2Neg:
      return push(flip(pop(), sign_bits(Lanes::F64x2)));
    case Op::I16x8RelaxedDotI8x16I7x16S: {
      const Value y = pop(), x = pop();
      return push(relaxed_dot(x, y));
    }
    case Op::I32x4RelaxedDotI8x16I7x16AddS: {
      const Value z = pop(), y = pop(), x = pop();
      const Value pairs = b_.vector(ir::Op::VAddPairsS, Lanes::I16x8, {relaxed_dot(x, y)});
      return push(b_.vector(ir::Op::VAdd, Lanes::I32x4, {pairs, z}));
    }
    default:
      VITRINE_ASSERT(!"a vector operator that translate does not know");
  }
}

}  // namespace vitrine::translate

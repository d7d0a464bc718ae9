#include "compiler/ir/opcode.hpp"

namespace vitrine::ir {

LaneSet lane_kinds(Op op) {
  constexpr LaneSet k8 = set_of(Lanes::I8x16), k16 = set_of(Lanes::I16x8), k32 = set_of(Lanes::I32x4),
                    k64 = set_of(Lanes::I64x2), kInts = k8 | k16 | k32 | k64, kF32 = set_of(Lanes::F32x4),
                    kF64 = set_of(Lanes::F64x2), kFloats = kF32 | kF64;
  switch (op) {
    case Op::VSplat:
    case Op::VExtract:
    case Op::VReplace:
      return kInts | kFloats;
    case Op::VShuffle:
    case Op::VSwizzle:
    case Op::VSwizzleAny:
    case Op::VPopcnt:
    case Op::VDotAny:
      return k8;
    case Op::VExtractS:
    case Op::VAddSatS:
    case Op::VAddSatU:
    case Op::VSubSatS:
    case Op::VSubSatU:
    case Op::VAvgU:
    case Op::VAddPairsS:
    case Op::VAddPairsU:
      return k8 | k16;
    case Op::VAdd:
    case Op::VSub:
    case Op::VAbs:
    case Op::VShl:
    case Op::VShrS:
    case Op::VShrU:
    case Op::VICmp:
    case Op::VAllTrue:
    case Op::VBitmask:
    case Op::VSelectAny:
      return kInts;
    case Op::VMul:
      return k16 | k32 | k64;
    case Op::VMinS:
    case Op::VMinU:
    case Op::VMaxS:
    case Op::VMaxU:
    case Op::VExtendLowS:
    case Op::VExtendLowU:
    case Op::VExtendHighS:
    case Op::VExtendHighU:
    case Op::VMulLowS:
    case Op::VMulLowU:
    case Op::VMulHighS:
    case Op::VMulHighU:
      return k8 | k16 | k32;
    case Op::VMulQ15:
    case Op::VMulQ15Any:
    case Op::VDot:
      return k16;
    case Op::VNarrowS:
    case Op::VNarrowU:
      return k16 | k32;
    case Op::VFFromSInt:
    case Op::VFFromUInt:
    case Op::VFFromLowS:
    case Op::VFFromLowU:
      return k32;
    case Op::VFPromote:
      return kF32;
    case Op::VFDemote:
      return kF64;
    default:
      return info(op).group == Group::Vector && has_lanes(op) ? kFloats : 0;
  }
}

}  // namespace vitrine::ir

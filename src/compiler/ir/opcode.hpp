// The IR's opcodes, their types and what each may do; expanded from opcodes.def.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "compiler/ir/type.hpp"

namespace vitrine::ir {

enum class Op : uint8_t {
#define OP(name, ...) name,
#include "compiler/ir/opcodes.def"
#undef OP
  kCount
};

/// What an operation may do besides answering its results: several at once. Passes ask by the predicates below.
enum Effect : uint8_t {
  kPure = 0,
  kReads = 1,     // memory of its alias region
  kWrites = 2,    // memory of its alias region
  kTraps = 4,     // may end the function by a trap (memory accesses do so if they have a trap code)
  kCalls = 8,     // runs other code, which may not come back and which may look at the live references (a safepoint)
  kBarrier = 16,  // reads and writes every region: no access moves across
  kEndsBlock = 32,
  kCallEffects = kReads | kWrites | kTraps | kCalls | kBarrier,
};

/// Which instructions have the same form, and mostly the same treatment.
enum class Group : uint8_t {
  Constant,
  Arithmetic,
  Wide,  // 128 bits in two i64
  Division,
  Bitwise,
  Shift,
  Extension,
  IntCompare,
  Float,
  FloatCompare,
  Vector,
  Select,
  Memory,
  Stack,
  Address,
  Other,  // arithmetic without rules of its own
  TrapIf,
  Call,  // and tail calls
  Branch,
  Return,
  Trap,
  Invoke,
  Piece,
};

/// What the column `type` of opcodes.def may say.
struct TypeSets {
  static constexpr TypeSet None = set_of(Type::None), I32 = set_of(Type::I32), I64 = set_of(Type::I64),
                           F32 = set_of(Type::F32), F64 = set_of(Type::F64);
  static constexpr TypeSet Word = set_of(Type::I32) | set_of(Type::Ref);
  static constexpr TypeSet Int64 = set_of(Type::I32) | set_of(Type::I64);
  static constexpr TypeSet Int = Word | I64;
  static constexpr TypeSet Float = F32 | F64;
  static constexpr TypeSet V128 = set_of(Type::V128);
  static constexpr TypeSet Lane = Int64 | Float;
  static constexpr TypeSet Bits = Int | V128;
  static constexpr TypeSet Scalar = Int | Float;
  static constexpr TypeSet Any = Scalar | V128;
};

/// What is asked of every instruction by every pass; the rest is in OpTypes.
struct OpInfo {
  uint8_t args;     // how many; kVariable: by signature
  uint8_t results;  // how many; kVariable: by signature
  uint8_t effects;  // bits of Effect
  Group group;
  Type result;  // of the first; None: the controlling type
};
struct OpTypes {
  const char* text;
  TypeSet types;  // what the controlling type may be
  const char* args;
  const char* results;
};
inline constexpr uint8_t kVariable = 0xff;
/// An instruction holds as many arguments itself; longer lists are in the pool.
inline constexpr uint8_t kInlineArgs = 3;

/// The types that a letter of opcodes.def stands for.
constexpr TypeSet types_of(char letter, Type controlling) {
  switch (letter) {
    case 'T':
      return set_of(controlling);
    case 'W': {
      TypeSet set = 0;
      for (Type t : kAllTypes)
        if (bytes_of(t) == bytes_of(controlling)) set |= set_of(t);
      return set;
    }
    case 'i':
      return TypeSets::I32;
    case 'l':
      return TypeSets::I64;
    case 'f':
      return TypeSets::F32;
    case 'd':
      return TypeSets::F64;
    case 'I':
      return TypeSets::Int64;
    case 'R':
      return TypeSets::Word;
    case 'F':
      return TypeSets::Float;
    case 'v':
      return TypeSets::V128;
    case 'S':
      return TypeSets::Lane;
    default:
      return 0;
  }
}
/// The type that a letter of a result stands for.
constexpr Type type_of(char letter, Type controlling) {
  return letter == 'T' ? controlling : only_type(types_of(letter, controlling));
}

constexpr uint8_t count_of(const char* letters) {
  if (letters[0] == '*') return kVariable;
  uint8_t n = 0;
  while (letters[n]) ++n;
  return n;
}

inline constexpr OpInfo kOps[] = {
#define OP(name, text, group, types, args, results, effects) \
  {count_of(args), count_of(results), static_cast<uint8_t>(effects), Group::group, type_of(results[0], Type::None)},
#include "compiler/ir/opcodes.def"
#undef OP
};
inline constexpr OpTypes kOpTypes[] = {
#define OP(name, text, group, types, args, results, effects) {text, TypeSets::types, args, results},
#include "compiler/ir/opcodes.def"
#undef OP
};
constexpr const OpInfo& info(Op op) {
  return kOps[static_cast<uint8_t>(op)];
}
constexpr const OpTypes& type_row(Op op) {
  return kOpTypes[static_cast<uint8_t>(op)];
}
constexpr const char* name_of(Op op) {
  return type_row(op).text;
}
/// The type of the only result.
constexpr Type result_type(Op op, Type controlling) {
  return info(op).result == Type::None ? controlling : info(op).result;
}
/// Whether the text names the controlling type.
constexpr bool names_type(Op op) {
  for (const char* letters : {type_row(op).args, type_row(op).results}) {
    for (; *letters; ++letters) {
      if (*letters == 'T') return true;
    }
  }
  return false;
}
/// Whether the arguments are a list in the pool.
constexpr bool has_arg_list(Op op) {
  return info(op).args > kInlineArgs;
}

constexpr bool has_effects(Op op, unsigned bits) {
  return (info(op).effects & bits) != 0;
}
constexpr bool is_terminator(Op op) {
  return has_effects(op, kEndsBlock);
}
constexpr bool is_call(Op op) {
  return has_effects(op, kCalls);
}
/// Of a call of any kind: its immediate is a FuncRef, not a SigRef with the code address as first argument.
constexpr bool is_direct(Op op) {
  return op == Op::Call || op == Op::ReturnCall || op == Op::Invoke;
}
/// The results depend on the arguments alone and nothing else happens: may be executed anywhere, any number of times.
constexpr bool is_pure(Op op) {
  return info(op).effects == kPure;
}
/// As pure, or reads memory: nothing but a write can tell when it is executed.
constexpr bool only_reads(Op op) {
  return !has_effects(op, ~unsigned{kReads});
}
/// The results depend on the arguments alone, if there are results: where they are known it needs no second execution.
constexpr bool is_computation(Op op) {
  return !has_effects(op, ~unsigned{kTraps}) && info(op).results != 0;
}

/// Integer conditions, in the order eq ne, then signed, then unsigned; `^ 1` negates.
enum class IntCC : uint8_t { Eq, Ne, SLt, SGe, SGt, SLe, ULt, UGe, UGt, ULe };
/// Float conditions; all but Ne are false when an operand is NaN. Negating Lt does not give Ge.
enum class FloatCC : uint8_t { Eq, Ne, Lt, Gt, Le, Ge };

constexpr IntCC negate(IntCC cc) {
  return static_cast<IntCC>(static_cast<uint8_t>(cc) ^ 1);
}
/// The condition with the operands exchanged.
constexpr IntCC swap(IntCC cc) {
  constexpr IntCC kSwapped[] = {IntCC::Eq,  IntCC::Ne,  IntCC::SGt, IntCC::SLe, IntCC::SLt,
                                IntCC::SGe, IntCC::UGt, IntCC::ULe, IntCC::ULt, IntCC::UGe};
  return kSwapped[static_cast<uint8_t>(cc)];
}

/// How a vector is divided.
enum class Lanes : uint8_t { I8x16, I16x8, I32x4, I64x2, F32x4, F64x2 };
inline constexpr uint8_t kLaneKinds = 6;

constexpr bool is_float(Lanes lanes) {
  return lanes >= Lanes::F32x4;
}
constexpr uint32_t lane_bytes(Lanes lanes) {
  constexpr uint8_t kBytes[] = {1, 2, 4, 8, 4, 8};
  return kBytes[static_cast<uint8_t>(lanes)];
}
constexpr uint32_t lane_count(Lanes lanes) {
  return 16 / lane_bytes(lanes);
}
/// What a lane is outside of the vector.
constexpr Type lane_type(Lanes lanes) {
  constexpr Type kTypes[] = {Type::I32, Type::I32, Type::I32, Type::I64, Type::F32, Type::F64};
  return kTypes[static_cast<uint8_t>(lanes)];
}

/// `aux` of a vector operation: its lanes, and the condition of a comparison.
struct VecAux {
  uint8_t bits;
  constexpr explicit VecAux(uint8_t aux) : bits(aux) {}
  constexpr explicit VecAux(Lanes lanes) : bits(static_cast<uint8_t>(lanes)) {}
  constexpr VecAux(Lanes lanes, IntCC cc)
      : bits(static_cast<uint8_t>(static_cast<uint8_t>(lanes) | static_cast<uint8_t>(cc) << 3)) {}
  constexpr VecAux(Lanes lanes, FloatCC cc)
      : bits(static_cast<uint8_t>(static_cast<uint8_t>(lanes) | static_cast<uint8_t>(cc) << 3)) {}
  constexpr Lanes lanes() const { return static_cast<Lanes>(bits & 7); }
  constexpr uint8_t condition() const { return bits >> 3; }
  constexpr IntCC int_cc() const { return static_cast<IntCC>(condition()); }
  constexpr FloatCC float_cc() const { return static_cast<FloatCC>(condition()); }
};
/// Of operations on all 128 bits: they have no lanes, and aux is 0.
constexpr bool has_lanes(Op op) {
  return info(op).group == Group::Vector && op != Op::VSelect && op != Op::VAnyTrue;
}

/// Whether `imm` is the number of a lane.
constexpr bool names_lane(Op op) {
  return op == Op::VExtract || op == Op::VExtractS || op == Op::VReplace;
}

/// The lanes that a vector operation may have: a bit for each kind.
using LaneSet = uint8_t;
constexpr LaneSet set_of(Lanes lanes) {
  return static_cast<LaneSet>(1u << static_cast<uint8_t>(lanes));
}
constexpr bool contains(LaneSet set, Lanes lanes) {
  return (set & set_of(lanes)) != 0;
}
LaneSet lane_kinds(Op op);

/// How many bytes a memory access touches and how a load widens them to the result type. Full is the width of the type;
/// U64 is for vectors.
enum class MemKind : uint8_t { Full, U8, S8, U16, S16, U32, S32, U64 };

constexpr uint32_t bytes_of(MemKind kind, Type type) {
  constexpr uint8_t kBytes[] = {0, 1, 1, 2, 2, 4, 4, 8};
  return kind == MemKind::Full ? bytes_of(type) : kBytes[static_cast<uint8_t>(kind)];
}
constexpr bool is_signed(MemKind kind) {
  return kind == MemKind::S8 || kind == MemKind::S16 || kind == MemKind::S32;
}

}  // namespace vitrine::ir

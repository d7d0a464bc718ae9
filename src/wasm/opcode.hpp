// Operators: the enumeration, what is known about each, and how to find one by its encoding or its mnemonic.
//
// All of it expands from opcodes.def. Cost: finding by encoding is one load from a flat table; by mnemonic, one hash.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wasm/features.hpp"

namespace vitrine::wasm {

enum class Op : uint16_t {
#define OP(name, ...) name,
#include "wasm/opcodes.def"
#undef OP
  Illegal  // no operator: what the encoding tables answer for a hole
};

/// What follows an opcode in the binary format. Where the binary order differs from the text order, both are given.
enum class Imm : uint8_t {
  None,
  BlockType,     // s33 type index, 0x40 or a value type
  Label,         // u32
  LabelTable,    // vector of u32 labels, then the default label
  Func,          // u32 function index
  TypeTable,     // u32 type index, u32 table index (text: table, then type use)
  Type,          // u32 type index
  Local,         // u32
  Global,        // u32
  Table,         // u32
  Memory,        // u32 (a zero byte before multi-memory)
  MemArg,        // u32 flags (alignment, bit 6: memory index follows), [u32 memory index], u64 offset
  MemArgLane,    // MemArg, then a lane byte
  I32,           // s32
  I64,           // s64
  F32,           // 4 bytes
  F64,           // 8 bytes
  V128,          // 16 bytes
  HeapType,      // s33
  SelectTypes,   // vector of value types
  Data,          // u32
  Elem,          // u32
  DataMemory,    // u32 data index, u32 memory index (text: memory, then data)
  ElemTable,     // u32 element index, u32 table index (text: table, then element)
  MemoryMemory,  // u32 destination, u32 source
  TableTable,    // u32 destination, u32 source
  TypeField,     // u32 type index, u32 field index
  TypeCount,     // u32 type index, u32 number of operands
  TypeData,      // u32 type index, u32 data index
  TypeElem,      // u32 type index, u32 element index
  TypeType,      // u32 destination type index, u32 source type index
  BrOnCast,      // flags byte, u32 label, two heap types
  Tag,           // u32
  TryTable,      // block type, vector of catch clauses
  Lane,          // byte
  Lanes16,       // 16 lane bytes
  ZeroByte       // 0x00
};

/// Operand and result types of an operator whose types do not depend on anything but its memory's address type. Each
/// character is one of `i l f d v a` (see opcodes.def); operands are in stack order, the last one on top.
struct Sig {
  char operands[4] = {};
  char results[2] = {};
  uint8_t operand_count = 0;
  uint8_t result_count = 0;
  bool custom = false;  // "*": depends on the context

  constexpr Sig() = default;
  constexpr explicit Sig(std::string_view text) : custom(text == "*") {
    if (custom) return;
    bool after = false;
    for (char c : text) {
      if (c == ':') {
        after = true;
      } else if (after) {
        results[result_count++] = c;
      } else {
        operands[operand_count++] = c;
      }
    }
  }
};

struct OpInfo {
  std::string_view name;      // the enumerator: "I32Add"
  std::string_view mnemonic;  // "i32.add"
  uint16_t code;
  uint8_t prefix;  // 0: none
  Imm imm;
  Sig sig;
  uint8_t aux;  // memory accesses: log2 of the natural alignment; lane accesses: number of lanes
  Feature feature;
  uint8_t fuel;
};

inline constexpr OpInfo kOps[] = {
#define OP(name, prefix, code, text, imm, sig, aux, feature, fuel) \
  {#name, text, code, prefix, Imm::imm, Sig(sig), aux, Feature::feature, fuel},
#include "wasm/opcodes.def"
#undef OP
};
inline constexpr size_t kOpCount = std::size(kOps);
static_assert(std::ranges::is_sorted(kOps, {}, [](const OpInfo& op) { return op.prefix << 16 | op.code; }));

constexpr const OpInfo& info(Op op) {
  return kOps[static_cast<size_t>(op)];
}

/// One flat table per prefix, 512 entries wide for vectors; `Op::Illegal` in the holes.
template <uint8_t Prefix, size_t Size>
consteval std::array<Op, Size> make_encoding_table() {
  std::array<Op, Size> table;
  table.fill(Op::Illegal);
  for (size_t i = 0; i < kOpCount; ++i) {
    if (kOps[i].prefix == Prefix) table[kOps[i].code] = static_cast<Op>(i);
  }
  return table;
}
inline constexpr auto kOneByteOps = make_encoding_table<0, 256>();
inline constexpr auto kFbOps = make_encoding_table<0xfb, 256>();
inline constexpr auto kFcOps = make_encoding_table<0xfc, 256>();
inline constexpr auto kFdOps = make_encoding_table<0xfd, 512>();
inline constexpr auto kFeOps = make_encoding_table<0xfe, 256>();

constexpr bool is_prefix(uint8_t byte) {
  return byte >= 0xfb && byte <= 0xfe;
}

/// The operator of an encoding (prefix 0: a one-byte opcode), or `Op::Illegal`.
constexpr Op find_op(uint8_t prefix, uint32_t code) {
  switch (prefix) {
    case 0:
      return code < kOneByteOps.size() ? kOneByteOps[code] : Op::Illegal;
    case 0xfb:
      return code < kFbOps.size() ? kFbOps[code] : Op::Illegal;
    case 0xfc:
      return code < kFcOps.size() ? kFcOps[code] : Op::Illegal;
    case 0xfd:
      return code < kFdOps.size() ? kFdOps[code] : Op::Illegal;
    case 0xfe:
      return code < kFeOps.size() ? kFeOps[code] : Op::Illegal;
    default:
      return Op::Illegal;
  }
}

/// The operator of a mnemonic. Three mnemonics have two encodings; the first is answered: `select` (then SelectT),
/// `ref.test` and `ref.cast` (then the Null forms).
std::optional<Op> find_op(std::string_view mnemonic);

}  // namespace vitrine::wasm

// One decoded operator: opcode, where it stands, immediates; and what the validator knows about it besides.
#pragma once

#include <cstdint>
#include <span>

#include "wasm/opcode.hpp"
#include "wasm/types.hpp"

namespace vitrine::wasm {

struct MemArg {
  uint64_t offset = 0;  // at most 2^32-1 for a 32-bit memory
  uint32_t memory = 0;
  uint8_t align_log2 = 0;
};

/// The type of a block, resolved.
struct BlockType {
  std::span<const ValType> params;
  std::span<const ValType> results;
};

/// One clause of `try_table`.
struct CatchClause {
  enum Kind : uint8_t { Catch, CatchRef, CatchAll, CatchAllRef };
  Kind kind = Catch;
  uint32_t tag = 0;    // if Catch or CatchRef
  uint32_t label = 0;  // depth
};

/// Only the fields that `info(op).imm` calls for mean something; the rest hold what an earlier operator left there.
struct Operator {
  Op op = Op::Nop;
  uint32_t offset = 0;  // of the opcode in the module

  /// The only or first index: local, global, function, table, memory, type, data, element, tag, or label depth.
  /// Two-index immediates (binary order, as `Imm` lists them):
  ///   TypeTable     index = type,        index2 = table
  ///   DataMemory    index = data,        index2 = memory
  ///   ElemTable     index = element,     index2 = table
  ///   MemoryMemory, TableTable, TypeType  index = destination, index2 = source
  ///   TypeField, TypeCount, TypeData, TypeElem  index = type, index2 = the other
  uint32_t index = 0;
  uint32_t index2 = 0;
  uint64_t bits = 0;       // I32, F32: the low 32 bits (upper ones zero); I64, F64: all; V128: the low half
  uint64_t high = 0;       // V128: the high half
  MemArg mem;              // MemArg, MemArgLane
  uint8_t lanes[16] = {};  // Lane, MemArgLane: lanes[0]; Lanes16: all
  BlockType block;         // BlockType, TryTable
  uint32_t block_type_index = kNoIndex;  // the type index of `block`, if it was given by one
  ValType type;                          // HeapType: (ref null ht); SelectT: the type; BrOnCast: the source type
  ValType type2;                         // BrOnCast: the target type
  // LabelTable: label depths; `index` is the default. Valid until the next operator.
  std::span<const uint32_t> targets;
  std::span<const CatchClause> catches;   // TryTable; valid until the next operator
  std::span<const ValType> select_types;  // SelectTypes; always one if valid
};

/// What the validator knows about an operator.
struct OperandInfo {
  /// Whether control can get here, as the specification sees it: false behind an unconditional branch up to the end of
  /// its block, and in blocks nested there. Operators other than block, loop, if, try_table, else and end are handed
  /// out only if true; for `else` and `end` it says whether the code just before them falls through.
  bool reachable = true;
  /// Reachable code only. drop, select: the type of the (first) operand; ref.is_null: of its operand; local.*,
  /// global.*: of the variable; table.get/set/grow/fill/init/copy: of the elements; memory accesses, memory.*,
  /// table.size: the address type.
  ValType type;
  /// call, call_indirect, return_call*, call_ref: the signature called.
  const FuncType* callee = nullptr;
  /// br, br_if, br_table (the default's), return: the types the label takes; else, end: the results of the block.
  std::span<const ValType> label;
  /// Height of the operand stack before the operator (all of the function's operands).
  uint32_t height = 0;
};

}  // namespace vitrine::wasm

// What the register allocator is given and what it answers. It knows no machine and no IR: instructions are lists of
// operands with constraints, blocks are ranges of instructions.
//
// Positions. Instruction i has an early point (uses are read) and a late point (defs are written). A use that must
// survive until the defs are written is a Late use; a def written before the uses are read is an Early def. Conditions
// the caller keeps: SSA (one def a vreg, or one block parameter), critical edges are split, a branch's arguments are
// passed to the block parameters of its successor, blocks are in final order and the entry comes first, and only a
// block with one successor passes arguments. A block has at least one instruction, its last is the terminator; one that
// passes control to a single successor has no operands (edge moves go before it). A terminator of two successors may
// define values that live on from it: late, Fixed, as its last operands (BlockInfo::edge_defs). Each belongs to one of
// the two edges and is used only behind that; nothing can be done between the terminator and its edges, so that what a
// call which ends a block clobbers is gone on both. The entry has no parameters: what a function is given comes from
// Fixed defs of its first instruction. Edits never touch the flags, so a Remat must not either. Two different vregs are
// never Fixed in one register at the same point.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/index.hpp"

namespace vitrine::regalloc {

struct VRegTag {
  static constexpr const char* kPrefix = "%";
};
using VReg = Index<VRegTag>;

enum class RegClass : uint8_t { Int, Float };
inline constexpr unsigned kClasses = 2;

/// A physical register: 0..31 of class Int, 32..63 of class Float.
struct PReg {
  uint8_t index = 0xff;
  constexpr bool valid() const { return index != 0xff; }
  constexpr RegClass cls() const { return index < 32 ? RegClass::Int : RegClass::Float; }
  constexpr uint8_t hw() const { return index & 31; }
  friend constexpr bool operator==(PReg, PReg) = default;
};
constexpr PReg int_reg(unsigned hw) {
  return PReg{static_cast<uint8_t>(hw)};
}
constexpr PReg float_reg(unsigned hw) {
  return PReg{static_cast<uint8_t>(32 + hw)};
}

/// A set of physical registers.
struct PRegSet {
  uint64_t bits = 0;
  constexpr void add(PReg r) { bits |= 1ull << r.index; }
  constexpr bool has(PReg r) const { return bits >> r.index & 1; }
  constexpr PRegSet operator|(PRegSet o) const { return {bits | o.bits}; }
};

enum class Role : uint8_t { Use, Def };
enum class Point : uint8_t { Early, Late };
enum class Constraint : uint8_t {
  Any,    // a register or its spill slot (an operand the machine can take from memory)
  Reg,    // any register of its class
  Fixed,  // the register `arg`
  Reuse,  // a Def in the same register as use operand number `arg` of this instruction (two-address code)
  Stack   // its spill slot
};

struct Operand {
  VReg vreg;
  Role role = Role::Use;
  Point point = Point::Early;
  Constraint constraint = Constraint::Reg;
  uint8_t arg = 0;
};

struct InstInfo {
  uint32_t first_operand = 0;
  uint16_t operand_count = 0;
  uint8_t clobbers = 0;  // index into Input::clobber_sets; 0 is the empty set. A register may be clobbered and a fixed
                         // Def at once (a call's result); uses are read before clobbers are written
  uint8_t is_move = 0;   // operand 0 (Def) := operand 1 (Use), same class: may be coalesced to nothing
};

struct BlockInfo {
  uint32_t first_inst = 0, end_inst = 0;
  std::span<const uint32_t> succs, preds;  // block numbers
  std::span<const VReg> params;
  std::span<const VReg> branch_args;  // of the last instruction, to the only successor
  uint32_t loop_depth = 0;
  uint8_t cold = 0;
  uint8_t edge_defs = 0;     // how many of the last instruction's operands, at their end, are definitions for an edge
  uint8_t landing_defs = 0;  // the last of those: for the edge to succs[1]. The others are for that to succs[0]
};

struct VRegInfo {
  RegClass cls = RegClass::Int;
  uint8_t bytes = 8;  // 4, 8 or 16: what a spill saves and a move carries
  uint8_t remat = 0;  // may be computed again anywhere instead of reloaded (constants, read-only context loads)
};

struct Input {
  std::span<const BlockInfo> blocks;
  std::span<const InstInfo> insts;
  std::span<const Operand> operands;
  std::span<const PRegSet> clobber_sets;
  std::span<const VRegInfo> vregs;
  // The machine. Allocation order: caller-saved registers first, then callee-saved ones (using one costs a save).
  std::span<const PReg> order[kClasses];
  PRegSet callee_saved;
  // A float register that is never allocated: carries memory-to-memory moves and breaks float cycles.
  PReg scratch;
  // An integer register that is never allocated and breaks integer cycles; invalid where the machine exchanges
  // registers (Edit::Swap).
  PReg int_scratch = {};
};

/// Where an operand is: a register or a spill slot (in units of 8 bytes; a 16-byte value takes two, even-aligned).
struct Allocation {
  static constexpr uint32_t kSpill = 1u << 31;
  uint32_t bits = ~0u;
  static constexpr Allocation reg(PReg r) { return {r.index}; }
  static constexpr Allocation spill(uint32_t slot) { return {slot | kSpill}; }
  constexpr bool valid() const { return bits != ~0u; }
  constexpr bool is_reg() const { return bits < 64; }
  constexpr bool is_spill() const { return valid() && (bits & kSpill); }
  constexpr PReg preg() const { return PReg{static_cast<uint8_t>(bits)}; }
  constexpr uint32_t slot() const { return bits & ~kSpill; }
  friend constexpr bool operator==(Allocation, Allocation) = default;
};

/// Something to do before instruction `inst` (point Early) or after it (point Late), in the order of the list.
struct Edit {
  enum class Kind : uint8_t { Move, Swap, Remat };
  uint32_t inst;
  Point point;
  Kind kind;
  uint8_t bytes;        // of the value moved
  Allocation from, to;  // one of them a register, both of one bank; Remat: only `to`, a register
  VReg vreg;            // the value, for Remat (what to compute) and for the checker
};

struct Output {
  std::vector<Allocation> allocs;  // one an operand, same numbering
  std::vector<Edit> edits;         // sorted by (inst, point)
  uint32_t spill_slots = 0;        // of 8 bytes
  PRegSet used_callee_saved;
};

/// Linear scan with splitting: the optimising mode. Costs O(n log n).
void allocate_linear_scan(const Input& in, Output& out);
/// One pass, block by block; values that cross blocks live in their slots. Costs O(n).
void allocate_fast(const Input& in, Output& out);
/// Both keep memory for the thread's next function: frees it.
void release_memory();
/// Follows every value symbolically through `out` and answers the first contradiction, or an empty string.
std::string check(const Input& in, const Output& out);

}  // namespace vitrine::regalloc

// Machine code of one function over virtual registers: what lowering writes, the register allocator reads and the
// emitter encodes.
//
// An instruction is 24 bytes. Its registers are operands in one shared pool (`regalloc::InstInfo` says which), so that
// the allocator sees nothing else. Instructions and their InstInfo have the same numbering. What an opcode means is the
// target's business: this file knows only what all targets share, and a table of names for printing.
//
// What always holds (`verify`)
//   - The operands stand in the pool in the order of their instructions.
//   - Blocks are in final order, the entry first; a block's instructions are [first_inst, end_inst), and not empty.
//   - Every vreg has one definition (an operand or a block parameter).
//   - Only a block with one successor has branch arguments, as many as the successor has parameters.
//   - A block with several successors has only successors with one predecessor each: no critical edges.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/regalloc/interface.hpp"

namespace vitrine::mach {

using regalloc::VReg;

/// What a memory operand is relative to: an operand of the instruction (its number), or one of these.
enum MemBase : uint8_t {
  kMaxMemOperand = 0xef,  // up to here: the operand with this number
  kMemContext = 0xf0,     // the pinned context register
  kMemSlot,               // IR stack slot area; disp is an offset in it
  kMemOutgoing,           // stack arguments (and results) of calls, disp from the stack pointer
  kMemIncoming,           // this function's stack arguments and results, disp from the first
  kMemConst,              // constant pool; disp is the number of the constant
  kMemAbsolute,           // no base: disp (and index) alone
  kMemNone                // no memory operand, or no index
};

enum MInstFlags : uint8_t {
  kShiftMask = 3,  // log2 of the scale of the memory operand's index
  kImm = 4,        // the last source operand is `imm`
};

struct MInst {
  uint16_t op = 0;
  uint8_t size = 0;   // bytes operated on
  uint8_t cc = 0;     // condition
  uint8_t flags = 0;  // MInstFlags
  uint8_t trap = 0;   // trap code, when this may trap
  uint8_t base = kMemNone;
  uint8_t index = kMemNone;
  int32_t disp = 0;
  uint32_t srcloc = 0;
  int64_t imm = 0;  // immediate, successors, symbol, number in a side table

  bool has_mem() const { return base != kMemNone; }
  bool has_imm() const { return flags & kImm; }
  unsigned shift() const { return flags & kShiftMask; }
};
static_assert(sizeof(MInst) == 24);

/// A constant in the read-only tail of the function.
struct PoolConst {
  uint64_t lo, hi;
  uint8_t bytes;  // 4, 8 or 16: size and alignment
};

/// What a call instruction does besides its operands.
struct CallInfo {
  uint32_t symbol = ~0u;    // direct calls
  uint32_t stack_args = 0;  // bytes, multiple of 16
  uint8_t callee_pops = 0;  // the callee removes them
  uint8_t foreign = 0;      // the callee has another context: operand `context_operand`
  uint8_t restore = 0;      // the context register is restored from the frame afterwards
  uint8_t context_operand = 0;
  // Of a call that ends a block: where it comes back to, and the block where what was thrown lands; how many of its
  // last operands are its results in registers, and behind them the payload of the landing.
  uint32_t normal = 0, landing = 0;
  uint8_t results = 0, payload = 0;
};

/// What a printer needs to know of a target.
struct Printing {
  const char* (*op_name)(uint16_t op);
  const char* (*cc_name)(uint8_t cc);
  std::string (*reg_name)(regalloc::PReg reg);
};

class VCode {
 public:
  std::string name;
  std::vector<MInst> insts;
  std::vector<regalloc::InstInfo> infos;
  std::vector<regalloc::Operand> operands;
  std::vector<regalloc::VRegInfo> vregs;
  std::vector<regalloc::BlockInfo> blocks;
  std::vector<uint8_t> loop_header;  // by block
  std::vector<uint8_t> landing;      // by block: an unwinder comes here, from a call that ended a block
  std::vector<uint32_t> remat;       // by vreg: number in `remat_insts`, or ~0
  std::vector<MInst> remat_insts;
  std::vector<PoolConst> consts;
  std::vector<CallInfo> calls;
  std::vector<std::vector<uint32_t>> tables;  // jump tables: block numbers
  uint32_t table_count = 0;                   // of `tables` in use
  std::vector<uint32_t> entries;              // of a piece: the blocks that its `enter` leads to
  // What the spans of `blocks` point into
  std::vector<uint32_t> edges;
  std::vector<VReg> block_vregs;
  uint32_t srcloc = 0;  // of the prologue
  // Frame
  uint32_t slot_bytes = 0;      // IR stack slots
  uint32_t outgoing_bytes = 0;  // most that a call passes and gets back on the stack
  uint32_t incoming_args = 0;   // bytes of this function's stack arguments, multiple of 16
  uint8_t callee_pops = 0;      // this function removes them
  uint8_t has_calls = 0;        // without tail calls
  uint8_t has_tail_calls = 0;
  uint8_t saves_context = 0;  // some call restores the context register from the frame

  VReg make_vreg(regalloc::RegClass cls, uint8_t bytes) {
    vregs.push_back({cls, bytes, 0});
    remat.push_back(~0u);
    return VReg(static_cast<uint32_t>(vregs.size() - 1));
  }
  /// `v` may be computed again by `inst`, which has no register operand but its definition.
  void set_remat(VReg v, const MInst& inst) {
    vregs[v.raw()].remat = 1;
    remat[v.raw()] = static_cast<uint32_t>(remat_insts.size());
    remat_insts.push_back(inst);
  }
  /// The number of a constant, shared with an equal one of late.
  uint32_t add_const(uint64_t lo, uint64_t hi, uint8_t bytes);
  std::span<const regalloc::Operand> operands_of(uint32_t inst) const {
    return {operands.data() + infos[inst].first_operand, infos[inst].operand_count};
  }
  /// For reuse: keeps the memory.
  void clear();
};

/// The text of `code`; with `allocs`, what each operand got behind it.
std::string print(const VCode& code, const Printing& printing, const regalloc::Output* allocation = nullptr);
/// The first broken invariant, or an empty string.
std::string verify(const VCode& code);

}  // namespace vitrine::mach

// Instruction selection: from IR to machine instructions over virtual registers.
//
// Blocks are visited in postorder and each backwards, so every use is seen before its definition: what nobody asked for
// is not lowered, and a consumer decides whether its producer becomes part of it (an addressing mode, a memory operand,
// a fused comparison). Asking for a value's register (`use_reg`) is what makes its definition be lowered.
//
// What always holds
//   - An I32 in a register has zero upper bits, so `uextend` shares its operand's register.
//   - A load moves down into its consumer only when it has no other use, both stand in one block, and between them is
//     nothing that writes, calls or may trap (`color`). It never becomes wider.
//   - Nothing that writes the flags stands between a comparison and what reads it: operands, constants among them, are
//     brought into registers before the comparison.
// Cost: O(instructions); look-through is bounded.
#pragma once

#include <span>
#include <vector>

#include "abi/settings.hpp"
#include "compiler/ir/cfg.hpp"
#include "compiler/ir/dominators.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/ir/loops.hpp"
#include "compiler/mach/vcode.hpp"
#include "compiler/x64/callconv.hpp"
#include "compiler/x64/insts.hpp"

namespace vitrine::x64 {

using mach::VCode;
using regalloc::Constraint;
using regalloc::Point;
using regalloc::RegClass;
using regalloc::VReg;

/// An address: a base (register `base`, or one of mach::MemBase), an index and a displacement.
struct Amode {
  static constexpr uint8_t kReg = 0;
  uint8_t kind = mach::kMemAbsolute;  // kReg or a MemBase
  uint8_t shift = 0;
  int32_t disp = 0;
  VReg base, index;
};

/// A source operand that may be a register, in memory or an immediate.
struct Src {
  enum class Kind : uint8_t { Reg, Mem, Imm } kind = Kind::Reg;
  uint8_t trap = 0;  // Mem: what an access that fails means
  uint32_t srcloc = 0;
  VReg reg;
  Amode mem;
  int64_t imm = 0;
};

class Lower {
 public:
  explicit Lower(const abi::CodegenSettings& settings);

  struct Mode {
    bool fast = false;  // leave out what costs compile time
    bool restore_context_after_calls = false;
  };
  /// No instruction of `func` mentions an alias (Func::resolve_all).
  void run(ir::Func& func, VCode& out, Mode mode);

 private:
  // A block being made: an IR block, or a block on an edge. Its instructions are a range of `insts_`, last first.
  struct Proto {
    uint32_t first = 0, end = 0;
    uint32_t first_arg = 0, arg_count = 0;    // in args_
    uint32_t first_edge = 0, edge_count = 0;  // IR blocks: edge blocks made for its terminator
    uint32_t number = ~0u;                    // in the final order
    uint32_t depth = 0;
    uint8_t deferred = 0;  // placed behind everything that is not
    uint8_t header = 0;
  };

  // -- lower.cpp: the walk and the assembly of the final code
  void analyse();
  void find_crossing();
  void lower_block(ir::Block b);
  void lower_entry();
  void lower_terminator(ir::Inst inst);
  uint32_t make_edge(const ir::BlockCall& call);
  void begin_proto(uint32_t proto);
  void end_proto(uint32_t proto);
  void pass_args(uint32_t proto, const ir::BlockCall& call);
  void sink_step(const ir::BlockCall& call);
  bool deferrable(ir::Block b) const;
  void order_blocks();
  void assemble();
  uint32_t final_number(uint32_t proto) const { return protos_[proto].number; }

  // -- lower.cpp: values
  ir::Value arg(const ir::InstData& d, unsigned n) const { return ir::Value(d.a[n]); }
  VReg vreg_of(ir::Value v) {
    VReg& r = vregs_[v.raw()];
    if (!r.valid()) r = fresh(f_->type_of(v));
    return r;
  }
  VReg fresh(ir::Type type);
  VReg use_reg(ir::Value v);
  /// As use_reg where only the low half of the register is looked at.
  VReg use_low(ir::Value v);
  VReg result_of(const ir::InstData& d);
  VReg int_const(ir::Type type, uint64_t value);
  VReg float_const(ir::Type type, uint64_t bits);
  bool is_const(ir::Value v, uint64_t* out) const { return f_->is_const(v, out); }
  bool imm32(ir::Value v, int64_t* out) const;
  const ir::InstData* def_of(ir::Value v, ir::Inst* inst = nullptr) const {
    ir::Inst i = f_->def_inst(v);
    if (!i.valid()) return nullptr;
    if (inst) *inst = i;
    return &(*f_)[i];
  }
  /// The definition of `v`, when it is a good idea to compute it again as part of the current instruction.
  const ir::InstData* foldable(ir::Value v) const {
    const ir::InstData* d = def_of(v);
    if (!d || d->block == block_) return d;
    // Not into a loop: what was hoisted out of it stays there.
    if (mode_.fast || protos_[d->block.raw()].depth < protos_[block_.raw()].depth) return nullptr;
    return d;
  }
  /// The same, if it is an `op`.
  const ir::InstData* foldable(ir::Value v, ir::Op op) const {
    const ir::InstData* d = foldable(v);
    return d && d->op == op ? d : nullptr;
  }
  uint32_t uses(ir::Value v) const { return uses_[v.raw()]; }
  /// Whether `v` will be needed after its use in the current instruction, as far as counting can tell: it has other
  /// uses, or comes from outside of the loop that this is in.
  bool lives_on(ir::Value v) const;
  bool may_fold_load(ir::Value v, unsigned bytes);
  Src fold_load(ir::Value v);
  Src rm(ir::Value v, unsigned bytes);
  Src rmi(ir::Value v, unsigned bytes);
  Src reg_src(VReg r) { return Src{.reg = r}; }

  // -- lower.cpp: building one machine instruction
  void begin(MOp op, unsigned size, CC cc = CC::O);
  void add_operand(VReg v, regalloc::Role role, Point point, Constraint constraint, uint8_t arg) {
    operands_.push_back({v, role, point, constraint, arg});
  }
  void def(VReg v, Point point = Point::Late) { add_operand(v, regalloc::Role::Def, point, Constraint::Reg, 0); }
  void def_tied(VReg v, uint8_t arg) { add_operand(v, regalloc::Role::Def, Point::Late, Constraint::Reuse, arg); }
  void def_fixed(VReg v, PReg r, Point point = Point::Late) {
    add_operand(v, regalloc::Role::Def, point, Constraint::Fixed, r.index);
  }
  void use(VReg v, Point point = Point::Early) { add_operand(v, regalloc::Role::Use, point, Constraint::Reg, 0); }
  void use_any(VReg v) { add_operand(v, regalloc::Role::Use, Point::Early, Constraint::Any, 0); }
  void use_fixed(VReg v, PReg r) { add_operand(v, regalloc::Role::Use, Point::Early, Constraint::Fixed, r.index); }
  void mem(const Amode& a);
  void src(const Src& s);
  void imm(int64_t value);
  void end();
  mach::MInst& last() { return insts_.back(); }

  void emit_rm(MOp op, unsigned size, VReg d, const Src& s);
  void emit_alu(MOp op, unsigned size, VReg d, VReg a, const Src& b);
  void emit_vex3(MOp op, unsigned size, VReg d, VReg a, const Src& b);
  void emit_alu_imm(MOp op, unsigned size, VReg d, VReg a, int64_t value);
  void emit_move(VReg d, VReg s);
  void emit_lea(unsigned size, VReg d, const Amode& a);

  // -- lower_int.cpp
  void lower_int(ir::Inst i, const ir::InstData& d);
  void lower_add(ir::Inst i, const ir::InstData& d);
  void lower_and(ir::Inst i, const ir::InstData& d);
  void lower_mul(const ir::InstData& d);
  void lower_mul_hi(const ir::InstData& d);
  void lower_div(const ir::InstData& d);
  void lower_shift(const ir::InstData& d);
  void lower_bits(const ir::InstData& d);
  void lower_commutative(const ir::InstData& d, MOp op);
  void lower_extend(const ir::InstData& d);
  bool flags_wanted(ir::Inst i) const { return force_flags_ == i; }

  // -- lower_float.cpp
  void lower_float(ir::Inst i, const ir::InstData& d);
  void lower_float_binary(const ir::InstData& d, MOp op);
  void lower_float_bits(const ir::InstData& d);
  void lower_conversion(const ir::InstData& d);
  Src mask(uint64_t lo, uint64_t hi);
  void emit_float(MOp op, unsigned size, VReg d, VReg a, const Src& b);

  // -- lower_mem.cpp
  Amode amode(ir::Value address, int32_t disp);
  bool split_scaled(const ir::InstData* shift, Amode& a);
  void lower_load(ir::Inst i, const ir::InstData& d);
  void lower_store(ir::Inst i, const ir::InstData& d);
  bool lower_read_modify_write(const ir::InstData& store, unsigned bytes);
  void emit_load(ir::Type type, ir::MemKind kind, VReg d, const Amode& a);
  void emit_store(ir::Type type, unsigned bytes, ir::Value value, const Amode& a);
  Amode slot(const ir::InstData& d);  // what it names of the stack

  // -- lower_cond.cpp
  CC lower_cond(ir::Value cond, bool negated);
  /// `once`: nowhere else is the comparison computed as well; a load may move into it.
  CC lower_icmp(const ir::InstData& d, ir::Inst inst, bool once);
  CC lower_fcmp(const ir::InstData& d, bool once);
  bool reuse_flags(ir::Value v, ir::IntCC cc, ir::Inst compare);
  void lower_compare_value(const ir::InstData& d, ir::Inst inst);
  void lower_select(const ir::InstData& d);
  void lower_trapif(const ir::InstData& d);

  // -- lower_call.cpp
  void lower_call(ir::Inst i, const ir::InstData& d);
  void lower_tail_call(ir::Inst i, const ir::InstData& d);
  void lower_return(ir::Inst i);
  bool is_own_context(ir::Value v);
  void gather_args(const ir::Signature& sig, std::span<const ir::Value> args, bool& foreign, VReg& context);

  bool has(uint32_t feature) const { return (settings_.cpu_features & feature) == feature; }
  static RegClass class_of(ir::Type t) { return ir::is_int(t) ? RegClass::Int : RegClass::Float; }

  const abi::CodegenSettings settings_;
  Mode mode_;
  ir::Func* f_ = nullptr;
  VCode* out_ = nullptr;
  ir::Cfg cfg_;
  ir::DomTree dom_;
  ir::LoopForest loops_;

  // By IR value and instruction
  std::vector<VReg> vregs_;
  std::vector<uint32_t> uses_;
  std::vector<uint8_t> crosses_;  // used in another block than defined, or passed to one; not in the fast mode
  static constexpr uint32_t kSunk = ~0u;
  std::vector<uint32_t> color_;  // grows at every effect; kSunk: a load that became part of its consumer
  std::vector<uint32_t> slots_;  // offset of each IR stack slot

  // The code so far, each block's last instruction first
  std::vector<mach::MInst> insts_;
  std::vector<regalloc::InstInfo> infos_;
  std::vector<regalloc::Operand> operands_;
  std::vector<Proto> protos_;  // IR blocks by number, then edge blocks
  std::vector<VReg> args_;
  std::vector<uint32_t> order_;  // protos
  struct Range {
    uint32_t first = 0, count = 0;
  };
  std::vector<Range> succs_, preds_;  // of the final blocks, in VCode::edges
  std::vector<uint32_t> late_;
  std::vector<uint32_t> layout_index_;  // by IR block
  std::vector<std::pair<ir::Block, uint32_t>> case_edges_;

  // The current block and instruction
  ir::Block block_;
  ir::Inst inst_;
  ir::Inst force_flags_;  // this instruction must leave the flags of its result, and be the last of its group
  uint32_t srcloc_ = 0;
  std::vector<uint32_t> edge_targets_;
  struct RegArg {
    VReg reg;
    PReg in;
  };
  std::vector<RegArg> reg_args_;
};

}  // namespace vitrine::x64

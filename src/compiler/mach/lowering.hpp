// What is the same in every lowering from IR to machine code: the order of the walk, what is known of values, and the
// assembly of what the target emitted into a VCode. A back end derives from it and says how each instruction becomes
// its own; it knows nothing of blocks and edges.
//
// Blocks are visited in postorder and each backwards, so every use is seen before its definition: what nobody asked for
// is not lowered, and a consumer decides whether its producer becomes part of it. Asking for a value's register
// (`use_reg`) is what makes its definition be lowered.
//
// What always holds
//   - The IR comes with critical edges split and its blocks in their final order (opt's layout): both are kept.
//   - An I32 in a register has zero upper bits, so `uextend` shares its operand's register.
//   - A load moves down into its consumer only when it has no other use, both stand in one block, and between them is
//     nothing that writes, calls or may trap otherwise than it does (`color`). It never becomes wider.
// Cost: O(instructions); look-through is bounded.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/cfg.hpp"
#include "compiler/ir/dominators.hpp"
#include "compiler/ir/func.hpp"
#include "compiler/ir/loops.hpp"
#include "compiler/mach/vcode.hpp"

namespace vitrine::mach {

using regalloc::Constraint;
using regalloc::Point;
using regalloc::RegClass;

class Lowering {
 public:
  struct Mode {
    bool fast = false;  // leave out what costs compile time
    bool restore_context_after_calls = false;
  };
  /// No instruction of `func` mentions an alias (Func::resolve_all).
  void run(ir::Func& func, VCode& out, Mode mode);

 protected:
  Lowering() = default;
  ~Lowering() = default;

  // -- what a target does. Instructions are emitted one group at a time, first to last.
  /// Sets what the VCode says of the function's own frame and convention.
  virtual void begin_function() = 0;
  /// One instruction that something needs, and which has not become part of another.
  virtual void lower_inst(ir::Inst inst, const ir::InstData& d) = 0;
  /// The entry's parameters: those with a register in `vregs_` are wanted.
  virtual void lower_entry() = 0;
  /// A call that ends its block: its last operands define the results in registers and then the payload, as the
  /// CallInfo that `imm` of what is emitted last names says.
  virtual void lower_invoke(ir::Inst inst, const ir::InstData& d) = 0;
  /// What is left to be done where that comes back, at the beginning of the block that it comes back to; before
  /// `lower_invoke`, as blocks are lowered backwards.
  virtual void lower_return_from(ir::Inst invoke) = 0;
  /// A terminator of several successors or none. Blocks are not its concern: `imm` of what it emits last is set here.
  virtual void lower_terminator(ir::Inst inst, const ir::InstData& d) = 0;
  /// A jump; its target is set here.
  virtual void emit_jump() = 0;
  virtual VReg int_const(ir::Type type, uint64_t value) = 0;
  virtual VReg float_const(ir::Type type, uint64_t bits) = 0;
  virtual VReg vector_const(ir::Bits128 bits) = 0;
  /// The register of the running instance's context, as a value.
  virtual VReg context_reg() = 0;
  /// Whether `v` is a constant that an addition or a subtraction takes as it is.
  virtual bool is_immediate(ir::Value v) const = 0;

  // -- values
  ir::Value arg(const ir::InstData& d, unsigned n) const { return ir::Value(d.a[n]); }
  VReg vreg_of(ir::Value v) {
    VReg& r = vregs_[v.raw()];
    if (!r.valid()) r = fresh(f_->type_of(v));
    return r;
  }
  static RegClass class_of(ir::Type t) { return ir::is_int(t) ? RegClass::Int : RegClass::Float; }
  VReg fresh(ir::Type type);
  VReg use_reg(ir::Value v);
  /// As use_reg where only the low half of the register is looked at.
  VReg use_low(ir::Value v);
  VReg result_of(const ir::InstData& d) { return vreg_of(d.result); }
  bool is_const(ir::Value v, uint64_t* out) const { return f_->is_const(v, out); }
  const ir::InstData* def_of(ir::Value v, ir::Inst* inst = nullptr) const {
    ir::Inst i = f_->def_inst(v);
    if (!i.valid()) return nullptr;
    if (inst) *inst = i;
    return &(*f_)[i];
  }
  ir::Block def_block(ir::Value v) const {
    const ir::ValueData& data = (*f_)[v];
    return data.kind == ir::ValueKind::Param ? ir::Block(data.def) : (*f_)[ir::Inst(data.def)].block;
  }
  /// The definition of `v`, when it is a good idea to compute it again as part of the current instruction.
  const ir::InstData* foldable(ir::Value v) const {
    const ir::InstData* d = def_of(v);
    if (!d || d->block == block_) return d;
    // Not into a loop: what was hoisted out of it stays there.
    if (mode_.fast || depth(d->block) < depth(block_)) return nullptr;
    return d;
  }
  /// The same, if it is an `op`.
  const ir::InstData* foldable(ir::Value v, ir::Op op) const {
    const ir::InstData* d = foldable(v);
    return d && d->op == op ? d : nullptr;
  }
  uint32_t uses(ir::Value v) const { return uses_[v.raw()]; }
  /// Whether anything uses a result of `d`.
  bool is_wanted(const ir::InstData& d) const {
    for (uint32_t n = 0; n < d.result_count; ++n)
      if (vregs_[d.result.raw() + n].valid()) return true;
    return false;
  }
  uint32_t depth(ir::Block b) const { return blocks_[b.raw()].depth; }
  /// Whether `v` will be needed after its use in the current instruction, as far as counting can tell: it has other
  /// uses, or comes from outside of the loop that this is in.
  bool lives_on(ir::Value v) const;
  /// Whether `v` is a load that can be done by the current instruction, which has a memory operand of `bytes`.
  bool may_fold_load(ir::Value v, unsigned bytes) const;
  /// The same of any width, also of one that is widened.
  bool may_fold_any_load(ir::Value v) const;
  /// Whether nothing between `i` and the current instruction writes, calls or may trap; loads that trap as `i` does may
  /// stand there, so that of two that both fault the second may be the one that is reported.
  bool may_sink(ir::Inst i) const { return color_[i.raw()] == color_[inst_.raw()]; }
  /// `i` became part of the current instruction.
  void sink(ir::Inst i) { color_[i.raw()] = kSunk; }
  bool is_sunk(ir::Inst i) const { return color_[i.raw()] == kSunk; }

  // -- building one machine instruction
  MInst& begin_inst(uint16_t op, unsigned size) {
    // Filled in where it stays: a copy of what was just written in small pieces would wait for them.
    MInst& m = insts_.emplace_back();
    m.op = op;
    m.size = static_cast<uint8_t>(size);
    m.srcloc = srcloc_;
    infos_.emplace_back().first_operand = static_cast<uint32_t>(operands_.size());
    return m;
  }
  void add_operand(VReg v, regalloc::Role role, Point point, Constraint constraint, uint8_t arg) {
    operands_.push_back({v, role, point, constraint, arg});
  }
  void def(VReg v, Point point = Point::Late) { add_operand(v, regalloc::Role::Def, point, Constraint::Reg, 0); }
  void def_tied(VReg v, uint8_t arg) { add_operand(v, regalloc::Role::Def, Point::Late, Constraint::Reuse, arg); }
  void def_fixed(VReg v, regalloc::PReg r, Point point = Point::Late) {
    add_operand(v, regalloc::Role::Def, point, Constraint::Fixed, r.index);
  }
  void use(VReg v, Point point = Point::Early) { add_operand(v, regalloc::Role::Use, point, Constraint::Reg, 0); }
  void use_any(VReg v) { add_operand(v, regalloc::Role::Use, Point::Early, Constraint::Any, 0); }
  void use_fixed(VReg v, regalloc::PReg r) {
    add_operand(v, regalloc::Role::Use, Point::Early, Constraint::Fixed, r.index);
  }
  void end() {
    regalloc::InstInfo& info = infos_.back();
    info.operand_count = static_cast<uint16_t>(operands_.size() - info.first_operand);
  }
  /// How many operands the instruction has so far: the number of the next one.
  uint8_t operand_number() const { return static_cast<uint8_t>(operands_.size() - infos_.back().first_operand); }
  MInst& last() { return insts_.back(); }

  Mode mode_;
  ir::Func* f_ = nullptr;
  VCode* out_ = nullptr;
  std::vector<VReg> vregs_;      // by IR value
  std::vector<uint32_t> slots_;  // offset of each IR stack slot
  std::vector<MInst> insts_;     // so far, each block's last instruction first
  std::vector<regalloc::InstInfo> infos_;
  // The current block and instruction
  ir::Block block_;
  ir::Inst inst_;
  uint32_t srcloc_ = 0;

 private:
  enum class Exit : uint8_t { None, Jump, Branch, Table, Invoke, Enter };
  // What became of an IR block. Its instructions are a range of `insts_`, last first.
  struct Lowered {
    uint32_t first = 0, end = 0;
    uint32_t first_arg = 0, arg_count = 0;  // in args_
    uint32_t number = ~0u;                  // in the final order
    uint32_t depth = 0;
    uint8_t header = 0;
    Exit exit = Exit::None;
  };

  void analyse();
  void find_crossing();
  void layout_slots();
  void lower_block(ir::Block b);
  void lower_exit(ir::Inst inst);
  ir::Inst invoke_before(ir::Block b) const;
  void close_group(size_t group);
  void pass_args(const ir::BlockCall& call);
  void sink_step(const ir::BlockCall& call);
  void assemble();
  void connect_blocks();
  uint32_t number_of(uint64_t block) const { return blocks_[static_cast<uint32_t>(block)].number; }

  ir::Cfg cfg_;
  ir::DomTree dom_;
  ir::LoopForest loops_;
  std::vector<uint32_t> uses_;    // by IR value
  std::vector<uint8_t> crosses_;  // used in another block than defined, or passed to one; not in the fast mode
  static constexpr uint32_t kSunk = ~0u;
  std::vector<uint32_t> color_;  // by IR instruction; kSunk: became part of its consumer
  std::vector<regalloc::Operand> operands_;
  std::vector<Lowered> blocks_;  // by IR block
  std::vector<VReg> args_;
  std::vector<ir::Block> order_;  // the blocks that are reached
  struct Range {
    uint32_t first = 0, count = 0;
  };
  std::vector<Range> succs_, preds_;  // of the final blocks, in VCode::edges
};

}  // namespace vitrine::mach

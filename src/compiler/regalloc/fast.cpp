// One-pass register allocation: each block once, backwards, with no liveness analysis.
//
// Values that cross blocks, and all block parameters, live in a spill slot of their own, stored right after the
// definition; a register holding one is only a copy of the slot. What a terminator defines is stored where its edge
// leads. Values of one block get registers greedily and a slot only when they are pushed out; that slot is free again
// above the definition. A predecessor passes block parameters by storing into their slots. Rematerialised values have
// no slot: they are computed again wherever they are missing.
//
// Invariants of the backward walk, between two instructions
//   - home[v] = r if and only if occupant[r] = v: everything below was allocated as if v were in r here.
//   - A vreg with a slot has its value there from the definition on, so pushing it out of r costs only the reload that
//     goes right after the instruction in need of r.
//   - Edits are produced last first and reversed at the end.
// Around one instruction, in the order of execution: moves from homes into fixed and tied registers (never into a
// home); the instruction; stores of its definitions; moves from definitions to homes (never into a register that is
// defined); reloads. Cost: O(operands + block arguments), about 40 ns an instruction.
#include <algorithm>
#include <bit>
#include <memory>

#include "compiler/regalloc/linear_scan.hpp"
#include "compiler/regalloc/machine.hpp"
#include "compiler/regalloc/parallel_move.hpp"

namespace vitrine::regalloc {

namespace {

constexpr uint8_t kNoReg = 0xff;
constexpr uint32_t kNoSlot = ~0u;

struct VState {
  uint32_t def_block = ~0u;
  uint32_t slot = kNoSlot;
  uint8_t home = kNoReg;
  bool crosses = false;  // used in another block than defined, or a block parameter
  bool remat = false;
};

// What survives from function to function: only memory.
struct Scratch {
  std::vector<VState> vregs;
  std::vector<uint8_t> home_after;
  std::vector<uint32_t> free_slots[2], released;
  std::vector<Edit> reversed, stores, moves, reloads, before, edge;
  std::vector<VReg> remat_args;
  std::vector<Allocation> remat_params;
  ParallelMoves parallel;
};

class Fast {
 public:
  Fast(const Input& in, Output& out, Scratch& s) : in_(in), out_(out), s_(s), machine_(in) {
    for (PReg r : in.order[0]) order_[0][count_[0]++] = r.index;
    for (PReg r : in.order[1]) order_[1][count_[1]++] = r.index;
  }

  void run() {
    out_.allocs.assign(in_.operands.size(), Allocation());
    out_.edits.clear();
    out_.spill_slots = 0;
    out_.used_callee_saved = {};
    s_.reversed.clear();
    s_.parallel.begin_function(in_, &out_.spill_slots);
    find_crossing();
    for (auto b = static_cast<uint32_t>(in_.blocks.size()); b-- > 0;) block(b);
    out_.edits.assign(s_.reversed.rbegin(), s_.reversed.rend());
    out_.used_callee_saved = {touched_ & in_.callee_saved.bits};
  }

 private:
  void find_crossing() {
    s_.vregs.assign(in_.vregs.size(), VState());
    for (size_t v = 0; v < in_.vregs.size(); ++v) s_.vregs[v].remat = in_.vregs[v].remat;
    for (uint32_t b = 0; b < in_.blocks.size(); ++b) {
      const BlockInfo& block = in_.blocks[b];
      for (VReg p : block.params) {
        state(p).def_block = b;
        state(p).crosses = true;
        state(p).remat = false;  // there is no instruction to repeat
      }
      if (block.first_inst == block.end_inst) continue;
      const InstInfo& last = in_.insts[block.end_inst - 1];
      uint32_t from = in_.insts[block.first_inst].first_operand, to = last.first_operand + last.operand_count;
      for (const Operand& op : in_.operands.subspan(from, to - from)) {
        VState& v = state(op.vreg);
        if (op.role == Role::Def) {
          v.def_block = b;
        } else {
          v.crosses |= v.def_block != b;
        }
        if (op.constraint == Constraint::Stack) v.remat = false;
      }
      for (VReg a : block.branch_args) state(a).crosses |= state(a).def_block != b;
    }
  }

  void block(uint32_t b) {
    const BlockInfo& block = in_.blocks[b];
    block_ = b;
    if (block.first_inst == block.end_inst) return;
    if (!block.branch_args.empty()) pass_arguments(block);
    edge_defs_ = block.edge_defs != 0;  // of the terminator
    for (uint32_t i = block.end_inst; i-- > block.first_inst; edge_defs_ = false) inst(i);
    // What is still expected in registers crosses into this block.
    for (uint64_t m = occupied_; m; m &= m - 1) {
      auto r = static_cast<uint8_t>(std::countr_zero(m));
      s_.reversed.push_back(load(occupant_[r], r, block.first_inst, Point::Early));
      state(occupant_[r]).home = kNoReg;
    }
    occupied_ = 0;
    if (block.preds.size() == 1 && in_.blocks[block.preds[0]].edge_defs) store_edge_defs(b);
  }

  // Before the reloads: those may go into the registers where the terminator left its values.
  void store_edge_defs(uint32_t b) {
    const BlockInfo& pred = in_.blocks[in_.blocks[b].preds[0]];
    const auto ops = operands_of(in_, pred.end_inst - 1);
    for (size_t k = ops.size() - pred.edge_defs; k < ops.size(); ++k) {
      VReg v = ops[k].vreg;
      if (edge_of_def(in_, pred, static_cast<uint32_t>(k)) != b || !needs_store(v)) continue;
      s_.reversed.push_back(move(v, Allocation::reg(PReg{ops[k].arg}), Allocation::spill(slot(v)),
                                 in_.blocks[b].first_inst, Point::Early));
    }
  }

  // The arguments go to the slots of the parameters, right before the branch (which has no operands).
  void pass_arguments(const BlockInfo& block) {
    const BlockInfo& target = in_.blocks[block.succs[0]];
    uint32_t at = block.end_inst - 1;
    s_.remat_args.clear();
    s_.remat_params.clear();
    s_.edge.clear();
    for (size_t i = 0; i < block.branch_args.size(); ++i) {
      VReg arg = block.branch_args[i], param = target.params[i];
      VState& a = state(arg);
      Allocation to = Allocation::spill(slot(param));
      if (a.remat) {
        s_.remat_args.push_back(arg);
        s_.remat_params.push_back(to);
        continue;
      }
      if (a.home == kNoReg && arg != param) {
        // A few registers are left for the block's own work.
        uint64_t free = machine_.allocatable[cls(arg)] & ~occupied_;
        if (std::popcount(free) > 3) set_home(arg, first_of(free, cls(arg)));
      }
      Allocation from = a.home != kNoReg && arg != param ? Allocation::reg(PReg{a.home}) : Allocation::spill(slot(arg));
      s_.parallel.add(from, to, in_.vregs[arg.raw()].bytes, arg);
    }
    s_.parallel.resolve(at, Point::Early, s_.edge);
    // By now no register is needed any more, so any one carries the computed ones.
    for (size_t i = 0; i < s_.remat_args.size(); ++i) {
      VReg v = s_.remat_args[i];
      uint8_t r = order_[cls(v)][0];
      touched_ |= bit(r);
      s_.edge.push_back(load(v, r, at, Point::Early));
      s_.edge.push_back(move(v, Allocation::reg(PReg{r}), s_.remat_params[i], at, Point::Early));
    }
    s_.reversed.insert(s_.reversed.end(), s_.edge.rbegin(), s_.edge.rend());
  }

  void inst(uint32_t i) {
    const InstInfo& info = in_.insts[i];
    auto ops = operands_of(in_, i);
    at_ = i;
    allocs_ = out_.allocs.data() + info.first_operand;
    clobbers_ = in_.clobber_sets[info.clobbers].bits;
    touched_ |= clobbers_;
    early_busy_ = late_busy_ = written_ = 0;
    if (ops.empty() && !clobbers_) return;
    if (!clobbers_ && is_plain(ops)) return plain_inst(ops);
    uint64_t fixed_uses = 0, fixed_defs = 0;
    unsigned defs = 0, late_uses = 0, tied = 0, memory_operands = 0;
    early_defs_ = 0;
    for (const Operand& op : ops) {
      bool def = op.role == Role::Def;
      defs += def;
      early_defs_ += def && op.point == Point::Early;
      late_uses += !def && op.point == Point::Late;
      memory_operands += !def && op.constraint == Constraint::Any;
      if (op.constraint == Constraint::Reuse) {
        ++tied;
        if (ops[op.arg].constraint == Constraint::Fixed) {  // then the definition is fixed too
          fixed_defs |= bit(ops[op.arg].arg);
          late_busy_ |= bit(ops[op.arg].arg);
        }
      }
      if (op.constraint == Constraint::Fixed) {
        (def ? fixed_defs : fixed_uses) |= bit(op.arg);
        if (!def || op.point == Point::Early) early_busy_ |= bit(op.arg);
        if (def || op.point == Point::Late) late_busy_ |= bit(op.arg);
      }
    }
    if (defs) release_homes(ops);
    if (uint64_t gone = occupied_ & (clobbers_ | fixed_defs)) evict_all(gone);
    if (occupied_ & fixed_uses) free_fixed_uses(ops);
    if (defs) choose_defs(ops, tied, fixed_defs != 0);
    if (defs) finish_defs(ops);
    bool bound = tied || fixed_uses;
    if (late_uses) choose_uses(ops, Point::Late, bound);
    if (defs + late_uses < ops.size()) choose_uses(ops, Point::Early, bound);
    if (memory_operands) choose_memory_operands(ops);
    flush();
  }

  // -- most instructions

  /// Only late definitions in any register, and early uses in any register or from memory.
  static bool is_plain(std::span<const Operand> ops) {
    auto kind = [](Role role, Point point, Constraint constraint) {
      return 1u << (unsigned(role) | unsigned(point) << 1 | unsigned(constraint) << 2);
    };
    constexpr unsigned kPlain = kind(Role::Def, Point::Late, Constraint::Reg) |
                                kind(Role::Use, Point::Early, Constraint::Reg) |
                                kind(Role::Use, Point::Early, Constraint::Any);
    unsigned kinds = 0;
    for (const Operand& op : ops) kinds |= kind(op.role, op.point, op.constraint);
    return !(kinds & ~kPlain);
  }

  /// What the steps below come to where they cannot get into each other's way.
  void plain_inst(std::span<const Operand> ops) {
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role == Role::Def) define(k, ops[k].vreg);
    }
    uint8_t hint = in_.insts[at_].is_move ? allocs_[0].preg().index : kNoReg;
    bool memory_operands = false;
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role == Role::Def) continue;
      VState& v = state(ops[k].vreg);
      if (ops[k].constraint == Constraint::Any && !v.remat) {
        memory_operands = true;
        continue;
      }
      if (v.home == kNoReg) set_home(ops[k].vreg, pick(cls(ops[k].vreg), early_busy_, hint));
      early_busy_ |= bit(v.home);
      set_alloc(k, v.home);
    }
    if (memory_operands) choose_memory_operands(ops);
    flush();
  }

  /// A definition goes where it is expected below.
  void define(size_t k, VReg vreg) {
    VState& v = state(vreg);
    uint8_t r = v.home;
    if (r != kNoReg) {
      occupied_ &= ~bit(r);
      v.home = kNoReg;
    } else {
      r = pick(cls(vreg), late_busy_, kNoReg);
    }
    late_busy_ |= bit(r);
    written_ |= bit(r);
    set_alloc(k, r);
    if (needs_store(vreg)) {
      s_.stores.push_back(move(vreg, allocs_[k], Allocation::spill(slot(vreg)), at_, Point::Late));
    }
    if (!v.crosses && v.slot != kNoSlot) s_.released.push_back(vreg.raw());
  }

  // -- definitions

  // From here up the defined vregs are not live; where they are expected below is kept aside.
  void release_homes(std::span<const Operand> ops) {
    if (s_.home_after.size() < ops.size()) s_.home_after.resize(ops.size());
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role != Role::Def) continue;
      VState& v = state(ops[k].vreg);
      s_.home_after[k] = v.home;
      if (v.home != kNoReg) occupied_ &= ~bit(v.home);
      v.home = kNoReg;
    }
  }

  void choose_defs(std::span<const Operand> ops, unsigned tied, bool fixed) {
    for (size_t k = 0; fixed && k < ops.size(); ++k) {
      if (ops[k].role == Role::Def && ops[k].constraint == Constraint::Fixed) set_alloc(k, ops[k].arg);
    }
    if (tied) {
      for (size_t k = 0; k < ops.size(); ++k) {
        if (ops[k].role != Role::Def || ops[k].constraint != Constraint::Reuse) continue;
        const Operand& use = ops[ops[k].arg];
        uint8_t r = use.constraint == Constraint::Fixed
                        ? use.arg
                        : pick(cls(ops[k].vreg), early_busy_ | late_busy_ | clobbers_, s_.home_after[k]);
        early_busy_ |= bit(r);
        late_busy_ |= bit(r);
        set_alloc(k, r);
        set_alloc(ops[k].arg, r);
      }
    }
    for (size_t k = 0; early_defs_ && k < ops.size(); ++k) {
      const Operand& op = ops[k];
      if (op.role != Role::Def || op.point != Point::Early) continue;
      if (op.constraint != Constraint::Reg && op.constraint != Constraint::Any) continue;
      uint8_t r = pick(cls(op.vreg), early_busy_ | late_busy_ | clobbers_, s_.home_after[k]);
      early_busy_ |= bit(r);
      late_busy_ |= bit(r);
      set_alloc(k, r);
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      const Operand& op = ops[k];
      if (op.role != Role::Def) continue;
      if (op.constraint == Constraint::Stack) {
        allocs_[k] = Allocation::spill(slot(op.vreg));
      } else if (op.point == Point::Late && (op.constraint == Constraint::Reg || op.constraint == Constraint::Any)) {
        if (op.constraint == Constraint::Any && s_.home_after[k] == kNoReg && needs_store(op.vreg)) {
          allocs_[k] = Allocation::spill(slot(op.vreg));
          continue;
        }
        uint8_t r = pick(cls(op.vreg), late_busy_ | clobbers_, s_.home_after[k]);
        late_busy_ |= bit(r);
        set_alloc(k, r);
      }
    }
  }

  // Brings each defined value from where the instruction leaves it to where it is expected below.
  void finish_defs(std::span<const Operand> ops) {
    written_ = 0;
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role == Role::Def && allocs_[k].is_reg()) written_ |= bit(allocs_[k].preg());
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role != Role::Def) continue;
      VReg v = ops[k].vreg;
      uint8_t home = s_.home_after[k];
      if (home != kNoReg && allocs_[k] != Allocation::reg(PReg{home})) {
        if (allocs_[k].is_reg() && !(written_ & bit(home))) {
          s_.moves.push_back(move(v, allocs_[k], Allocation::reg(PReg{home}), at_, Point::Late));
        } else {
          if (!state(v).remat) slot(v);
          s_.reloads.push_back(load(v, home, at_, Point::Late));
        }
      }
      if (needs_store(v) && allocs_[k].is_reg() && !edge_defs_) {
        s_.stores.push_back(move(v, allocs_[k], Allocation::spill(slot(v)), at_, Point::Late));
      }
      // A slot of this block's own is free above the definition; not before all of this instruction is done.
      if (!state(v).crosses && state(v).slot != kNoSlot) s_.released.push_back(v.raw());
    }
  }

  // -- uses

  // A fixed register must not be the home of another value that lives through the instruction.
  void free_fixed_uses(std::span<const Operand> ops) {
    for (const Operand& op : ops) {
      if (op.role != Role::Use || op.constraint != Constraint::Fixed || !(occupied_ & bit(op.arg))) continue;
      if (occupant_[op.arg] != op.vreg) evict(op.arg);
    }
  }

  /// `bound`: some operand is fixed or tied.
  void choose_uses(std::span<const Operand> ops, Point point, bool bound) {
    uint64_t avoid = point == Point::Late ? late_busy_ | clobbers_ : 0;
    for (size_t k = 0; bound && k < ops.size(); ++k) {
      const Operand& op = ops[k];
      if (op.role != Role::Use || op.point != point) continue;
      if (op.constraint == Constraint::Fixed) {
        set_alloc(k, op.arg);
      } else if (!allocs_[k].valid()) {
        continue;  // not tied
      }
      uint8_t r = allocs_[k].preg().index;
      VState& v = state(op.vreg);
      if (v.home == kNoReg && (machine_.any_allocatable & bit(r))) {
        set_home(op.vreg, r);
      } else {
        if (v.home == kNoReg) set_home(op.vreg, pick(cls(op.vreg), early_busy_ | avoid, kNoReg));
        early_busy_ |= bit(v.home);
        if (v.home != r) {
          s_.before.push_back(
              move(op.vreg, Allocation::reg(PReg{v.home}), Allocation::reg(PReg{r}), at_, Point::Early));
        }
      }
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      const Operand& op = ops[k];
      if (op.role != Role::Use || op.point != point || allocs_[k].valid()) continue;
      VState& v = state(op.vreg);
      if (op.constraint == Constraint::Stack) {
        allocs_[k] = Allocation::spill(slot(op.vreg));
        continue;
      }
      if (op.constraint == Constraint::Any && !v.remat) continue;
      if (v.home == kNoReg) {
        uint8_t hint = in_.insts[at_].is_move && allocs_[0].is_reg() ? allocs_[0].preg().index : kNoReg;
        set_home(op.vreg, pick(cls(op.vreg), early_busy_ | avoid, hint));
      }
      early_busy_ |= bit(v.home);
      if (point == Point::Late) late_busy_ |= bit(v.home);
      set_alloc(k, v.home);
    }
  }

  // Last, so that they take no register from operands that need one.
  void choose_memory_operands(std::span<const Operand> ops) {
    for (size_t k = 0; k < ops.size(); ++k) {
      const Operand& op = ops[k];
      if (op.role != Role::Use || op.constraint != Constraint::Any || allocs_[k].valid()) continue;
      VState& v = state(op.vreg);
      uint64_t taken = early_busy_ | (op.point == Point::Late ? late_busy_ | clobbers_ : 0);
      if (v.home == kNoReg && !v.crosses && v.slot == kNoSlot) {
        uint64_t free = machine_.allocatable[cls(op.vreg)] & ~(occupied_ | taken);
        if (free) set_home(op.vreg, pick(cls(op.vreg), taken, kNoReg));
      }
      // A home that an early use chose may be written by the instruction before a late use reads it.
      bool lost = op.point == Point::Late && v.home != kNoReg && ((written_ | clobbers_) & bit(v.home));
      if (v.home == kNoReg || lost) {
        allocs_[k] = Allocation::spill(slot(op.vreg));
        continue;
      }
      early_busy_ |= bit(v.home);
      if (op.point == Point::Late) late_busy_ |= bit(v.home);
      set_alloc(k, v.home);
    }
  }

  // -- registers

  /// A register outside `taken`, the hint if it can be had; pushes a value out if all are occupied.
  uint8_t pick(unsigned cls, uint64_t taken, uint8_t hint) {
    uint64_t usable = machine_.allocatable[cls] & ~taken;
    uint64_t free = usable & ~occupied_;
    if (hint != kNoReg && (free & bit(hint))) return hint;
    if (free) return first_of(free, cls);
    VITRINE_ASSERT(usable != 0);  // an instruction with more operands in registers than there are registers
    // Round robin, so that no register is reloaded by every instruction.
    victim_ = (victim_ + 1) % count_[cls];
    while (!(usable & bit(order_[cls][victim_]))) victim_ = (victim_ + 1) % count_[cls];
    uint8_t r = order_[cls][victim_];
    evict(r);
    return r;
  }
  uint8_t first_of(uint64_t set, unsigned cls) const {
    for (unsigned i = 0;; ++i) {
      if (set & bit(order_[cls][i])) return order_[cls][i];
    }
  }
  void set_home(VReg v, uint8_t r) {
    state(v).home = r;
    occupant_[r] = v;
    occupied_ |= bit(r);
    touched_ |= bit(r);
  }
  void set_alloc(size_t k, uint8_t r) {
    allocs_[k] = Allocation::reg(PReg{r});
    touched_ |= bit(r);
  }
  /// Below the instruction the value is in `r`; above it, in no register.
  void evict(uint8_t r) {
    VReg v = occupant_[r];
    occupied_ &= ~bit(r);
    state(v).home = kNoReg;
    if (!state(v).remat) slot(v);
    s_.reloads.push_back(load(v, r, at_, Point::Late));
  }
  void evict_all(uint64_t set) {
    for (; set; set &= set - 1) evict(static_cast<uint8_t>(std::countr_zero(set)));
  }

  // -- slots and edits

  bool needs_store(VReg v) { return state(v).slot != kNoSlot || (state(v).crosses && !state(v).remat); }

  uint32_t slot(VReg v) {
    VState& st = state(v);
    if (st.slot != kNoSlot) return st.slot;
    uint32_t slots = slots_of(in_.vregs[v.raw()].bytes);
    auto& free = s_.free_slots[slots - 1];
    if (!st.crosses && !free.empty()) {
      st.slot = free.back();
      free.pop_back();
    } else {
      st.slot = (out_.spill_slots + slots - 1) / slots * slots;
      out_.spill_slots = st.slot + slots;
    }
    return st.slot;
  }
  Edit move(VReg v, Allocation from, Allocation to, uint32_t inst, Point point) const {
    return {inst, point, Edit::Kind::Move, in_.vregs[v.raw()].bytes, from, to, v};
  }
  Edit load(VReg v, uint8_t r, uint32_t inst, Point point) {
    if (state(v).remat) {
      return {inst, point, Edit::Kind::Remat, in_.vregs[v.raw()].bytes, {}, Allocation::reg(PReg{r}), v};
    }
    return move(v, Allocation::spill(slot(v)), Allocation::reg(PReg{r}), inst, point);
  }

  void flush() {
    auto take = [&](std::vector<Edit>& list) {
      s_.reversed.insert(s_.reversed.end(), list.begin(), list.end());
      list.clear();
    };
    if (!s_.reloads.empty()) take(s_.reloads);
    if (!s_.moves.empty()) take(s_.moves);
    if (!s_.stores.empty()) take(s_.stores);
    if (!s_.before.empty()) take(s_.before);
    if (s_.released.empty()) return;
    for (uint32_t v : s_.released) {
      s_.free_slots[slots_of(in_.vregs[v].bytes) - 1].push_back(s_.vregs[v].slot);
      s_.vregs[v].slot = kNoSlot;
    }
    s_.released.clear();
  }

  VState& state(VReg v) { return s_.vregs[v.raw()]; }
  unsigned cls(VReg v) const { return static_cast<unsigned>(in_.vregs[v.raw()].cls); }

  const Input& in_;
  Output& out_;
  Scratch& s_;
  Machine machine_;
  uint8_t order_[kClasses][32] = {};
  unsigned count_[kClasses] = {};
  unsigned victim_ = 0;
  VReg occupant_[64];
  uint64_t occupied_ = 0, touched_ = 0;
  uint32_t block_ = 0;

  // The instruction being done. A busy register may not be chosen for another operand at that point.
  uint32_t at_ = 0;
  Allocation* allocs_ = nullptr;
  uint64_t clobbers_ = 0, written_ = 0, early_busy_ = 0, late_busy_ = 0;
  unsigned early_defs_ = 0;
  bool edge_defs_ = false;  // it is a terminator that defines values for its edges
};

thread_local std::unique_ptr<Scratch> kept;

}  // namespace

void allocate_fast(const Input& in, Output& out) {
  if (!kept) kept = std::make_unique<Scratch>();
  kept->free_slots[0].clear();
  kept->free_slots[1].clear();
  Fast(in, out, *kept).run();
}

void release_memory_of_fast() {
  kept.reset();
}

}  // namespace vitrine::regalloc

// Follows every value symbolically through an allocation.
//
// It knows the Input and the Output and nothing of how the second came from the first. The state is, for every location
// (register or slot), the set of vregs whose value it holds at that point. Instructions, edits and the passing of block
// parameters change it; where edges meet, sets are intersected, until nothing changes. Then one more walk tests every
// operand. Only values that are live into a block (by a liveness of its own) are kept in the state of its entry: a
// mistake there could only make the checker refuse too much.
// Cost: O(instructions + live-ins) for each time a block's entry state changes; meant for debug builds and fuzzing.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "compiler/regalloc/machine.hpp"
#include "compiler/regalloc/print.hpp"

namespace vitrine::regalloc {

namespace {

/// Which vregs are at which location: (location, vreg) pairs, sorted.
using Entry = std::vector<std::pair<uint32_t, uint32_t>>;

uint32_t index(Allocation a) {
  return a.is_reg() ? a.bits : 64 + a.slot();
}

class Checker {
 public:
  Checker(const Input& in, const Output& out)
      : in_(in), out_(out), held_(64 + out.spill_slots), where_(in.vregs.size()) {}

  std::string run() {
    check_shape();
    if (!error_.empty()) return error_;
    find_live_in();
    check_edges();
    find_first_edits();
    entries_.resize(in_.blocks.size());
    seen_.assign(in_.blocks.size(), false);
    flow();
    for (uint32_t b = 0; b < in_.blocks.size() && error_.empty(); ++b) {
      if (seen_[b]) walk(b, true);
    }
    return error_;
  }

 private:
  // -- what needs no flow

  void check_shape() {
    if (out_.allocs.size() != in_.operands.size()) {
      return fail(0, fmt::format("{} allocations for {} operands", out_.allocs.size(), in_.operands.size()));
    }
    for (size_t i = 0; i < out_.edits.size() && error_.empty(); ++i) {
      const Edit& e = out_.edits[i];
      if (e.inst >= in_.insts.size()) return fail(0, fmt::format("edit at inst {}, which is not there", e.inst));
      if (i > 0) {
        const Edit& p = out_.edits[i - 1];
        if (std::pair(e.inst, e.point) < std::pair(p.inst, p.point)) return fail(e.inst, "edits are not sorted");
      }
      check_edit(e);
    }
    for (const BlockInfo& b : in_.blocks) {
      if (b.first_inst == b.end_inst) return fail(b.first_inst, "a block has no instructions");
      if (b.succs.size() > 1) {
        for (uint32_t s : b.succs) {
          if (in_.blocks[s].preds.size() > 1) return fail(b.first_inst, "a critical edge was not split");
        }
      }
      size_t params = b.succs.size() == 1 ? in_.blocks[b.succs[0]].params.size() : 0;
      if (params != b.branch_args.size()) return fail(b.first_inst, "branch arguments do not fit the parameters");
      check_terminator(b);
    }
    if (!error_.empty()) return;
    for (uint32_t i = 0; i < in_.insts.size() && error_.empty(); ++i) {
      auto ops = operands_of(in_, i);
      for (size_t k = 0; k < ops.size() && error_.empty(); ++k) check_constraint(i, ops, k);
    }
    for (const BlockInfo& b : in_.blocks) {
      if (!edits_at(b.end_inst - 1, Point::Late).empty()) return fail(b.end_inst - 1, "edit after a terminator");
    }
  }

  /// What a terminator defines and something may use stands at its end, in fixed registers.
  void check_terminator(const BlockInfo& b) {
    const uint32_t last = b.end_inst - 1;
    auto ops = operands_of(in_, last);
    if (b.edge_defs > ops.size() || b.landing_defs > b.edge_defs || (b.edge_defs && b.succs.size() != 2)) {
      return fail(last, "definitions for edges that are not there");
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      const bool late_def = ops[k].role == Role::Def && ops[k].point == Point::Late;
      if (k + b.edge_defs >= ops.size() && !(late_def && ops[k].constraint == Constraint::Fixed)) {
        return fail(last, fmt::format("operand {} ({}) is for an edge, but no late definition in a fixed register", k,
                                      ops[k].vreg));
      }
    }
  }

  /// A terminator's values are live behind their own edges only.
  void check_edges() {
    for (const BlockInfo& b : in_.blocks) {
      auto ops = operands_of(in_, b.end_inst - 1);
      for (size_t k = ops.size() - b.edge_defs; k < ops.size(); ++k) {
        for (uint32_t s : b.succs) {
          if (s != edge_of_def(in_, b, static_cast<uint32_t>(k)) &&
              std::ranges::binary_search(live_in_[s], ops[k].vreg.raw())) {
            return fail(b.end_inst - 1, fmt::format("{} is used behind another edge than its own", ops[k].vreg));
          }
        }
      }
    }
  }

  void check_edit(const Edit& e) {
    auto text = [&] { return to_string(e); };
    if (e.kind == Edit::Kind::Remat) {
      if (!e.vreg.valid() || e.vreg.raw() >= in_.vregs.size()) return fail(e.inst, "remat of no vreg: " + text());
      const VRegInfo& info = in_.vregs[e.vreg.raw()];
      if (!info.remat) return fail(e.inst, "remat of a vreg that may not be: " + text());
      if (!e.to.is_reg() || e.to.preg().cls() != info.cls) return fail(e.inst, "remat not into its class: " + text());
      return check_written(e.inst, e.to);
    }
    for (Allocation a : {e.from, e.to}) {
      if (!a.is_reg() && !a.is_spill()) return fail(e.inst, "edit with an invalid location: " + text());
      if (a.is_spill()) check_slot(e.inst, a, e.bytes);
    }
    if (e.kind == Edit::Kind::Swap) {
      for (Allocation a : {e.from, e.to}) {
        if (!a.is_reg() || a.preg().cls() != RegClass::Int)
          return fail(e.inst, "swap of no integer register: " + text());
        if (in_.int_scratch.valid()) return fail(e.inst, "swap, which this machine has not: " + text());
        check_written(e.inst, a);
      }
      return;
    }
    if (e.from.is_spill() && e.to.is_spill()) return fail(e.inst, "move from memory to memory: " + text());
    if (e.from.is_reg() && e.to.is_reg() && e.from.preg().cls() != e.to.preg().cls()) {
      return fail(e.inst, "move between classes: " + text());
    }
    check_written(e.inst, e.to);
  }

  void check_slot(uint32_t inst, Allocation a, uint8_t bytes) {
    uint32_t slots = slots_of(bytes);
    if (a.slot() % slots) fail(inst, fmt::format("{} is not aligned for {} bytes", to_string(a), bytes));
    if (uint64_t(a.slot()) + slots > out_.spill_slots) {
      fail(inst, fmt::format("{} is outside of the {} slots", to_string(a), out_.spill_slots));
    }
  }

  void check_written(uint32_t inst, Allocation a) {
    if (a.is_reg() && in_.callee_saved.has(a.preg()) && !out_.used_callee_saved.has(a.preg())) {
      fail(inst, fmt::format("{} is callee-saved, written, and not reported", to_string(a)));
    }
  }

  std::span<const Edit> edits_at(uint32_t inst, Point point) const {
    auto key = [](const Edit& e) { return std::pair(e.inst, e.point); };
    auto range = std::ranges::equal_range(out_.edits, std::pair(inst, point), {}, key);
    return {range.begin(), range.end()};
  }

  void find_first_edits() {
    first_edit_.assign(in_.insts.size() + 1, 0);
    for (const Edit& e : out_.edits) ++first_edit_[e.inst + 1];
    for (size_t i = 1; i < first_edit_.size(); ++i) first_edit_[i] += first_edit_[i - 1];
  }

  // -- liveness: from each use backwards to the definition

  void find_live_in() {
    live_in_.resize(in_.blocks.size());
    std::vector<std::vector<uint32_t>> use_blocks(in_.vregs.size());
    std::vector<uint32_t> def_block(in_.vregs.size(), ~0u);
    for (uint32_t b = 0; b < in_.blocks.size(); ++b) {
      const BlockInfo& block = in_.blocks[b];
      auto use = [&](VReg v) {
        auto& list = use_blocks[v.raw()];
        if (def_block[v.raw()] != b && (list.empty() || list.back() != b)) list.push_back(b);
      };
      for (VReg p : block.params) def_block[p.raw()] = b;
      for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
        for (const Operand& op : operands_of(in_, i)) {
          if (op.role == Role::Use) use(op.vreg);
        }
        for (const Operand& op : operands_of(in_, i)) {
          if (op.role == Role::Def) def_block[op.vreg.raw()] = b;
        }
      }
      for (VReg a : block.branch_args) use(a);
    }
    std::vector<uint32_t> mark(in_.blocks.size(), ~0u), work;
    for (uint32_t v = 0; v < in_.vregs.size(); ++v) {
      work = use_blocks[v];
      while (!work.empty()) {
        uint32_t b = work.back();
        work.pop_back();
        if (mark[b] == v) continue;
        mark[b] = v;
        live_in_[b].push_back(v);  // increasing, so sorted
        for (uint32_t p : in_.blocks[b].preds) {
          if (p != def_block[v]) work.push_back(p);
        }
      }
    }
  }

  // -- state

  void add(uint32_t loc, uint32_t v) {
    auto& set = held_[loc];
    if (std::ranges::find(set, v) != set.end()) return;
    set.push_back(v);
    where_[v].push_back(loc);
    touched_.push_back(loc);
  }
  void clear_loc(uint32_t loc) {
    for (uint32_t v : held_[loc]) std::erase(where_[v], loc);
    held_[loc].clear();
  }
  void forget(uint32_t v) {
    for (uint32_t loc : where_[v]) std::erase(held_[loc], v);
    where_[v].clear();
  }
  void reset() {
    for (uint32_t loc : touched_) {
      for (uint32_t v : held_[loc]) where_[v].clear();
      held_[loc].clear();
    }
    touched_.clear();
  }
  /// Writing `bytes` at a slot also destroys what overlaps it.
  void overwrite(Allocation a, uint8_t bytes) {
    clear_loc(index(a));
    if (!a.is_spill()) return;
    if (bytes > 8) clear_loc(index(a) + 1);
    if (a.slot() > 0) {
      auto below = held_[index(a) - 1];
      for (uint32_t v : below) {
        if (in_.vregs[v].bytes > 8) std::erase(where_[v], index(a) - 1), std::erase(held_[index(a) - 1], v);
      }
    }
  }
  bool holds(Allocation a, VReg v) const {
    const auto& set = held_[index(a)];
    return std::ranges::find(set, v.raw()) != set.end();
  }
  uint8_t bytes_of(VReg v) const { return in_.vregs[v.raw()].bytes; }

  // -- flow

  void flow() {
    std::deque<uint32_t> work{0};
    std::vector<bool> queued(in_.blocks.size(), false);
    seen_[0] = queued[0] = true;
    while (!work.empty()) {
      uint32_t b = work.front();
      work.pop_front();
      queued[b] = false;
      walk(b, false);
      for (uint32_t s : in_.blocks[b].succs) {
        if (merge(b, s) && !queued[s]) {
          queued[s] = true;
          work.push_back(s);
        }
      }
    }
  }

  bool merge(uint32_t from, uint32_t to) {
    Entry entry;
    const BlockInfo& target = in_.blocks[to];
    const auto& params = target.params;
    std::unordered_map<uint32_t, bool> is_param;
    for (VReg p : params) is_param[p.raw()] = true;
    for (uint32_t v : live_in_[to]) {
      if (is_param.contains(v)) continue;
      for (uint32_t loc : where_[v]) entry.push_back({loc, v});
    }
    for (size_t i = 0; i < params.size(); ++i) {
      VReg arg = in_.blocks[from].branch_args[i];
      if (bytes_of(arg) != bytes_of(params[i])) continue;
      for (uint32_t loc : where_[arg.raw()]) entry.push_back({loc, params[i].raw()});
    }
    std::ranges::sort(entry);
    if (!seen_[to]) {
      seen_[to] = true;
      entries_[to] = std::move(entry);
      return true;
    }
    Entry both;
    std::ranges::set_intersection(entries_[to], entry, std::back_inserter(both));
    if (both.size() == entries_[to].size()) return false;
    entries_[to] = std::move(both);
    return true;
  }

  void walk(uint32_t b, bool test) {
    reset();
    for (auto [loc, v] : entries_[b]) add(loc, v);
    const BlockInfo& block = in_.blocks[b];
    for (uint32_t i = block.first_inst; i < block.end_inst && error_.empty(); ++i) {
      uint32_t e = first_edit_[i], end = first_edit_[i + 1];
      for (; e < end && out_.edits[e].point == Point::Early; ++e) edit(out_.edits[e]);
      clear_loc(in_.scratch.index);  // an instruction may use it
      if (in_.int_scratch.valid()) clear_loc(in_.int_scratch.index);
      if (test) check_inst(i);
      step(i);
      for (; e < end; ++e) edit(out_.edits[e]);
    }
  }

  void edit(const Edit& e) {
    if (e.kind == Edit::Kind::Remat) {
      clear_loc(index(e.to));
      return add(index(e.to), e.vreg.raw());
    }
    if (e.kind == Edit::Kind::Swap) {
      auto a = held_[index(e.from)], b = held_[index(e.to)];
      clear_loc(index(e.from));
      clear_loc(index(e.to));
      for (uint32_t v : a) add(index(e.to), v);
      for (uint32_t v : b) add(index(e.from), v);
      return;
    }
    if (e.from == e.to) return;
    auto values = held_[index(e.from)];
    overwrite(e.to, e.bytes);
    for (uint32_t v : values) {
      if (in_.vregs[v].bytes <= e.bytes) add(index(e.to), v);
    }
  }

  void step(uint32_t i) {
    auto ops = operands_of(in_, i);
    const Allocation* allocs = out_.allocs.data() + in_.insts[i].first_operand;
    std::vector<uint32_t> moved;
    if (in_.insts[i].is_move) {
      for (uint32_t v : held_[index(allocs[1])]) {
        if (in_.vregs[v].bytes <= bytes_of(ops[0].vreg)) moved.push_back(v);
      }
    }
    for (uint64_t m = in_.clobber_sets[in_.insts[i].clobbers].bits; m; m &= m - 1) {
      clear_loc(static_cast<uint32_t>(std::countr_zero(m)));
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role != Role::Def) continue;
      forget(ops[k].vreg.raw());
      overwrite(allocs[k], bytes_of(ops[k].vreg));
    }
    for (size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].role == Role::Def) add(index(allocs[k]), ops[k].vreg.raw());
    }
    for (uint32_t v : moved) {
      if (v != ops[0].vreg.raw()) add(index(allocs[0]), v);
    }
  }

  // -- what must hold at an instruction

  void check_inst(uint32_t i) {
    auto ops = operands_of(in_, i);
    const Allocation* allocs = out_.allocs.data() + in_.insts[i].first_operand;
    uint64_t clobbers = in_.clobber_sets[in_.insts[i].clobbers].bits;
    for (uint64_t m = clobbers; m; m &= m - 1) {
      check_written(i, Allocation::reg(PReg{static_cast<uint8_t>(std::countr_zero(m))}));
    }
    for (size_t k = 0; k < ops.size() && error_.empty(); ++k) {
      const Operand& op = ops[k];
      Allocation a = allocs[k];
      auto name = [&] { return fmt::format("operand {} ({}) at {}", k, op.vreg, to_string(a)); };
      if (op.role == Role::Use) {
        if (!holds(a, op.vreg)) {
          std::string held;
          for (uint32_t v : held_[index(a)]) held += fmt::format(" %{}", v);
          std::string at;
          for (uint32_t loc : where_[op.vreg.raw()]) {
            at.append(" ").append(to_string(loc < 64 ? Allocation{loc} : Allocation::spill(loc - 64)));
          }
          return fail(i, fmt::format("{} does not hold its value; it holds{}; the value is at{}", name(),
                                     held.empty() ? " nothing" : held, at.empty() ? " no place" : at));
        }
        if (op.point == Point::Late && a.is_reg() && (clobbers & bit(a.preg()))) {
          return fail(i, name() + " is read late but clobbered");
        }
      } else {
        check_written(i, a);
        if (a.is_reg() && (clobbers & bit(a.preg())) && op.constraint != Constraint::Fixed && !tied_to_fixed(ops, op)) {
          return fail(i, name() + " is defined in a clobbered register");
        }
      }
      for (size_t o = 0; o < ops.size(); ++o) {
        if (o == k || op.role != Role::Def || !overlap(a, op.vreg, allocs[o], ops[o].vreg)) continue;
        const Operand& other = ops[o];
        if (other.role == Role::Def) return fail(i, name() + " is defined twice");
        bool tied = op.constraint == Constraint::Reuse && op.arg == o;
        if (tied) continue;
        if (other.point == Point::Late) return fail(i, name() + " overwrites a late use");
        if (op.point == Point::Early) return fail(i, name() + " is written before a use of it is read");
        // A tied definition's register is written by the instruction while other uses may still be unread.
        if (op.constraint == Constraint::Reuse && ops[op.arg].vreg != other.vreg) {
          return fail(i, name() + " is tied, but another value is read from it");
        }
      }
    }
  }

  static bool tied_to_fixed(std::span<const Operand> ops, const Operand& op) {
    return op.constraint == Constraint::Reuse && ops[op.arg].constraint == Constraint::Fixed;
  }

  bool overlap(Allocation a, VReg va, Allocation b, VReg vb) const {
    if (a == b) return true;
    if (!a.is_spill() || !b.is_spill()) return false;
    return a.slot() < b.slot() + slots_of(bytes_of(vb)) && b.slot() < a.slot() + slots_of(bytes_of(va));
  }

  void check_constraint(uint32_t i, std::span<const Operand> ops, size_t k) {
    const Operand& op = ops[k];
    Allocation a = out_.allocs[in_.insts[i].first_operand + k];
    std::string name = fmt::format("operand {} ({}) at {}", k, op.vreg, to_string(a));
    if (!a.is_reg() && !a.is_spill()) return fail(i, name + " was not allocated");
    if (a.is_spill()) {
      if (op.constraint != Constraint::Any && op.constraint != Constraint::Stack) {
        return fail(i, name + " must be in a register");
      }
      return check_slot(i, a, bytes_of(op.vreg));
    }
    if (a.preg().cls() != in_.vregs[op.vreg.raw()].cls) return fail(i, name + " is in the wrong class");
    if (a.preg() == in_.scratch || a.preg() == in_.int_scratch) return fail(i, name + " is in the scratch register");
    bool allocatable = std::ranges::find(in_.order[static_cast<unsigned>(a.preg().cls())], a.preg()) !=
                       in_.order[static_cast<unsigned>(a.preg().cls())].end();
    if (op.constraint == Constraint::Fixed) {
      if (a.preg().index != op.arg) return fail(i, fmt::format("{} must be in {}", name, to_string(PReg{op.arg})));
    } else if (op.constraint == Constraint::Stack) {
      return fail(i, name + " must be in memory");
    } else if (op.constraint == Constraint::Reuse) {
      if (a != out_.allocs[in_.insts[i].first_operand + op.arg]) {
        return fail(i, fmt::format("{} must be where operand {} is", name, op.arg));
      }
    } else if (!allocatable && tied_def_of(ops, static_cast<unsigned>(k)) < 0) {
      return fail(i, name + " is in a register that is not allocatable");
    }
  }

  void fail(uint32_t inst, std::string what) {
    if (!error_.empty()) return;
    error_ = fmt::format("inst{}: {}\n", inst, what);
    if (out_.allocs.size() == in_.operands.size()) error_ += print_around(in_, &out_, inst);
  }

  const Input& in_;
  const Output& out_;
  std::vector<std::vector<uint32_t>> held_;   // by location
  std::vector<std::vector<uint32_t>> where_;  // by vreg
  std::vector<uint32_t> touched_;
  std::vector<std::vector<uint32_t>> live_in_;
  std::vector<Entry> entries_;
  std::vector<bool> seen_;
  std::vector<uint32_t> first_edit_;
  std::string error_;
};

}  // namespace

std::string check(const Input& in, const Output& out) {
  return Checker(in, out).run();
}

}  // namespace vitrine::regalloc

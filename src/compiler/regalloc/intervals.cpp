#include "compiler/regalloc/intervals.hpp"

#include <algorithm>

namespace vitrine::regalloc {

bool Intervals::build(const Input& in, Output& out) {
  in_ = &in;
  out_ = &out;
  // A function over 64 live values an instruction on average is not worth its time here; the memory that pairs and
  // ranges take is bounded whatever its size.
  if (!liveness_.compute(in, std::min<uint64_t>(64 * (in.insts.size() + 1024), 2'000'000))) return false;
  loops.compute(in);
  vregs.assign(in.vregs.size(), VRegData());
  ranges.clear();
  uses.clear();
  tied.clear();
  aliases.clear();
  touched = 0;
  inst_block.resize(in.insts.size());
  for (auto& lists : fixed) lists[0].clear(), lists[1].clear();
  for (auto& sets : clobbers) {
    if (sets.size() < in.clobber_sets.size()) sets.resize(in.clobber_sets.size());
    for (auto& list : sets) list.clear();
  }
  ranges.reserve(in.vregs.size() * 2);
  uses.reserve(in.operands.size());
  for (uint32_t v = 0; v < in.vregs.size(); ++v) vregs[v].remat = in.vregs[v].remat;
  for (auto b = static_cast<uint32_t>(in.blocks.size()); b-- > 0;) block(b);
  // All was met last first.
  for (auto& lists : fixed) {
    for (auto& list : lists) std::ranges::reverse(list);
  }
  for (auto& sets : clobbers) {
    for (auto& list : sets) std::ranges::reverse(list);
  }
  merge_bundles();
  return true;
}

void Intervals::block(uint32_t b) {
  const BlockInfo& block = in_->blocks[b];
  uint32_t start = gap_before(block.first_inst), end = gap_before(block.end_inst);
  frequency_ = loops.frequency(b);
  block_start_ = start;
  cold_ = block.cold ? 1 : 0;
  liveness_.for_live_out(b, [&](uint32_t v) { add_range(v, start, end); });
  for (VReg a : block.branch_args) {
    add_range(a.raw(), start, end);
    add_use(a.raw(), end - 1, kNone, UseKind::Edge);
  }
  for (uint32_t i = block.end_inst; i-- > block.first_inst;) {
    inst_block[i] = b;
    inst(i);
  }
  for (VReg p : block.params) {
    VRegData& v = vregs[p.raw()];
    v.def_pos = start;
    v.is_param = 1;
    v.remat = 0;  // there is no instruction to repeat
  }
}

void Intervals::inst(uint32_t i) {
  const InstInfo& info = in_->insts[i];
  auto ops = operands_of(*in_, i);
  uint32_t gap = gap_before(i), early = gap + 1, late = gap + 2, after = gap + 3;
  if (info.clobbers) {
    uint64_t mask = in_->clobber_sets[info.clobbers].bits;
    if (mask) clobbers[cold_][info.clobbers].push_back(late);
    touched |= mask;
  }
  uint32_t tied_vreg = kNone, tied_def = kNone;
  bool has_ties = false;
  for (uint32_t k = 0; k < ops.size(); ++k) {
    const Operand& op = ops[k];
    if (op.role != Role::Def) continue;
    uint32_t v = op.vreg.raw(), n = info.first_operand + k;
    vregs[v].def_operand = n;
    uint8_t reg = kNoReg;
    bool is_early = op.point == Point::Early;
    if (op.constraint == Constraint::Fixed) {
      reg = op.arg;
    } else if (op.constraint == Constraint::Reuse) {
      const Operand& use = ops[op.arg];
      is_early = true;
      if (use.constraint == Constraint::Fixed) {
        reg = use.arg;
      } else {
        has_ties = true;
        tied.push_back({i, n, info.first_operand + op.arg});
        tied_vreg = use.vreg.raw();
        tied_def = k;
        vregs[v].hint[0] = tied_vreg;
        vregs[tied_vreg].hint[1] = v;
      }
    }
    if (reg != kNoReg) {
      out_->allocs[n] = Allocation::reg(PReg{reg});
      touched |= bit(reg);
      fixed[reg][cold_].push_back({is_early ? early : late, after, kNone});
      vregs[v].def_pos = after;
      if (vregs[v].ranges == kNone) continue;  // dead
      begin(v, after, after);
      add_use(v, after, n, UseKind::DefFixed);
      hint_fixed(v, reg, 0);
    } else if (op.constraint == Constraint::Stack) {
      vregs[v].remat = 0;
      vregs[v].needs_slot = vregs[v].def_in_slot = 1;
      begin(v, after, after + 1);
      add_use(v, after, n, UseKind::DefStack);
    } else {
      begin(v, is_early ? early : late, after);
      bool any = op.constraint == Constraint::Any && !is_early;
      add_use(v, is_early ? early : late, n, any ? UseKind::DefAny : UseKind::DefReg);
    }
  }
  if (info.is_move) {
    vregs[ops[0].vreg.raw()].hint[0] = ops[1].vreg.raw();
    vregs[ops[1].vreg.raw()].hint[1] = ops[0].vreg.raw();
  }
  // Lists are built backwards: late uses first, then early ones, then those in the gap.
  for (uint32_t k = 0; k < ops.size(); ++k) {
    const Operand& op = ops[k];
    if (op.role != Role::Use || op.point != Point::Late || op.constraint == Constraint::Fixed) continue;
    add_range(op.vreg.raw(), block_start_, after);
    if (op.constraint == Constraint::Stack || (has_ties && tied_def_of(ops, k) >= 0)) continue;
    add_use(op.vreg.raw(), late, info.first_operand + k,
            op.constraint == Constraint::Any ? UseKind::Any : UseKind::Reg);
  }
  for (uint32_t k = 0; k < ops.size(); ++k) {
    const Operand& op = ops[k];
    if (op.role != Role::Use || op.point != Point::Early) continue;
    if (op.constraint == Constraint::Fixed || (has_ties && tied_def_of(ops, k) >= 0)) continue;
    uint32_t n = info.first_operand + k;
    if (op.constraint != Constraint::Stack && op.vreg.raw() == tied_vreg) {
      aliases.push_back({n, info.first_operand + tied_def});
      continue;
    }
    add_range(op.vreg.raw(), block_start_, late);
    if (op.constraint == Constraint::Stack) continue;
    add_use(op.vreg.raw(), early, n, op.constraint == Constraint::Any ? UseKind::Any : UseKind::Reg);
  }
  for (uint32_t k = 0; k < ops.size(); ++k) {
    const Operand& op = ops[k];
    if (op.role != Role::Use) continue;
    uint32_t v = op.vreg.raw(), n = info.first_operand + k;
    if (op.constraint == Constraint::Fixed) {
      add_range(v, block_start_, early);
      add_use(v, gap, n, UseKind::GapFixed);
      out_->allocs[n] = Allocation::reg(PReg{op.arg});
      touched |= bit(op.arg);
      fixed[op.arg][cold_].push_back({early, op.point == Point::Late ? after : late, v});
      hint_fixed(v, op.arg, 1);
    } else if (op.constraint == Constraint::Stack) {
      vregs[v].remat = 0;
      vregs[v].needs_slot = 1;
      add_use(v, gap, n, UseKind::Stack);  // its range is there
    } else if (has_ties && tied_def_of(ops, k) >= 0) {
      add_range(v, block_start_, early);
      add_use(v, gap, n, UseKind::GapTied);
    }
  }
}

// Everything below in the block is there already, so the first range either begins at the block's start or lies in
// blocks further down.
void Intervals::add_range(uint32_t v, uint32_t from, uint32_t to) {
  VRegData& data = vregs[v];
  if (data.ranges != kNone) {
    Range& head = ranges[data.ranges];
    if (head.from <= from) return;
    if (head.from <= to) {
      head.from = from;
      return;
    }
  } else {
    data.end = to;
    data.last_range = static_cast<uint32_t>(ranges.size());
  }
  ranges.push_back({from, to, data.ranges, v});
  data.ranges = static_cast<uint32_t>(ranges.size() - 1);
}

// The value begins at `pos`, and lives at least until `min_end` though nothing may use it.
void Intervals::begin(uint32_t v, uint32_t pos, uint32_t min_end) {
  VRegData& data = vregs[v];
  data.def_pos = pos;
  if (data.ranges != kNone && ranges[data.ranges].from <= block_start_) {
    Range& head = ranges[data.ranges];
    head.from = pos;
    head.to = std::max(head.to, min_end);
    data.end = std::max(data.end, head.to);
    return;
  }
  add_range(v, pos, std::max(min_end, pos + 1));
}

void Intervals::add_use(uint32_t v, uint32_t pos, uint32_t operand, UseKind kind) {
  VRegData& data = vregs[v];
  uses.push_back({pos, operand, data.uses, kind, frequency_});
  data.uses = static_cast<uint32_t>(uses.size() - 1);
  if (data.last_use == kNone) data.last_use = data.uses;
  data.weight += frequency_ * memory_cost(kind);
  if (!is_def(kind) && data.use_count != 0xffff) ++data.use_count;
}

void Intervals::hint_fixed(uint32_t v, uint8_t reg, unsigned direction) {
  if (direction == 1) {
    if (vregs[v].hint_weight > frequency_) return;  // met last first: the first of the most frequent wins
    vregs[v].hint_weight = frequency_;
  }
  vregs[v].fixed_hint[direction] = reg;
}

// -- bundles

// Puts the list that begins at `y` into the one that goes on after `before`, which comes no later than `y`.
template <class T, class At>
void Intervals::interleave(std::vector<T>& table, uint32_t before, uint32_t y, At at) {
  uint32_t x = table[before].next;
  uint32_t tail = before;
  while (x != kNone && y != kNone) {
    uint32_t& first = at(table[x]) <= at(table[y]) ? x : y;
    table[tail].next = first;
    tail = first;
    first = table[tail].next;
    ++merge_steps_;
  }
  table[tail].next = x != kNone ? x : y;
}

void Intervals::merge_bundles() {
  edges_.clear();
  for (uint32_t b = 0; b < in_->blocks.size(); ++b) {
    if (!in_->blocks[b].branch_args.empty()) edges_.push_back({loops.frequency(b), b});
  }
  // The most frequent edges first; among equals, jumps back first: a loop's moves cost the most.
  std::ranges::sort(edges_, [&](auto& x, auto& y) {
    if (x.first != y.first) return x.first > y.first;
    bool back_x = in_->blocks[x.second].succs[0] <= x.second, back_y = in_->blocks[y.second].succs[0] <= y.second;
    return back_x != back_y ? back_x : x.second < y.second;
  });
  merge_steps_ = 0;
  fingers_.assign(edges_.empty() ? 0 : vregs.size(), Finger());
  max_merge_steps_ = 32 * (in_->insts.size() + 1024);
  for (auto [frequency, b] : edges_) {
    const BlockInfo& block = in_->blocks[b];
    const auto& params = in_->blocks[block.succs[0]].params;
    for (size_t i = 0; i < params.size(); ++i) {
      uint32_t a = block.branch_args[i].raw(), p = params[i].raw();
      if (vregs[p].ranges == kNone) continue;  // never used
      bool shared_constant = vregs[a].remat && vregs[a].use_count > 1;
      if (!shared_constant && merge(bundle_of(a), bundle_of(p))) continue;
      if (vregs[a].hint[1] == kNone) vregs[a].hint[1] = p;
      if (vregs[p].hint[0] == kNone) vregs[p].hint[0] = a;
    }
  }
}

bool Intervals::merge(uint32_t a, uint32_t b) {
  if (a == b) return true;
  const VRegInfo &info_a = in_->vregs[a], &info_b = in_->vregs[b];
  if (info_a.cls != info_b.cls || slots_of(info_a.bytes) != slots_of(info_b.bytes)) return false;
  if (merge_steps_ > max_merge_steps_) return false;
  if (ranges[vregs[a].ranges].from > ranges[vregs[b].ranges].from) std::swap(a, b);
  VRegData &to = vregs[a], &from = vregs[b];  // `to` begins first
  Finger& finger = fingers_[a];
  uint32_t start = ranges[from.ranges].from;
  if (to.end <= start) {
    finger = {to.last_range, to.last_use};
    ranges[to.last_range].next = from.ranges;
  } else {
    uint32_t before = finger.range != kNone && ranges[finger.range].from <= start ? finger.range : to.ranges;
    for (; ranges[before].next != kNone && ranges[ranges[before].next].from <= start; ++merge_steps_) {
      before = ranges[before].next;
    }
    // The ranges must nowhere overlap.
    uint32_t x = before, y = from.ranges;
    for (; x != kNone && y != kNone; ++merge_steps_) {
      if (ranges[x].to <= ranges[y].from) {
        x = ranges[x].next;
      } else if (ranges[y].to <= ranges[x].from) {
        y = ranges[y].next;
      } else {
        return false;
      }
    }
    finger.range = before;
    interleave(ranges, before, from.ranges, [](const Range& r) { return r.from; });
  }
  if (to.end < from.end) to.last_range = from.last_range;
  if (from.uses != kNone) {
    uint32_t pos = uses[from.uses].pos;
    if (to.uses == kNone) {
      to.uses = from.uses;
      to.last_use = from.last_use;
    } else if (uses[to.uses].pos > pos) {  // a parameter's first use may come after an argument's definition
      uint32_t rest = uses[from.uses].next, old = to.uses, old_last = to.last_use;
      to.uses = from.uses;
      uses[to.uses].next = old;
      if (rest != kNone) interleave(uses, to.uses, rest, [](const Use& u) { return u.pos; });
      to.last_use = uses[old_last].pos >= uses[from.last_use].pos ? old_last : from.last_use;
    } else {
      uint32_t before = finger.use != kNone && uses[finger.use].pos <= pos ? finger.use : to.uses;
      if (uses[to.last_use].pos <= pos) before = to.last_use;
      uint32_t last = uses[to.last_use].pos > uses[from.last_use].pos ? to.last_use : from.last_use;
      for (; uses[before].next != kNone && uses[uses[before].next].pos <= pos; ++merge_steps_)
        before = uses[before].next;
      finger.use = before;
      interleave(uses, before, from.uses, [](const Use& u) { return u.pos; });
      to.last_use = last;
    }
  }
  to.end = std::max(to.end, from.end);
  to.weight += from.weight;
  to.remat = from.remat = 0;
  to.needs_slot |= from.needs_slot;
  for (unsigned d = 0; d < 2; ++d) {
    if (to.hint[d] == kNone) to.hint[d] = from.hint[d];
    if (to.fixed_hint[d] == kNoReg) to.fixed_hint[d] = from.fixed_hint[d];
  }
  from.parent = a;
  return true;
}

}  // namespace vitrine::regalloc

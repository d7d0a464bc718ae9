// Linear scan register allocation over live intervals with holes.
//
// In:  machine code over virtual registers, blocks in final order.
// Out: a register or spill slot per operand, and moves to insert (`Edit`s).
//
// How it goes
//   1. Liveness, intervals, and bundles of vregs that branch arguments connect (intervals.cpp).
//   2. The walk: intervals by increasing start. Each takes a register that is free for all of it, those it has a reason
//      to like first; else one that is free for its first part, and the rest is split off and comes again; else it, or
//      what costs least for the relief it gives, goes to its slot until the next use that needs a register.
//      Calls and fixed operands in cold blocks do not count when a register is chosen: what they cut is carved out of
//      the interval (splitting.cpp).
//   3. Slots (spill_slots.cpp), then moves where the parts of a vreg meet (resolution.cpp).
//
// Invariants of the walk
//   - A register holds at most one interval at any position: `active_` is what it holds at the walk's, `inactive_` what
//     it holds later but not now.
//   - An interval that is split off begins after the walk's position, or at it with the walk's consent (it has not been
//     there before), so the walk ends.
//   - An interval with a reg use can be split right before it, so that at any instruction whatever is not an operand
//     can be pushed out: allocation fails only for instructions that cannot be satisfied at all.
// Cost: O(n log n) in instructions, but for walks over ranges and inactive intervals, which are counted: past
// `max_steps_` (200 for each instruction and vreg), or with more than 64 live values for each instruction, `run`
// answers false and the fast mode does the function. See:  Wimmer & Franz, "Linear Scan Register Allocation on SSA
// Form", CGO 2010.
#include "compiler/regalloc/linear_scan.hpp"

#include <algorithm>
#include <memory>

namespace vitrine::regalloc {

namespace {

constexpr float kNever = 1e30f;

}  // namespace

bool LinearScan::run(const Input& in, Output& out) {
  in_ = &in;
  out_ = &out;
  out.allocs.assign(in.operands.size(), Allocation());
  out.edits.clear();
  out.spill_slots = 0;
  out.used_callee_saved = {};
  if (in.blocks.empty()) return true;
  if (!t_.build(in, out)) return false;
  make_intervals();
  if (!walk()) return false;
  assign_slots();
  resolve();
  out.used_callee_saved = {(used_ | t_.touched) & in.callee_saved.bits};
  return true;
}

void LinearScan::make_intervals() {
  intervals_.clear();
  sorted_.clear();
  heap_.clear();
  steps_ = 0;
  max_steps_ = 200 * (in_->insts.size() + in_->vregs.size() + 1024);
  used_ = allocatable_ = 0;
  for (unsigned c = 0; c < kClasses; ++c) {
    count_[c] = 0;
    unsigned callee = 0;
    for (PReg r : in_->order[c]) {
      order_[c][count_[c]++] = r.index;
      allocatable_ |= bit(r);
    }
    for (bool saved : {true, false}) {
      for (PReg r : in_->order[c]) {
        if (in_->callee_saved.has(r) == saved) crossing_order_[c][callee++] = r.index;
      }
    }
  }
  for (unsigned r = 0; r < 64; ++r) {
    active_[r] = kNone;
    inactive_[r].clear();
    next_change_[r] = kNone;
    fixed_cursor_[r][0] = fixed_cursor_[r][1] = 0;
  }
  next_call_[0] = next_call_[1] = 0;
  for (auto& cursors : clobber_cursor_) cursors.assign(in_->clobber_sets.size(), 0);
  for (uint32_t v = 0; v < t_.vregs.size(); ++v) {
    VRegData& data = t_.vregs[v];
    if (data.parent != kNone || data.ranges == kNone) continue;
    Interval it{.start = t_.ranges[data.ranges].from,
                .end = data.end,
                .bundle = v,
                .ranges = data.ranges,
                .uses = data.uses,
                .range = data.ranges,
                .use = data.uses};
    it.cls = static_cast<uint8_t>(in_->vregs[v].cls);
    it.weight = data.weight;
    auto id = static_cast<uint32_t>(intervals_.size());
    intervals_.push_back(it);
    data.first_child = id;
    sorted_.push_back(uint64_t(it.start) << 32 | id);
  }
  std::ranges::sort(sorted_);
  sort_equals_by_weight();
}

// Parameters of a function or a block begin together: those worth most choose first.
void LinearScan::sort_equals_by_weight() {
  for (size_t i = 0, n = sorted_.size(); i < n;) {
    size_t end = i + 1;
    while (end < n && sorted_[end] >> 32 == sorted_[i] >> 32) ++end;
    if (end - i > 1) {
      std::sort(sorted_.begin() + static_cast<ptrdiff_t>(i), sorted_.begin() + static_cast<ptrdiff_t>(end),
                [this](uint64_t a, uint64_t b) {
                  float x = intervals_[static_cast<uint32_t>(a)].weight,
                        y = intervals_[static_cast<uint32_t>(b)].weight;
                  return x != y ? x > y : a < b;
                });
    }
    i = end;
  }
}

bool LinearScan::walk() {
  size_t next = 0;
  while (next < sorted_.size() || !heap_.empty()) {
    uint64_t key;
    if (heap_.empty() || (next < sorted_.size() && sorted_[next] >> 32 <= heap_.front() >> 32)) {
      key = sorted_[next++];
    } else {
      key = heap_.front();
      std::ranges::pop_heap(heap_, std::greater<>());
      heap_.pop_back();
    }
    auto id = static_cast<uint32_t>(key);
    pos_ = static_cast<uint32_t>(key >> 32);
    if (steps_ > max_steps_) return false;
    if (!allocate(id)) return false;
  }
  return true;
}

void LinearScan::push(uint32_t id) {
  heap_.push_back(uint64_t(intervals_[id].start) << 32 | id);
  std::ranges::push_heap(heap_, std::greater<>());
}

bool LinearScan::allocate(uint32_t id) {
  Interval& it = intervals_[id];
  UseKind first = it.uses != kNone ? t_.uses[it.uses].kind : UseKind::Edge;
  bool begins_with_def = is_def(first) && t_.uses[it.uses].pos == it.start;
  bool in_slot = (begins_with_def && first == UseKind::DefStack) || ((it.start & 3) != 0 && !begins_with_def);
  bool must = must_have_reg_at(it, inst_of(pos_));
  if (in_slot || ((it.flags & kBlockedPart) && !must)) {
    spill_from(id);
    return true;
  }
  expire(it.cls, pos_);
  from_cold_ = in_->blocks[t_.block_of(it.start)].cold;
  find_calls(it);
  if (allocate_free(id)) return true;
  if ((intervals_[id].flags & kOptional) && !must) {
    intervals_[id].flags |= kNoBenefit;
    spill_from(id);
    return true;
  }
  return allocate_blocked(id);
}

// -- what the registers hold

void LinearScan::expire(unsigned cls, uint32_t pos) {
  for (unsigned k = 0; k < count_[cls]; ++k) {
    uint8_t r = order_[cls][k];
    if (next_change_[r] <= pos) refresh(r, pos);
  }
}

void LinearScan::refresh(uint8_t r, uint32_t pos) {
  auto advance = [&](Interval& it) {  // false at its end
    while (it.range != kNone && t_.ranges[it.range].to <= pos) {
      it.range = t_.ranges[it.range].next;
      ++steps_;
    }
    return it.range != kNone;
  };
  auto& inactive = inactive_[r];
  uint32_t change = kNone;
  if (uint32_t id = active_[r]; id != kNone) {
    Interval& it = intervals_[id];
    if (!advance(it)) {
      active_[r] = kNone;
    } else if (t_.ranges[it.range].from > pos) {
      active_[r] = kNone;
      inactive.push_back(id);
    } else {
      change = t_.ranges[it.range].to;
    }
  }
  for (size_t i = 0; i < inactive.size();) {
    ++steps_;
    Interval& it = intervals_[inactive[i]];
    if (!advance(it)) {
      inactive[i] = inactive.back();
      inactive.pop_back();
      continue;
    }
    const Range& range = t_.ranges[it.range];
    if (range.from <= pos) {
      VITRINE_DCHECK(active_[r] == kNone);
      active_[r] = inactive[i];
      change = std::min(change, range.to);
      inactive[i] = inactive.back();
      inactive.pop_back();
      continue;
    }
    change = std::min(change, range.from);
    ++i;
  }
  next_change_[r] = change;
}

void LinearScan::assign(uint32_t id, uint8_t r) {
  Interval& it = intervals_[id];
  VITRINE_DCHECK(active_[r] == kNone);
  it.reg = r;
  t_.vregs[it.bundle].last_reg = r;
  active_[r] = id;
  next_change_[r] = std::min(next_change_[r], t_.ranges[it.range].to);
  used_ |= bit(r);
}

// -- where an interval meets what is fixed

// The first place where each set of clobbered registers cuts the interval. An interval that begins in hot code ignores
// calls in cold blocks; carve_cold sees to them.
void LinearScan::find_calls(const Interval& it) {
  cuts_.clear();
  for (unsigned temperature = 0; temperature < (from_cold_ ? 2u : 1u); ++temperature) {
    auto& sets = t_.clobbers[temperature];
    if (next_call_[temperature] < pos_) {
      next_call_[temperature] = kNone;
      for (size_t s = 1; s < in_->clobber_sets.size(); ++s) {
        size_t& cursor = clobber_cursor_[temperature][s];
        while (cursor < sets[s].size() && sets[s][cursor] < pos_) ++cursor;
        if (cursor < sets[s].size()) next_call_[temperature] = std::min(next_call_[temperature], sets[s][cursor]);
      }
    }
    if (next_call_[temperature] >= it.end) continue;
    for (size_t s = 1; s < in_->clobber_sets.size(); ++s) {
      const uint32_t at = first_clobber(it, temperature, s, it.end);
      if (at != kNone) cuts_.push_back({in_->clobber_sets[s].bits, at});
    }
  }
}

// From here on and before `end`; otherwise kNone.
uint32_t LinearScan::first_clobber(const Interval& it, unsigned temperature, size_t set, uint32_t end) {
  const auto& list = t_.clobbers[temperature][set];
  size_t& cursor = clobber_cursor_[temperature][set];
  while (cursor < list.size() && list[cursor] < pos_) ++cursor;
  if (cursor == list.size() || list[cursor] >= end) return kNone;
  size_t at = cursor;
  for (uint32_t n = it.range; n != kNone; n = t_.ranges[n].next) {
    const Range& range = t_.ranges[n];
    ++steps_;
    if (list[at] < range.from) {
      at = static_cast<size_t>(std::lower_bound(list.begin() + static_cast<ptrdiff_t>(at), list.end(), range.from) -
                               list.begin());
      if (at == list.size()) return kNone;
    }
    if (list[at] < range.to) return list[at];
  }
  return kNone;
}

uint32_t LinearScan::free_until(uint8_t r, const Interval& it) {
  if (active_[r] != kNone) return 0;
  uint32_t until = fixed_until(r, it);
  for (uint32_t other : inactive_[r]) until = first_overlap(it, intervals_[other], until);
  return until;
}

uint32_t LinearScan::fixed_until(uint8_t r, const Interval& it) {
  uint32_t until = it.end;
  for (const Cut& cut : cuts_) {
    if ((cut.mask & bit(r)) && cut.pos < until) until = cut.pos;
  }
  for (unsigned temperature = 0; temperature < (from_cold_ ? 2u : 1u); ++temperature) {
    auto& list = t_.fixed[r][temperature];
    size_t& cursor = fixed_cursor_[r][temperature];
    while (cursor < list.size() && list[cursor].to <= pos_) ++cursor;
    if (cursor < list.size() && list[cursor].from < until) until = first_blocked(list, cursor, it, until);
  }
  return until;
}

uint32_t LinearScan::first_blocked(std::vector<Blocked>& list, size_t cursor, const Interval& it, uint32_t limit) {
  uint32_t n = it.range;
  while (n != kNone && cursor < list.size() && list[cursor].from < limit) {
    const Range& range = t_.ranges[n];
    const Blocked& blocked = list[cursor];
    ++steps_;
    if (range.to <= blocked.from) {
      n = range.next;
    } else if (blocked.to <= range.from || blocked.vreg == range.vreg) {
      ++cursor;  // the value itself is meant to be there
    } else {
      return std::max(range.from, blocked.from);
    }
  }
  return limit;
}

uint32_t LinearScan::first_overlap(const Interval& a, const Interval& b, uint32_t limit) {
  uint32_t x = a.range, y = b.range;
  ++steps_;
  while (x != kNone && y != kNone) {
    const Range &p = t_.ranges[x], &q = t_.ranges[y];
    if (p.from >= limit || q.from >= limit) return limit;
    if (p.to <= q.from) {
      x = p.next;
      ++steps_;
    } else if (q.to <= p.from) {
      y = q.next;
      ++steps_;
    } else {
      return std::min(limit, std::max(p.from, q.from));
    }
  }
  return limit;
}

// -- choosing

bool LinearScan::allocate_free(uint32_t id) {
  const Interval& it = intervals_[id];
  const VRegData& bundle = t_.vregs[it.bundle];
  uint64_t tried = 0;
  uint8_t best = kNoReg;
  uint32_t best_until = 0;
  auto attempt = [&](uint8_t r) {
    if (r >= 64 || !(allocatable_ & bit(r)) || (tried & bit(r))) return false;
    if (PReg{r}.cls() != static_cast<RegClass>(it.cls)) return false;
    tried |= bit(r);
    uint32_t until = free_until(r, it);
    if (until > best_until) {
      best = r;
      best_until = until;
    }
    return until >= it.end;
  };
  auto register_of = [&](uint32_t vreg) { return vreg == kNone ? kNoReg : t_.vregs[t_.bundle_of(vreg)].last_reg; };
  bool whole = attempt(it.hint) || attempt(bundle.last_reg) || attempt(register_of(bundle.hint[0])) ||
               attempt(bundle.fixed_hint[0]) || attempt(register_of(bundle.hint[1])) || attempt(bundle.fixed_hint[1]);
  if (!whole) {
    const uint8_t* order = cuts_.empty() ? order_[it.cls] : crossing_order_[it.cls];
    for (unsigned k = 0; k < count_[it.cls] && !whole; ++k) whole = attempt(order[k]);
  }
  if (whole) {
    assign(id, best);
    carve_cold(id, best);
    return true;
  }
  if (!cuts_.empty() && preempt(id)) return true;
  // Free for a first part only: worth it if the part has a use.
  if (best == kNoReg || it.use == kNone) return false;
  uint32_t at = split_before(it, best_until);
  if (at <= it.start || t_.uses[it.use].pos >= at) return false;
  // As early as nothing is lost and it costs least, so that the rest is not split in the middle of a loop.
  uint32_t last = it.start;
  for (uint32_t u = it.use; u != kNone && t_.uses[u].pos < at; u = t_.uses[u].next) {
    last = t_.uses[u].pos;
    ++steps_;
  }
  if (uint32_t low = (last + 4) & ~3u; low <= at && (at & 3) == 0) at = place_of_split(low, at);
  uint32_t rest = split(id, at);
  assign(id, best);
  carve_cold(id, best);
  push(rest);
  return true;
}

// Of the registers that calls do not cut, the one whose holder is worth much less than this interval.
bool LinearScan::preempt(uint32_t id) {
  const Interval& it = intervals_[id];
  uint8_t best = kNoReg;
  float least = it.weight * 0.5f;
  for (unsigned k = 0; k < count_[it.cls]; ++k) {
    uint8_t r = crossing_order_[it.cls][k];
    if (!in_->callee_saved.has(PReg{r})) break;
    uint32_t holder = active_[r];
    if (holder == kNone || intervals_[holder].weight >= least || fixed_until(r, it) < it.end) continue;
    if (spill_score(holder, pos_, it.end - pos_) >= kNever) continue;
    bool meets = false;
    for (uint32_t other : inactive_[r]) meets |= first_overlap(it, intervals_[other], it.end) < it.end;
    if (meets) continue;
    least = intervals_[holder].weight;
    best = r;
  }
  if (best == kNoReg) return false;
  evict(active_[best], pos_);
  assign(id, best);
  carve_cold(id, best);
  return true;
}

const Use* LinearScan::next_use(uint32_t id, uint32_t pos) {
  Interval& it = intervals_[id];
  while (it.use != kNone && t_.uses[it.use].pos < pos) {
    it.last_used = t_.uses[it.use].pos;
    it.use = t_.uses[it.use].next;
    ++steps_;
  }
  return it.use == kNone ? nullptr : &t_.uses[it.use];
}

// What it costs to have the interval in memory from `pos` to its next use, for each position of relief (of which no
// more than `relief` are wanted). Infinite if it is in use right here.
float LinearScan::spill_score(uint32_t id, uint32_t pos, uint32_t relief) {
  const Use* use = next_use(id, pos);
  const Interval& it = intervals_[id];
  uint32_t here = inst_of(pos);
  if (it.start <= pos && inst_of(it.start) == here && (it.start & 3) != 0) return kNever;  // defined right here
  while (use && inst_of(use->pos) == here) {
    if (must_have_reg(it, use->kind)) return kNever;
    use = use->next == kNone ? nullptr : &t_.uses[use->next];
  }
  float cost = 0.01f;
  uint32_t until = it.end;
  float here_frequency = t_.loops.frequency(t_.inst_block[here]);
  if (use) {
    until = use->pos;
    cost = std::min(use->frequency, here_frequency) * memory_cost(use->kind);
  }
  // Used earlier in a loop that it lives round: the next use is in the next turn.
  unsigned levels = 0;
  for (uint32_t l = t_.loops.of(t_.inst_block[here]); l != kNone && levels < 8; l = t_.loops[l].parent, ++levels) {
    const auto& loop = t_.loops[l];
    uint32_t first = gap_before(in_->blocks[loop.first_block].first_inst);
    uint32_t end = gap_before(in_->blocks[loop.end_block - 1].end_inst);
    if (it.last_used != kNone && it.last_used >= first && until >= end && it.end >= end) {
      until = end;
      cost = std::max(cost, t_.loops.frequency(loop.first_block));
      break;
    }
  }
  const VRegData& bundle = t_.vregs[it.bundle];
  if (bundle.remat) {
    cost *= 0.5f;
  } else if (!bundle.needs_slot) {
    cost += 0.5f * std::min(here_frequency, t_.loops.frequency(t_.block_of(bundle.def_pos)));
  }
  uint32_t freed = std::min(relief, until > pos ? until - pos : 1);
  return cost / static_cast<float>(std::max(freed, 1u));
}

bool LinearScan::must_have_reg(const Interval& it, UseKind kind) const {
  if (needs_reg(kind)) return true;
  return (kind == UseKind::Any || kind == UseKind::DefAny) && t_.vregs[it.bundle].remat;  // it has no slot
}

bool LinearScan::must_have_reg_at(const Interval& it, uint32_t inst) const {
  for (uint32_t u = it.use; u != kNone && inst_of(t_.uses[u].pos) == inst; u = t_.uses[u].next) {
    if (must_have_reg(it, t_.uses[u].kind)) return true;
  }
  return false;
}

bool LinearScan::allocate_blocked(uint32_t id) {
  const uint32_t pos = pos_;
  const uint32_t relief = intervals_[id].end - pos;
  const Use* first = next_use(id, pos);
  // Must it have a register now, and up to where at least?
  bool now = must_have_reg_at(intervals_[id], inst_of(pos));
  uint32_t least = pos;
  float own = kNever;
  if (now) {
    for (uint32_t u = intervals_[id].use; u != kNone && inst_of(t_.uses[u].pos) == inst_of(pos); u = t_.uses[u].next) {
      if (must_have_reg(intervals_[id], t_.uses[u].kind)) least = t_.uses[u].pos;
    }
  } else {
    const Use* use = first;
    while (use && inst_of(use->pos) == inst_of(pos)) use = use->next == kNone ? nullptr : &t_.uses[use->next];
    float cost = use ? std::min(use->frequency, t_.loops.frequency(t_.inst_block[inst_of(pos)])) : 0;
    uint32_t until = use ? use->pos : intervals_[id].end;
    own = cost / static_cast<float>(std::clamp(until > pos ? until - pos : 1u, 1u, std::max(relief, 1u)));
  }
  // A part that was split off and needs no register yet takes none from others.
  bool begins = intervals_[id].use != kNone && is_def(t_.uses[intervals_[id].use].kind);
  if (!now && !begins && !(first && first->frequency > 4 * t_.loops.frequency(t_.inst_block[inst_of(pos)])) &&
      t_.vregs[intervals_[id].bundle].def_pos != pos) {
    spill_from(id);
    return true;
  }
  float best_score = kNever;
  uint8_t best = kNoReg;
  unsigned cls = intervals_[id].cls;
  for (unsigned k = 0; k < count_[cls]; ++k) {
    uint8_t r = order_[cls][k];
    const Interval& it = intervals_[id];
    // What is fixed cannot be pushed out: it bounds what the register is good for.
    uint32_t holder = active_[r];
    uint32_t until = fixed_until(r, it);
    float score = 0;
    if (until < it.end) {
      uint32_t at = split_before(it, until);
      if (at <= pos || at <= least) continue;
      score = 0.5f * t_.loops.frequency(t_.inst_block[inst_of(pos)]) / static_cast<float>(std::max(relief, 1u));
    }
    if (holder != kNone) score += spill_score(holder, pos, std::min(relief, until - pos));
    for (uint32_t other : inactive_[r]) {
      uint32_t meet = first_overlap(it, intervals_[other], it.end);
      if (meet >= it.end) continue;
      const Use* use = next_use(other, pos);
      score += (use ? use->frequency : 0.01f) / static_cast<float>(std::max(relief, 1u));
    }
    if (score < best_score) {
      best_score = score;
      best = r;
    }
  }
  if (own <= best_score && own < kNever) {
    spill_from(id);
    return true;
  }
  if (best == kNoReg || best_score >= kNever) return false;
  if (active_[best] != kNone) evict(active_[best], pos);
  // What is in a hole now and would meet this one comes again after the hole.
  auto& inactive = inactive_[best];
  for (size_t i = 0; i < inactive.size();) {
    uint32_t other = inactive[i];
    if (first_overlap(intervals_[id], intervals_[other], intervals_[id].end) >= intervals_[id].end) {
      ++i;
      continue;
    }
    uint32_t rest = split(other, t_.ranges[intervals_[other].range].from);
    push(rest);
    inactive[i] = inactive.back();
    inactive.pop_back();
  }
  uint32_t until = free_until(best, intervals_[id]);
  uint32_t rest = kNone;
  if (until < intervals_[id].end) rest = split(id, split_before(intervals_[id], until));
  assign(id, best);
  carve_cold(id, best);
  if (rest != kNone) push(rest);
  return true;
}

namespace {
// Tens of vectors whose memory is worth keeping.
thread_local std::unique_ptr<LinearScan> scan;
}  // namespace

void allocate_linear_scan(const Input& in, Output& out) {
  if (!scan) scan = std::make_unique<LinearScan>();
  if (!scan->run(in, out)) allocate_fast(in, out);
}

void release_memory() {
  scan.reset();
  release_memory_of_fast();
}

}  // namespace vitrine::regalloc

// Cutting intervals: where to, what stays in its register and what goes to memory.
#include <algorithm>

#include "compiler/regalloc/linear_scan.hpp"

namespace vitrine::regalloc {

// Everything from `at` on becomes an interval of its own, which is answered; `at` is behind the start, and some range
// reaches behind it. Costs as much as the part that stays is long, so that repeated splitting is linear.
uint32_t LinearScan::split(uint32_t id, uint32_t at) {
  auto rest_id = static_cast<uint32_t>(intervals_.size());
  intervals_.push_back(intervals_[id]);
  Interval &it = intervals_[id], &rest = intervals_.back();
  VITRINE_DCHECK(at > it.start && at < it.end);
  uint32_t last = kNone;
  uint32_t n = it.ranges;
  while (n != kNone && t_.ranges[n].to <= at) {
    last = n;
    n = t_.ranges[n].next;
    ++steps_;
  }
  if (t_.ranges[n].from < at) {
    Range tail = t_.ranges[n];
    tail.from = at;
    t_.ranges[n].to = at;
    t_.ranges[n].next = kNone;
    last = n;
    n = static_cast<uint32_t>(t_.ranges.size());
    t_.ranges.push_back(tail);
  } else {
    t_.ranges[last].next = kNone;
  }
  it.end = t_.ranges[last].to;
  if (it.range != kNone && t_.ranges[it.range].from >= at) it.range = kNone;
  rest.start = t_.ranges[n].from;
  rest.ranges = rest.range = n;

  last = kNone;
  n = it.uses;
  float weight = 0;
  while (n != kNone && t_.uses[n].pos < at) {
    weight += t_.uses[n].frequency * memory_cost(t_.uses[n].kind);
    last = n;
    n = t_.uses[n].next;
    ++steps_;
  }
  (last == kNone ? it.uses : t_.uses[last].next) = kNone;
  if (it.use != kNone && t_.uses[it.use].pos >= at) it.use = kNone;
  rest.uses = rest.use = n;
  rest.weight = it.weight - weight;
  it.weight = weight;
  rest.last_used = last == kNone ? it.last_used : t_.uses[last].pos;
  rest.reg = rest.hint = kNoReg;
  rest.flags = 0;
  VRegData& bundle = t_.vregs[it.bundle];
  rest.next_child = bundle.first_child;
  bundle.first_child = rest_id;
  return rest_id;
}

// The best position to split at between the two (both gaps before an instruction): right before the outermost loop that
// has `high` in it but begins after `low`; `high` if there is none.
uint32_t LinearScan::place_of_split(uint32_t low, uint32_t high) const {
  uint32_t best = high;
  unsigned levels = 0;
  for (uint32_t l = t_.loops.of(t_.inst_block[inst_of(high)]); l != kNone && levels < 64; l = t_.loops[l].parent) {
    uint32_t first = gap_before(in_->blocks[t_.loops[l].first_block].first_inst);
    if (first < low) break;
    best = first;
    ++levels;
  }
  return best;
}

// The last position at which an interval can be split that is blocked at `blocked`. If the instruction there still
// reads the value before it is blocked, and needs it in no register after, the split is between the two (and what
// follows begins in its slot); else it is the gap before the instruction.
uint32_t LinearScan::split_before(const Interval& it, uint32_t blocked) {
  uint32_t gap = blocked & ~3u;
  bool served = false;
  for (uint32_t u = it.use; u != kNone && inst_of(t_.uses[u].pos) <= inst_of(gap); u = t_.uses[u].next, ++steps_) {
    const Use& use = t_.uses[u];
    if (use.pos < gap) continue;
    if (use.pos >= blocked && must_have_reg(it, use.kind)) return gap;
    if (use.pos < blocked) served = true;
  }
  return served ? blocked : gap;
}

// The interval begins in its slot and stays there until a use wants a register; what follows comes to the walk again.
void LinearScan::spill_from(uint32_t id) {
  Interval* it = &intervals_[id];
  it->reg = kInSlot;
  VRegData& bundle = t_.vregs[it->bundle];
  if (!bundle.remat) bundle.needs_slot = 1;
  uint32_t from = std::max(pos_, it->start);
  float frequency = t_.loops.frequency(t_.block_of(it->start));
  uint32_t wanted = kNone;
  bool optional = false;
  for (uint32_t u = it->uses; u != kNone; u = t_.uses[u].next) {
    const Use& use = t_.uses[u];
    ++steps_;
    if (inst_of(use.pos) == inst_of(from) && use.pos <= from) continue;  // served already, or its own definition
    if (must_have_reg(*it, use.kind)) {
      wanted = u;
      break;
    }
    // A memory operand in a loop is worth a register that is loaded before the loop.
    if (use.kind == UseKind::Any && !(it->flags & kNoBenefit) && use.frequency > 2 * frequency) {
      wanted = u;
      optional = true;
      break;
    }
  }
  uint32_t low = (from + 4) & ~3u;
  uint32_t high = wanted == kNone ? it->end : gap_before(inst_of(t_.uses[wanted].pos));
  if (wanted != kNone && high < low) high = low;
  uint32_t at = wanted == kNone ? kNone : it->flags & kHoisted ? high : place_of_split(low, high);
  uint8_t flags = 0;
  if (wanted != kNone) flags = static_cast<uint8_t>((optional ? kOptional : 0) | (at != high ? kHoisted : 0));
  uint8_t hint = kNoReg;
  uint32_t resume = resume_point(*it, low, std::min(at, it->end), &hint);
  if (resume != kNone) {
    at = resume;
    flags = kOptional;
  }
  if (at == kNone || at >= it->end) return;
  uint32_t rest = split(id, at);
  intervals_[rest].flags = flags;
  intervals_[rest].hint = hint;
  if (resume == kNone) {
    if (uint32_t drop = drop_point(intervals_[rest]); drop != kNone) {
      uint32_t dropped = split(rest, drop);
      intervals_[dropped].flags = kBlockedPart;
      push(dropped);
    }
  }
  push(rest);
}

// Takes the register from an active interval: from its last use on (or a better place before `pos`) it is in its slot.
void LinearScan::evict(uint32_t id, uint32_t pos) {
  next_use(id, pos);
  const Interval& it = intervals_[id];
  active_[it.reg] = kNone;
  bool used = it.uses != kNone && t_.uses[it.uses].pos < pos;
  if (!used) {  // then the register served nothing
    spill_from(id);
    return;
  }
  uint32_t gap = pos & ~3u, after = it.last_used + 1, aligned = (after + 3) & ~3u;
  uint32_t at = aligned <= gap ? place_of_split(aligned, gap) : after;
  uint32_t rest = split(id, at);
  if (intervals_[rest].start > pos) {  // it would have been in a hole
    push(rest);
  } else {
    spill_from(rest);
  }
}

// An interval of hot code got a register that calls or fixed operands in cold blocks also want: from there to the end
// of the cold blocks it is cut out.
void LinearScan::carve_cold(uint32_t id, uint8_t r) {
  if (in_->blocks[t_.block_of(intervals_[id].start)].cold) return;
  for (;;) {
    const Interval& it = intervals_[id];
    uint32_t cut = it.end;
    for (size_t s = 1; s < in_->clobber_sets.size(); ++s) {
      if (!in_->clobber_sets[s].has(PReg{r})) continue;
      cut = std::min(cut, first_clobber(it, 1, s, cut));
    }
    auto& list = t_.fixed[r][1];
    size_t& cursor = fixed_cursor_[r][1];
    while (cursor < list.size() && list[cursor].to <= pos_) ++cursor;
    if (cursor < list.size() && list[cursor].from < cut) cut = first_blocked(list, cursor, it, cut);
    if (cut >= it.end) return;
    next_change_[r] = pos_;  // the range in hand may end earlier now
    uint32_t at = split_before(it, cut);
    // To the first block after it that is not cold.
    uint32_t b = t_.block_of(cut);
    auto blocks = static_cast<uint32_t>(in_->blocks.size());
    while (b < blocks && in_->blocks[b].cold) ++b, ++steps_;
    uint32_t stop = b < blocks ? gap_before(in_->blocks[b].first_inst) : kNone;
    uint32_t middle = split(id, at);
    intervals_[middle].flags = kBlockedPart;
    if (intervals_[middle].end > stop) {
      // What lies behind stays with the interval: it is put back.
      uint32_t behind = split(middle, stop);
      Interval &front = intervals_[id], &back = intervals_[behind];
      uint32_t last = front.range != kNone ? front.range : front.ranges;
      while (t_.ranges[last].next != kNone) last = t_.ranges[last].next, ++steps_;
      t_.ranges[last].next = back.ranges;
      if (front.range == kNone) front.range = back.ranges;
      if (front.uses == kNone) {
        front.uses = front.use = back.uses;
      } else {
        uint32_t u = front.use != kNone ? front.use : front.uses;
        while (t_.uses[u].next != kNone) u = t_.uses[u].next, ++steps_;
        t_.uses[u].next = back.uses;
        if (front.use == kNone) front.use = back.uses;
      }
      front.end = back.end;
      front.weight += back.weight;
      t_.vregs[front.bundle].first_child = middle;  // as before `behind`, which is gone
      intervals_.pop_back();
    }
    push(middle);
  }
}

// The first block between the two positions, if any is near, that is mostly entered from blocks where the value is in a
// register (answered too), because that way in avoids what pushed it out.
uint32_t LinearScan::resume_point(const Interval& it, uint32_t low, uint32_t limit, uint8_t* reg) {
  unsigned looked_at = 0;
  for (uint32_t n = it.range; n != kNone && looked_at < 16; n = t_.ranges[n].next) {
    const Range& range = t_.ranges[n];
    if (range.from >= limit) break;
    ++steps_;
    if (range.to <= low) continue;
    uint32_t b = t_.block_of(std::max(range.from, low));
    if (gap_before(in_->blocks[b].first_inst) < std::max(range.from, low)) ++b;
    for (; b < in_->blocks.size() && looked_at < 16; ++b, ++looked_at) {
      uint32_t start = gap_before(in_->blocks[b].first_inst);
      if (start >= range.to || start >= limit) break;
      if (t_.vregs[range.vreg].def_pos == start) continue;  // a parameter: what it is passed is not this
      float in_reg = 0, in_slot = 0;
      unsigned preds = 0;
      for (uint32_t p : in_->blocks[b].preds) {
        uint32_t end = gap_before(in_->blocks[p].end_inst) - 1;
        if (end >= start || ++preds > 8) continue;
        uint8_t r = end < pos_ ? reg_at(it.bundle, end) : kNoReg;
        if (r < kInSlot) *reg = r;
        (r < kInSlot ? in_reg : in_slot) += t_.loops.frequency(p);
      }
      if (in_reg > 0 && in_reg >= in_slot) return start;
    }
  }
  return kNone;
}

// Where a value that was reloaded should go back to its slot: the start of the first block that is also entered with
// the value in the slot, unless it is used there or soon often enough to be worth reloads on those ways in. Its slot
// holds it still, so going back costs nothing.
uint32_t LinearScan::drop_point(const Interval& it) {
  unsigned looked_at = 0, ranges = 0;
  uint32_t u = it.uses;
  for (uint32_t n = it.ranges; n != kNone && looked_at < 16 && ranges < 64; n = t_.ranges[n].next, ++ranges) {
    ++steps_;
    const Range& range = t_.ranges[n];
    uint32_t b = t_.block_of(range.from);
    if (gap_before(in_->blocks[b].first_inst) < range.from || range.from == it.start) ++b;
    for (; b < in_->blocks.size() && looked_at < 16; ++b, ++looked_at) {
      const BlockInfo& block = in_->blocks[b];
      uint32_t start = gap_before(block.first_inst);
      if (start >= range.to) break;
      if (t_.vregs[range.vreg].def_pos == start) continue;
      while (u != kNone && t_.uses[u].pos < start) u = t_.uses[u].next, ++steps_;
      float in_slot = 0;
      unsigned preds = 0;
      for (uint32_t p : block.preds) {
        uint32_t end = gap_before(in_->blocks[p].end_inst) - 1;
        if (++preds > 8) break;
        if (end < it.start && reg_at(it.bundle, end) >= kInSlot) in_slot += t_.loops.frequency(p);
      }
      if (in_slot == 0) continue;
      if (u != kNone && (t_.uses[u].pos < gap_before(block.end_inst) || in_slot < 0.5f * t_.uses[u].frequency))
        continue;
      return start;
    }
  }
  return kNone;
}

/// The register that a bundle is in at a position which the walk has passed; none if it is in its slot, or if that
/// would take long to find out.
uint8_t LinearScan::reg_at(uint32_t bundle, uint32_t pos) {
  unsigned children = 0;
  for (uint32_t c = t_.vregs[bundle].first_child; c != kNone && children < 24;
       c = intervals_[c].next_child, ++children) {
    const Interval& it = intervals_[c];
    ++steps_;
    if (it.start > pos || it.end <= pos || it.reg >= kInSlot) continue;
    unsigned ranges = 0;
    for (uint32_t n = it.ranges; n != kNone && t_.ranges[n].from <= pos && ranges < 64;
         n = t_.ranges[n].next, ++ranges) {
      ++steps_;
      if (t_.ranges[n].to > pos) return it.reg;
    }
  }
  return kNoReg;
}

}  // namespace vitrine::regalloc

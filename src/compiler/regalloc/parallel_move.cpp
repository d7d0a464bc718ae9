#include "compiler/regalloc/parallel_move.hpp"

#include <algorithm>

#include "compiler/regalloc/machine.hpp"

namespace vitrine::regalloc {

void ParallelMoves::resolve(uint32_t inst, Point point, std::vector<Edit>& edits) {
  if (moves_.empty()) return;
  edits_ = &edits;
  inst_ = inst;
  point_ = point;
  if (moves_.size() == 1) {
    emit(moves_[0], moves_[0].from, moves_[0].to);
    moves_.clear();
    return;
  }
  uint32_t top = 0;
  for (const Move& m : moves_) top = std::max({top, index(m.from), index(m.to)});
  if (locs_.size() <= top) locs_.resize(top + 1, Loc{0, 0});
  for (uint32_t i = 0; i < moves_.size(); ++i) {
    VITRINE_DCHECK(locs_[index(moves_[i].to)].writer == 0);
    locs_[index(moves_[i].to)].writer = i + 1;
    ++locs_[index(moves_[i].from)].readers;
  }
  ready_.clear();
  for (uint32_t i = 0; i < moves_.size(); ++i) {
    if (locs_[index(moves_[i].to)].readers == 0) ready_.push_back(i);
  }
  while (!ready_.empty()) {
    Move& m = moves_[ready_.back()];
    ready_.pop_back();
    emit(m, m.from, m.to);
    m.done = true;
    locs_[index(m.to)].writer = 0;
    Loc& from = locs_[index(m.from)];
    if (--from.readers == 0 && from.writer) ready_.push_back(from.writer - 1);
  }
  for (Move& m : moves_) {
    if (!m.done) break_cycle(m);
  }
  for (const Move& m : moves_) locs_[index(m.from)] = locs_[index(m.to)] = Loc{0, 0};
  moves_.clear();
}

// What is left are cycles: each location in them is read once and written once.
void ParallelMoves::break_cycle(Move& first) {
  bool all_int = true, any_int = false, memory_to_memory = false;
  Move* last = &first;
  for (;; last = &moves_[locs_[index(last->from)].writer - 1]) {
    for (Allocation a : {last->from, last->to}) {
      bool is_int = a.is_reg() && a.preg().cls() == RegClass::Int;
      all_int &= is_int;
      any_int |= is_int;
    }
    memory_to_memory |= last->from.is_spill() && last->to.is_spill();
    if (last->from == first.to) break;
  }
  const bool exchange = all_int && !int_scratch_.valid();
  // What is saved is what the last move carries.
  Allocation saved;
  if (!exchange) {
    saved = all_int ? int_scratch_ : memory_to_memory || any_int ? temp(last->bytes) : scratch_;
    emit(*last, first.to, saved);
  }
  for (Move* m = &first;;) {
    m->done = true;
    if (!exchange) {
      emit(*m, m == last ? saved : m->from, m->to);
    } else if (m != last) {
      edits_->push_back({inst_, point_, Edit::Kind::Swap, 8, m->to, m->from, m->vreg});
    }
    if (m == last) break;
    m = &moves_[locs_[index(m->from)].writer - 1];
  }
}

void ParallelMoves::emit(const Move& m, Allocation from, Allocation to) {
  if (from.is_spill() && to.is_spill()) {
    edits_->push_back({inst_, point_, Edit::Kind::Move, m.bytes, from, scratch_, m.vreg});
    from = scratch_;
  }
  edits_->push_back({inst_, point_, Edit::Kind::Move, m.bytes, from, to, m.vreg});
}

Allocation ParallelMoves::temp(uint8_t bytes) {
  Allocation& t = temp_[bytes > 8];
  if (!t.valid()) {
    uint32_t slots = slots_of(bytes);
    *spill_slots_ = (*spill_slots_ + slots - 1) / slots * slots;
    t = Allocation::spill(*spill_slots_);
    *spill_slots_ += slots;
  }
  return t;
}

}  // namespace vitrine::regalloc

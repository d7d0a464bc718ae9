// Linear scan: the state of the walk over intervals, and of what follows it. See linear_scan.cpp for how it goes.
#pragma once

#include "compiler/regalloc/intervals.hpp"
#include "compiler/regalloc/parallel_move.hpp"

namespace vitrine::regalloc {

enum IntervalFlags : uint8_t {
  kOptional = 1,    // made because a register would pay, not because one is needed: pushes nothing out
  kHoisted = 2,     // begins earlier than its first use, to be out of a loop; if that fails, next time it does not
  kNoBenefit = 4,   // memory operands stay memory operands: a register for them was not to be had
  kBlockedPart = 8  // cut out because of a call or a fixed operand in it: begins in its slot
};

/// A part of a bundle that is at one place. Its ranges and uses are the bundle's, cut; parts need not follow each other
/// in position: what lies in cold blocks may be cut out of the middle.
struct Interval {
  uint32_t start, end;
  uint32_t bundle;
  uint32_t ranges, uses;
  uint32_t range;               // the first that ends after the walk's position
  uint32_t use;                 // the first at or after the walk's position
  uint32_t last_used = kNone;   // position of the use before
  uint32_t next_child = kNone;  // the one split off before
  float weight = 0;             // what it would cost to have all of it in memory
  uint8_t reg = kNoReg;
  uint8_t hint = kNoReg;  // where the value is on the way in
  uint8_t cls = 0;
  uint8_t flags = 0;
};

class LinearScan {
 public:
  /// False if the function is so large for its shape that the fast mode has to do it; `out` is then to be filled anew.
  bool run(const Input& in, Output& out);

 private:
  // linear_scan.cpp: the walk
  void make_intervals();
  bool walk();
  void expire(unsigned cls, uint32_t pos);
  void refresh(uint8_t r, uint32_t pos);
  bool allocate(uint32_t id);
  bool allocate_free(uint32_t id);
  bool allocate_blocked(uint32_t id);
  void find_calls(const Interval& it);
  /// Where registers of a clobber set are first written while the interval is alive.
  uint32_t first_clobber(const Interval& it, unsigned temperature, size_t set, uint32_t end);
  uint32_t free_until(uint8_t r, const Interval& it);
  uint32_t fixed_until(uint8_t r, const Interval& it);
  uint32_t first_blocked(std::vector<Blocked>& list, size_t cursor, const Interval& it, uint32_t limit);
  uint32_t first_overlap(const Interval& a, const Interval& b, uint32_t limit);
  void assign(uint32_t id, uint8_t r);
  void push(uint32_t id);
  float spill_score(uint32_t id, uint32_t pos, uint32_t relief);
  const Use* next_use(uint32_t id, uint32_t pos);
  bool must_have_reg(const Interval& it, UseKind kind) const;
  bool must_have_reg_at(const Interval& it, uint32_t inst) const;

  // splitting.cpp
  uint32_t split(uint32_t id, uint32_t at);
  uint32_t place_of_split(uint32_t low, uint32_t high) const;
  uint32_t split_before(const Interval& it, uint32_t blocked);
  void spill_from(uint32_t id);
  void evict(uint32_t id, uint32_t pos);
  void carve_cold(uint32_t id, uint8_t r);
  uint32_t resume_point(const Interval& it, uint32_t low, uint32_t limit, uint8_t* reg);
  uint32_t drop_point(const Interval& it);
  uint8_t reg_at(uint32_t bundle, uint32_t pos);
  void sort_equals_by_weight();
  bool preempt(uint32_t id);

  // spill_slots.cpp
  void assign_slots();

  // resolution.cpp
  struct PendingMove {
    uint64_t key;  // instruction, point, phase
    Allocation from, to;
    uint32_t vreg;
  };
  struct Piece {
    uint32_t from, to;
    Allocation where;
    uint32_t vreg;
  };
  void resolve();
  void rewrite_operands();
  void rewrite_tied();
  void collect_pieces();
  void connect_pieces();
  void pass_arguments();
  void place_stores();
  void emit_moves();
  void emit_remats();
  void add_move(uint32_t inst, Point point, unsigned phase, Allocation from, Allocation to, uint32_t vreg);
  void add_move_from_def(uint32_t operand, uint32_t pos, Allocation to);
  uint32_t edge_of(uint32_t operand, uint32_t pos) const;
  void add_store(uint32_t inst, unsigned phase, Allocation from, Allocation to, uint32_t vreg);
  void connect_edge(uint32_t pred, uint32_t succ, uint32_t vreg, Allocation from, Allocation to);
  Allocation location(uint32_t vreg, uint32_t pos);
  Allocation location_of(const Interval& it) const;

  bool is_split(uint32_t bundle) const {
    uint32_t child = t_.vregs[bundle].first_child;
    return child != kNone && intervals_[child].next_child != kNone;
  }

  const Input* in_ = nullptr;
  Output* out_ = nullptr;
  Intervals t_;

  std::vector<Interval> intervals_;
  std::vector<uint64_t> sorted_;  // start << 32 | interval, for those there from the beginning
  std::vector<uint64_t> heap_;    // likewise, for parts split off: the least on top
  uint32_t pos_ = 0;

  // By register.
  uint32_t active_[64];
  std::vector<uint32_t> inactive_[64];  // in a hole at the position of the walk
  uint32_t next_change_[64];            // no earlier than here does any of the two change
  size_t fixed_cursor_[64][2];
  std::vector<size_t> clobber_cursor_[2];
  uint32_t next_call_[2];   // the first call at or after some position that the walk has passed
  bool from_cold_ = false;  // the interval in hand begins in a cold block

  uint8_t order_[kClasses][32], crossing_order_[kClasses][32];
  unsigned count_[kClasses];
  uint64_t allocatable_ = 0, used_ = 0;

  // Where calls cut the interval in hand: the registers, and the first position.
  struct Cut {
    uint64_t mask;
    uint32_t pos;
  };
  std::vector<Cut> cuts_;
  uint64_t steps_ = 0, max_steps_ = 0;  // see the bound in linear_scan.cpp

  std::vector<PendingMove> moves_, stores_, remats_;
  std::vector<float> store_cost_;       // by vreg
  std::vector<uint32_t> stored_vregs_;  // those with a cost
  std::vector<Piece> pieces_;
  std::vector<uint32_t> first_piece_, end_piece_;  // by bundle
  std::vector<uint32_t> split_bundles_;
  ParallelMoves parallel_;
};

/// As release_memory, for the fast one.
void release_memory_of_fast();

}  // namespace vitrine::regalloc

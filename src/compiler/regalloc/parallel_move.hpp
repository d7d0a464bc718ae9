// Moves that happen at once, put into an order in which no value is overwritten before it was read.
//
// In:  moves between registers and slots; each destination at most once, a source any number of times.
// Out: edits. Cycles of integer registers are broken by exchange, or through the integer scratch register where there
//      is one; of float registers through the scratch register; memory goes to memory through the scratch register; and a
//      cycle that mixes memory with integer registers, or moves memory to memory, through a spill slot kept for that.
// Slots of 8 and of 16 bytes never overlap (the allocators colour them apart), so equal or not is all there is to know.
// Cost: O(moves).
#pragma once

#include "compiler/regalloc/interface.hpp"

namespace vitrine::regalloc {

class ParallelMoves {
 public:
  /// Before each function: `spill_slots` is where a slot for breaking cycles is taken from, when one is needed.
  void begin_function(const Input& machine, uint32_t* spill_slots) {
    scratch_ = Allocation::reg(machine.scratch);
    int_scratch_ = machine.int_scratch.valid() ? Allocation::reg(machine.int_scratch) : Allocation();
    spill_slots_ = spill_slots;
    temp_[0] = temp_[1] = Allocation();
    moves_.clear();
  }
  void add(Allocation from, Allocation to, uint8_t bytes, VReg vreg) {
    if (from != to) moves_.push_back({from, to, bytes, vreg, false});
  }
  bool empty() const { return moves_.empty(); }
  /// A slot that is free between two moves of any group.
  Allocation temp(uint8_t bytes);
  /// Appends the edits that do the moves added since the last call.
  void resolve(uint32_t inst, Point point, std::vector<Edit>& edits);

 private:
  struct Move {
    Allocation from, to;
    uint8_t bytes;
    VReg vreg;
    bool done;
  };
  struct Loc {
    uint32_t writer;   // the pending move into it, plus one; 0 none
    uint32_t readers;  // how many pending moves out of it
  };
  static uint32_t index(Allocation a) { return a.is_reg() ? a.bits : 64 + a.slot(); }
  void emit(const Move& m, Allocation from, Allocation to);
  void break_cycle(Move& first);

  Allocation scratch_, int_scratch_, temp_[2];
  uint32_t* spill_slots_ = nullptr;
  std::vector<Move> moves_;
  std::vector<Loc> locs_;
  std::vector<uint32_t> ready_;
  std::vector<Edit>* edits_ = nullptr;
  uint32_t inst_ = 0;
  Point point_ = Point::Early;
};

}  // namespace vitrine::regalloc

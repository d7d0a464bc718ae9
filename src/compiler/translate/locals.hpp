// The local variables of the function being translated, as SSA values or (fast mode) in stack slots.
//
// SSA: `get` answers the current value. Every block being translated is a frame; a log remembers, per frame, which
// locals it changed and what they were, so that
//   - a branch can name the locals changed since its label's block began (`changes_since`),
//   - the state at the start of a block comes back when its end cannot be reached, and at `else` (`undo_frame`),
//   - the cost of a join depends on what changed and not on how many locals there are.
// An entry belongs to the innermost frame that was open when the local was first changed in it; `logged_at` of a local
// is that frame's number (0: in none but the function's own, which needs no log).
//
// Fast mode: a local lives in its slot; its value is also known in the block that last read or wrote it.
#pragma once

#include <span>
#include <vector>

#include "compiler/ir/builder.hpp"
#include "wasm/types.hpp"

namespace vitrine::translate {

/// A local and the value it has on some edge.
struct LocalValue {
  uint32_t local;
  ir::Value value;
};

class SsaLocals {
 public:
  void reset(std::span<const ir::Value> initial);

  ir::Value get(uint32_t local) const { return current_[local]; }
  /// `frame`: number of the innermost open frame.
  void set(uint32_t local, ir::Value value, uint32_t frame) {
    if (current_[local] == value) return;
    if (logged_at_[local] < frame) {
      log_.push_back({local, logged_at_[local], current_[local]});
      logged_at_[local] = frame;
    }
    current_[local] = value;
  }

  /// Where the log of a frame that begins now starts.
  uint32_t mark() const { return static_cast<uint32_t>(log_.size()); }
  /// Appends the locals changed since frame number `frame`, whose log starts at `mark`, with their values. Answers how
  /// many log entries it looked at.
  uint32_t changes_since(uint32_t mark, uint32_t frame, std::vector<LocalValue>& out) const;
  /// The locals as they were when the frame at `mark` began.
  void undo_frame(uint32_t mark);
  /// Frame number `frame` at `mark` ends, and control goes on from where it is. Answers how many entries it looked at.
  uint32_t merge_frame(uint32_t mark, uint32_t frame);

 private:
  struct Entry {
    uint32_t local;
    uint32_t outer;  // logged_at before
    ir::Value old;
  };
  std::vector<ir::Value> current_;
  std::vector<uint32_t> logged_at_;
  std::vector<Entry> log_;
};

class SlotLocals {
 public:
  /// One slot per local. The first `params` are stored at once; the others are zero unless something else is stored
  /// into them before the entry block ends.
  void reset(ir::Builder& builder, std::span<const ir::Type> types, std::span<const ir::Value> params);

  ir::Value get(ir::Builder& builder, uint32_t local);
  void set(ir::Builder& builder, uint32_t local, ir::Value value) {
    builder.stack_store(ir::Slot(local), value);
    cache(local, value);
  }
  /// To be called before the terminator of a block.
  void leave_block(ir::Builder& builder) {
    if (in_entry_) leave_entry(builder);
  }
  /// To be called when another block was entered.
  void enter_block() { ++generation_; }

 private:
  void leave_entry(ir::Builder& builder);
  void cache(uint32_t local, ir::Value value) { cached_[local] = {generation_, value}; }

  struct Cached {
    uint32_t generation = 0;
    ir::Value value;
  };
  std::vector<Cached> cached_;
  std::span<const ir::Type> types_;
  uint32_t first_zero_ = 0;  // locals from here on have no value at entry
  uint32_t generation_ = 0;
  bool in_entry_ = false;
};

/// The zero of a type: what a local starts as.
ir::Value zero_of(ir::Builder& builder, ir::Type type);

}  // namespace vitrine::translate

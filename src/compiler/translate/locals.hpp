// The local variables of the function being translated, as SSA values or (fast mode) in stack slots.
//
// A body of a few bytes may declare 50,000 locals. So what is kept by local is kept from function to function, and an
// entry of another function counts as untouched: a function costs what it touches. A local that is never touched has no
// value, no slot and no store.
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

#include <array>
#include <iterator>
#include <span>
#include <vector>

#include "compiler/ir/builder.hpp"
#include "wasm/function_reader.hpp"

namespace vitrine::translate {

inline constexpr size_t kTypes = std::size(ir::kAllTypes) + 1;  // and none

/// A local and the value it has on some edge.
struct LocalValue {
  uint32_t local;
  ir::Value value;
};

/// What is declared: the parameters, then runs of locals of one type.
class LocalTypes {
 public:
  /// `params` outlives its use here.
  void reset(std::span<const ir::Type> params, std::span<const wasm::LocalRun> runs);
  uint32_t count() const { return count_; }
  uint32_t param_count() const { return static_cast<uint32_t>(params_.size()); }
  /// O(log runs).
  ir::Type operator[](uint32_t local) const;
  /// Calls `f` with the type of each run, parameters excepted.
  template <class F>
  void for_each_run(F&& f) const {
    for (const Run& run : runs_) f(run.type);
  }

 private:
  struct Run {
    uint32_t end;  // behind its last local
    ir::Type type;
  };
  std::span<const ir::Type> params_;
  std::vector<Run> runs_;  // of one local or more
  uint32_t count_ = 0;
};

class SsaLocals {
 public:
  /// The current block is the entry: it gets a zero for each type that declared locals have, and no more.
  void reset(ir::Builder& builder, const LocalTypes& types, std::span<const ir::Value> params);

  ir::Value get(uint32_t local) { return touch(local).value; }
  /// `frame`: number of the innermost open frame.
  void set(uint32_t local, ir::Value value, uint32_t frame) {
    State& state = touch(local);
    if (state.value == value) return;
    if (state.logged_at < frame) {
      log_.push_back({local, state.logged_at, state.value});
      state.logged_at = frame;
    }
    state.value = value;
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
  struct State {
    uint32_t function = 0;  // in which it was touched; another one: it is what it was at entry
    uint32_t logged_at = 0;
    ir::Value value;
  };
  struct Entry {
    uint32_t local;
    uint32_t outer;  // logged_at before
    ir::Value old;
  };
  State& touch(uint32_t local) {
    State& state = states_[local];
    if (state.function != function_) [[unlikely]]
      state = {function_, 0, zero_[static_cast<size_t>((*types_)[local])]};
    return state;
  }

  const LocalTypes* types_ = nullptr;
  uint32_t function_ = 0;
  std::array<ir::Value, kTypes> zero_;  // by type
  std::vector<State> states_;           // as many as the largest function so far has locals
  std::vector<Entry> log_;
};

class SlotLocals {
 public:
  /// The entry block has been entered. `types` and `params` outlive the building.
  void reset(const LocalTypes& types, std::span<const ir::Value> params);

  ir::Value get(ir::Builder& builder, uint32_t local);
  void set(ir::Builder& builder, uint32_t local, ir::Value value);
  /// To be called when another block was entered.
  void enter_block() {
    ++generation_;
    in_entry_ = false;
  }
  /// In the entry block: stores what all locals begin with.
  void store_all(ir::Builder& builder);
  /// To be called when all is built: stores in the entry block what locals begin with, of those that need it.
  void finish(ir::Func& func);

 private:
  struct State {
    uint32_t function = 0;    // in which it was touched
    uint32_t generation = 0;  // of the block in which `value` is known
    ir::Value value;
    ir::Slot slot;
    ir::Type type = ir::Type::None;
  };
  State& touch(uint32_t local);
  ir::Slot slot(ir::Builder& builder, uint32_t local, State& state);

  const LocalTypes* types_ = nullptr;
  std::span<const ir::Value> params_;
  std::vector<State> states_;      // as many as the largest function so far has locals
  std::vector<uint32_t> initial_;  // locals that are touched behind the entry block and not stored in it
  uint32_t function_ = 0;
  uint32_t generation_ = 0;
  bool in_entry_ = false;
};

}  // namespace vitrine::translate

// Builds the IR of one function from the validated operators that the function reader hands out.
//
// The operand stack of WebAssembly is a stack of IR values here; a block of WebAssembly is a `Frame`. Since the
// language is structured, all that can differ where paths meet is known there: the results of the block, and the locals
// changed in it. So a branch forward leaves an `Edge` behind (its block call, the values it carries, the locals changed
// since the label's block began) and the `end` makes parameters of what differs and completes the block calls. A loop's
// header has a parameter for each local that its body assigns (wasm/body_scan.hpp knows them); those that turn out to
// be unchanged on every way back are taken out at the loop's end.
//
// In fast mode locals live in stack slots, and joins carry the results of blocks only.
//
// Always holds: unreachable code is never built; `dead_` is true from an unconditional branch (or one with a constant
// condition, which validation does not see) to the end of its block. What the joins of a hostile function could cost (a
// product of branches and locals) is bounded, and so is what the floors below need for all that was built: past a
// budget nothing is built any more, `over_budget` answers true, and the caller starts over: with more memory if it can
// have more, else in fast mode, which has no such product and needs less for the same.
//
// The class is one, its methods are in files by topic: control.cpp, joins.cpp, memory.cpp, bulk.cpp, table.cpp,
// call.cpp, variable.cpp, instrument.cpp; function_translator.cpp dispatches. pieces.cpp has blocks and branches of very
// large functions.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "abi/trap.hpp"
#include "compiler/ir/builder.hpp"
#include "compiler/translate/env.hpp"
#include "compiler/translate/locals.hpp"
#include "wasm/body_scan.hpp"
#include "wasm/function_reader.hpp"

namespace vitrine::translate {

enum class Mode : uint8_t {
  Ssa,    // locals are SSA values
  Fast,   // locals live in stack slots
  Pieces  // and so do operands, where paths part or meet; the function is compiled piece by piece
};

/// What takes the pieces of a function.
class PieceSink {
 public:
  /// `piece` is the sink's to change, and lives until the call ends. Answers whether to go on.
  virtual bool piece(ir::Func& piece) = 0;

 protected:
  ~PieceSink() = default;
};

class FunctionTranslator {
 public:
  /// How many values the branches, joins and calls of a function may carry in all, by the bytes of its body: far above
  /// what compilers make of real programs.
  static constexpr uint64_t max_carried(Mode mode, uint64_t body_bytes) {
    return (mode == Mode::Ssa ? 200'000 : 2'000'000) + 16 * body_bytes;
  }
  /// How many bytes the compilation of a function as a whole may need at once, as `working_memory` has it; beyond it, it
  /// is compiled in pieces. In SSA form what is live in many blocks costs more, and inlining comes on top.
  static constexpr uint64_t kMaxWorkingMemory = 200ull << 20;
  static constexpr uint64_t kMaxWorkingMemorySsa = kMaxWorkingMemory / 2;
  /// The same of a piece.
  static constexpr uint64_t kMaxWorkingMemoryOfPiece = 32ull << 20;

  explicit FunctionTranslator(const ModuleEnv& env);

  /// What comes next from the reader is built into `out`, which is reset. It is given up when it turns out that more
  /// than `memory` bytes are needed to compile it.
  void prepare(Mode mode, uint64_t memory, ir::Func& out);
  /// The same in mode Pieces, each of about `piece_insts` instructions.
  void prepare_pieces(uint32_t piece_insts, ir::Func& out, PieceSink& sink);
  /// The last function was given up: start over, with more memory if that is what it wants, else in the next mode.
  bool over_budget() const { return over_budget_; }
  bool wants_memory() const { return memory_ < max_memory(mode_) && carried_ <= carry_limit_; }
  /// About what compiling the function, or the piece in hand, needs at once, bytes: the IR, what lowering makes of it,
  /// registers, code, side tables.
  uint64_t working_memory() const;
  /// How many bytes the open blocks of a function in pieces take, the reader's included.
  size_t memory() const;
  /// Gives back what a very large function left behind.
  void release_memory();

  // The reader's consumer.
  void begin(uint32_t function, const wasm::FuncType& type, std::span<const wasm::LocalRun> locals);
  void op(const wasm::Operator& op, const wasm::OperandInfo& info);
  void finish();

 private:
  using Value = ir::Value;
  using Block = ir::Block;

  static constexpr uint32_t kNone = ~0u;

  enum class FrameKind : uint8_t { Function, Block, Loop, If, Else };
  /// Which arms of an `if` exist.
  enum class Arms : uint8_t { Both, Then, Else };

  struct Frame {
    FrameKind kind = FrameKind::Block;
    Arms arms = Arms::Both;
    bool dead_at_entry = false;  // nothing of it is built
    uint32_t height = 0;         // of the operand stack below its parameters
    uint32_t param_count = 0, result_count = 0;
    uint32_t log_mark = 0;
    Block target;            // Loop: the header; else: where branches go, once there is one
    uint32_t edges = kNone;  // branches to the label, latest first
    uint32_t edge_count = 0;
    uint32_t else_call = kNone;   // If: the block call of the false side
    uint32_t saved_params = 0;    // If: start of its parameters in saved_params_
    uint32_t entry_call = kNone;  // Loop: the block call into the header
    uint32_t loop_locals = 0;     // Loop: the locals that have parameters are loop_locals_[loop_locals ..]
    uint32_t loop_local_count = 0;
    uint32_t table_stamp = 0;  // br_table: which one saw this label last,
    uint32_t table_uses = 0;   //   how often,
    Block table_block;         //   and the block between, if any
  };

  /// A branch to a label. What it carries is completed at the label.
  struct Edge {
    uint32_t call;  // in Func::block_calls
    uint32_t next;  // of the same label
    uint32_t first_arg;
    uint32_t first_change, change_count;
  };

  /// What a local is at a join.
  struct Merge {
    uint32_t local;
    uint32_t seen;  // on how many edges it is named
    Value value;    // on those edges, if they agree
    bool differs;
    uint32_t param;  // its place among the parameters of the join, or kNone
  };

  struct Address {
    Value ptr;
    int32_t disp = 0;
    uint8_t trap = 0;
    uint8_t flags = 0;  // of a load there
    ir::AliasRegion region = kAnyRegion;
  };

  // -- the operand stack
  void push(Value v) { stack_.push_back(v); }
  Value pop() {
    Value v = stack_.back();
    stack_.pop_back();
    return v;
  }
  std::span<const Value> top(uint32_t n) const { return std::span(stack_).last(n); }
  void drop(uint32_t n) { stack_.resize(stack_.size() - n); }
  uint32_t frame_number() const { return static_cast<uint32_t>(frames_.size()) - 1; }
  Frame& label(uint32_t depth) { return frames_[frames_.size() - 1 - depth]; }

  // -- control.cpp
  void structure(const wasm::Operator& op, const wasm::OperandInfo& info);  // block, loop, if, else, end
  void live_op(const wasm::Operator& op, const wasm::OperandInfo& info);
  Frame& push_frame(FrameKind kind, const wasm::BlockType& type);
  void on_block(const wasm::Operator& op);
  void on_loop(const wasm::Operator& op);
  void on_if(const wasm::Operator& op);
  void on_else();
  void on_end();
  void end_function(Frame& frame);
  void on_unreachable();
  void branch(const wasm::Operator& op);
  void on_br(uint32_t depth);
  void on_br_if(uint32_t depth);
  void on_br_table(const wasm::Operator& op);
  void on_return();
  void on_select();
  void enter(Block block);  // switch to a new block
  void leave();             // before the terminator of a block

  /// The n-th block call from the end.
  uint32_t last_call(uint32_t n) const { return static_cast<uint32_t>(func_->block_calls.size()) - n; }

  // -- pieces.cpp
  struct PieceLabel {
    uint32_t piece = 0;       // in which it was last used; 0: never
    Block block;              // there
    uint32_t number = kNone;  // by which other pieces know it, if they do
    bool is_used() const { return piece != 0; }
  };
  struct PieceFrame {
    FrameKind kind = FrameKind::Block;
    Arms arms = Arms::Both;
    bool dead_at_entry = false;  // nothing of it is built
    uint32_t height = 0;         // of the operand stack below its parameters
    uint32_t param_count = 0, result_count = 0;
    const wasm::ValType* params = nullptr;
    PieceLabel label;
    PieceLabel otherwise;  // If: the false side
    std::span<const wasm::ValType> param_types() const { return {params, param_count}; }
    /// How many operands a branch to the label takes along.
    uint32_t arity() const { return kind == FrameKind::Loop ? param_count : result_count; }
  };
  void begin_pieces();
  void end_piece();
  void next_piece();
  void cut();
  bool is_full() const;
  void add_entry(uint32_t number);
  void before_op_in_pieces(const wasm::Operator& op, const wasm::OperandInfo& info);
  /// Makes values of the topmost `n` operands.
  void fetch(uint32_t n);
  void store_operands();
  void drop_operands(uint32_t height);
  void set_operands(uint32_t height, std::span<const wasm::ValType> above);
  Block block_of(PieceFrame& frame, PieceLabel& label);
  void bind(PieceFrame& frame, PieceLabel& label);
  void branch_to(PieceFrame& frame);
  bool is_plain(const PieceFrame& frame) const;
  PieceFrame& push_piece_frame(FrameKind kind, const wasm::BlockType& type);
  void structure_in_pieces(const wasm::Operator& op, const wasm::OperandInfo& info);
  void if_in_pieces(const wasm::Operator& op);
  void else_in_pieces();
  void end_in_pieces(const wasm::OperandInfo& info);
  void branch_in_pieces(const wasm::Operator& op);

  // -- joins.cpp
  /// What a branch out of several to a label costs that others lead to as well, as so many values carried: there will be
  /// a block on the way.
  static constexpr uint64_t kSplitEdge = 2;
  /// A block call `call` to the label of `frame`, which is not a loop, carrying the top of the stack.
  void add_edge(Frame& frame, uint32_t call, std::span<const Value> args, bool changes);
  Block target_of(Frame& frame);
  /// The arguments of a branch back to the header of `frame`; valid until the next call.
  std::span<const Value> loop_args(const Frame& frame);
  void add_back_edge(Frame& frame, uint32_t call);
  void add_loop_params(Frame& frame, uint32_t offset);
  void end_loop();
  void end_block();
  void close_frame();
  void remove_redundant_params(const Frame& frame);
  void collect_merges(std::span<const Edge> edges);
  void build_join(Frame& frame, std::span<const Edge> edges);
  /// Answers whether so many more values may be carried.
  bool spend(uint64_t values) {
    carried_ += values;
    return carried_ <= carried_unchecked_ || spend_more();
  }
  bool spend_more();
  void check_size(const wasm::Operator& op, const wasm::OperandInfo& info);
  void check_memory();

  // -- memory.cpp
  Address address(const wasm::MemArg& mem, Value index, uint32_t bytes);
  Address checked_address(const MemoryPlan& plan, uint32_t memory, uint64_t offset, Value index, uint32_t bytes);
  Value memory_base(uint32_t memory);
  Value memory_field(uint32_t memory, uint32_t field, uint8_t flags);
  void on_memory_size(uint32_t memory);
  void on_memory_grow(uint32_t memory);
  Value as_i64(Value v) { return func_->type_of(v) == ir::Type::I32 ? b_.uextend(v) : v; }

  // -- vector.cpp
  /// The operation with the operands it takes from the stack.
  Value vector_row(ir::Op op, ir::VecAux aux, const wasm::Operator& source);
  Value relaxed(ir::Op op, ir::VecAux aux, const wasm::Operator& source);
  Value relaxed_dot(Value x, Value y);
  /// `v` with the canonical NaN in place of any.
  Value canonical_nans(Value v, ir::Lanes lanes);
  Value load_part(const wasm::Operator& op, ir::Type type, ir::MemKind kind);
  void load_lane(const wasm::Operator& op, ir::Lanes lanes, ir::MemKind kind);
  void store_lane(const wasm::Operator& op, ir::Lanes lanes, ir::MemKind kind);
  void on_vector(const wasm::Operator& op);

  // -- bulk.cpp
  enum class When : uint8_t { Before, After };
  void spend_count(Value count, When when);
  void on_memory_fill(uint32_t memory);
  void on_memory_copy(uint32_t dst, uint32_t src);
  void on_memory_init(uint32_t segment, uint32_t memory);
  bool copy_inline(uint32_t dst, uint32_t src, Value to, Value from, Value count);
  bool fill_inline(uint32_t memory, Value to, Value byte, Value count);
  void on_table_fill(uint32_t table);
  void on_table_copy(uint32_t dst, uint32_t src);
  void on_table_init(uint32_t segment, uint32_t table);

  // -- table.cpp
  Value table_size(uint32_t table);
  Value table_base(uint32_t table);
  /// Where an element is, after the bounds check.
  Address element(uint32_t table, Value index);
  Value load_element(uint32_t table, Value index);
  void on_table_get(uint32_t table);
  void on_table_set(uint32_t table);
  void on_table_size(uint32_t table);
  void on_table_grow(uint32_t table);
  void on_ref_func(uint32_t function);

  // -- call.cpp
  ir::SigRef signature(uint32_t type_index);
  ir::FuncRef function(uint32_t index);
  void on_call(uint32_t index, bool tail);
  void on_call_indirect(uint32_t type_index, uint32_t table, bool tail);
  void call_value(uint32_t type_index, Value code, Value context, bool tail);
  std::span<const Value> builtin(abi::Builtin which, std::span<const Value> args);

  // -- variable.cpp
  /// The address of something of the instance.
  Address locate(const Place& place);
  /// A word of it.
  Value context_word(const Place& place, uint32_t field, uint8_t flags);
  void on_local_get(uint32_t local);
  void on_local_set(uint32_t local, Value value);
  void on_global_get(uint32_t global);
  void on_global_set(uint32_t global);

  // -- instrument.cpp
  void flush_fuel();
  void spend_fuel(Value amount);
  void check_interrupts();

  // -- function_translator.cpp
  static constexpr uint64_t max_memory(Mode mode) {
    return mode == Mode::Ssa ? kMaxWorkingMemorySsa : kMaxWorkingMemory;
  }
  void forget_declarations();
  void start_function();
  void make_entry();

  const ModuleEnv& env_;
  ir::Func unused_;  // what the builder stands on before the first `prepare`
  ir::Func* func_ = nullptr;
  ir::Builder b_;
  Mode mode_ = Mode::Ssa;
  bool dead_ = false;
  bool over_budget_ = false;
  uint64_t memory_ = 0;             // bytes that may be needed
  uint64_t carried_ = 0;            // values, by branches, joins and calls, so far;
  uint64_t first_carried_ = 0;      //   when the piece began
  uint64_t carry_limit_ = 0;        // how many there may be in all,
  uint64_t max_carried_ = 0;        //   and where there is memory for them,
  uint64_t carried_unchecked_ = 0;  //   and before `check_memory`
  uint32_t until_check_ = 0;        // so many operators until `check_size`
  uint32_t function_ = 0;           // its index
  uint32_t body_offset_ = 0;        // of the body in the module
  int64_t fuel_ = 0;                // spent, not yet added to the store's

  std::vector<Value> stack_;
  std::vector<Frame> frames_;
  SsaLocals ssa_;
  SlotLocals slots_;
  LocalTypes local_types_;
  std::vector<Value> params_;  // of the function, without the context

  wasm::BodyScan scan_;
  uint32_t next_loop_ = 0;  // in scan_.loops
  std::vector<uint32_t> loop_locals_;
  std::vector<Value> saved_params_;
  std::vector<Edge> edges_;
  std::vector<Value> edge_args_;
  std::vector<LocalValue> changes_;
  std::vector<Merge> merges_;
  struct SeenLocal {
    uint64_t stamp = 0;  // of the join or loop that saw it last
    uint32_t merge = 0;  // where in merges_
  };
  std::vector<SeenLocal> seen_locals_;  // as many as the largest function so far has locals
  uint64_t stamp_ = 0;                  // counts on from function to function
  uint32_t table_stamp_ = 0;

  std::vector<Value> args_;
  std::vector<Edge> join_edges_;
  std::vector<ir::Builder::Target> targets_;
  std::vector<uint32_t> scratch_;  // of one method

  // Pieces
  PieceSink* sink_ = nullptr;
  uint32_t piece_insts_ = 0;
  std::vector<PieceFrame> piece_frames_;
  uint32_t piece_ = 0, next_label_ = 0;
  ir::Slot operand_slot_;
  std::vector<ir::Type> stored_;   // of the operands in the slot, the lowest first; none of them is a value
  std::vector<uint32_t> touched_;  // numbers of frames whose labels this piece used, some of them gone
  std::vector<Block> entries_;     // of this piece
  struct TableLabel {
    uint32_t stamp = 0;  // of the br_table that saw it last
    Block block;         // where that leads
  };
  std::vector<TableLabel> table_labels_;  // by frame

  // The base of the memory used last, where it stays good: for the frame it was loaded in (fast mode: the block).
  struct {
    uint32_t memory = ~0u;
    uint32_t frame = 0;
    Block block;
    Value value;
  } base_;
  void forget_base(uint32_t frame) {
    if (base_.frame >= frame) base_.memory = kNone;
  }

  // What this function has already declared, by module index; `seen_` lists what to clear.
  std::vector<ir::SigRef> signature_of_type_;
  std::vector<ir::FuncRef> funcref_of_function_;
  std::vector<uint32_t> seen_types_, seen_functions_;
  std::array<ir::SigRef, static_cast<size_t>(abi::Builtin::kCount)> builtin_signatures_;
};

constexpr uint8_t trap(abi::TrapCode code) {
  return static_cast<uint8_t>(code);
}

}  // namespace vitrine::translate

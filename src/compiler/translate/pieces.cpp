// A very large function, in pieces: each is a function of the IR of its own, which is compiled and forgotten before the
// next one is begun. So what compiling a body needs at once is a piece, the blocks that are open, and the machine code.
//
// Wherever paths part or meet, all operands are in a stack slot, each where its height says (one slot serves for all
// of them), and so are all locals, as ever in the fast mode. So blocks have no parameters, and no value crosses from one
// piece to another. Between such places operands are values; `stored_` says up to which height they are in the slot.
//
// A branch to a label of this piece is a branch to its block. When a piece ends, what would lead into a later one becomes
// a block that leaves to the label's number; and what later pieces may lead to, a label that has been reached, gets an
// entry. A label knows its block in the piece that it was last used in.
#include <algorithm>
#include <string>

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using wasm::Op;

namespace {

constexpr uint32_t kOperandBytes = 16;

/// How many operands an operator takes that are to be had as values. (Branches bring their labels' along themselves.)
uint32_t operands_of(const wasm::Operator& op, const wasm::OperandInfo& info) {
  const wasm::Sig& sig = wasm::info(op.op).sig;
  if (!sig.custom) return sig.operand_count;
  switch (op.op) {
    case Op::If:
    case Op::BrIf:
    case Op::BrTable:
    case Op::Drop:
    case Op::LocalSet:
    case Op::LocalTee:
    case Op::GlobalSet:
    case Op::TableGet:
    case Op::RefIsNull:
      return 1;
    case Op::TableSet:
    case Op::TableGrow:
      return 2;
    case Op::Select:
    case Op::SelectT:
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::TableInit:
    case Op::TableCopy:
    case Op::TableFill:
      return 3;
    case Op::Call:
    case Op::ReturnCall:
      return static_cast<uint32_t>(info.callee->params.size());
    case Op::CallIndirect:
    case Op::ReturnCallIndirect:
      return static_cast<uint32_t>(info.callee->params.size()) + 1;
    case Op::Return:
      return static_cast<uint32_t>(info.label.size());
    default:
      return 0;
  }
}

}  // namespace

// -- pieces

void FunctionTranslator::begin_pieces() {
  // The slot of the operands comes last, so that it can grow.
  slots_.store_all(b_);
  operand_slot_ = func_->slots.push({0, kOperandBytes});
  entries_.assign(1, func_->make_block());
  enter(entries_[0]);
}

void FunctionTranslator::end_piece() {
  for (uint32_t number : touched_) {
    if (number >= piece_frames_.size()) continue;
    PieceFrame& frame = piece_frames_[number];
    for (PieceLabel* label : {&frame.label, &frame.otherwise}) {
      if (label->piece != piece_) continue;
      const bool is_here = (*func_)[label->block].placed != 0;
      if (is_here && label->number != kNone) continue;  // it has its entry
      if (label->number == kNone) label->number = next_label_++;
      if (is_here) {
        add_entry(label->number);
        b_.jump(label->block);
      } else {
        enter(label->block);
        b_.leave(label->number);
      }
    }
  }
  touched_.clear();
  b_.switch_to(func_->layout.front());
  b_.enter(entries_);
  func_->resolve_all();
  if (!sink_->piece(*func_)) over_budget_ = dead_ = true;
}

/// Goes on in a new piece, nowhere yet.
void FunctionTranslator::next_piece() {
  end_piece();
  if (over_budget_) return;
  ir::Func& f = *func_;
  IndexTable<ir::Slot, ir::SlotData> slots = std::move(f.slots);
  ir::Signature sig = std::move(f.sig);
  const std::string name = f.name;
  f.reset();
  f.slots = std::move(slots);
  f.sig = std::move(sig);
  f.name = name;
  start_function();
  b_.reset(f);
  forget_declarations();
  base_.memory = kNone;
  ++piece_;
  first_carried_ = carried_;
  make_entry();
  entries_.clear();
}

/// Goes on in a new piece.
void FunctionTranslator::cut() {
  store_operands();
  leave();
  const uint32_t here = next_label_++;
  b_.leave(here);
  next_piece();
  if (!over_budget_) add_entry(here);
}

/// Whether the piece is as large as pieces may be; what its end will add counts.
bool FunctionTranslator::is_full() const {
  constexpr uint64_t kLeave = 300;
  return func_->num_insts() > piece_insts_ || working_memory() + touched_.size() * kLeave > kMaxWorkingMemoryOfPiece;
}

/// Switches to a new block to which other pieces lead.
void FunctionTranslator::add_entry(uint32_t number) {
  entries_.push_back(func_->make_block());
  enter(entries_.back());
  b_.label(number);
}

void FunctionTranslator::before_op_in_pieces(const wasm::Operator& op, const wasm::OperandInfo& info) {
  until_check_ = 1;
  if (dead_) return;
  if (is_full()) cut();
  if (dead_) return;
  fetch(operands_of(op, info));
}

// -- operands

void FunctionTranslator::fetch(uint32_t n) {
  for (const size_t first = stack_.size() - n; stored_.size() > first;) {
    const auto at = static_cast<uint32_t>(stored_.size() - 1);
    stack_[at] = b_.stack_load(stored_[at], operand_slot_, at * kOperandBytes);
    stored_.pop_back();
  }
}

void FunctionTranslator::store_operands() {
  ir::SlotData& slot = func_->slots[operand_slot_];
  slot.size = std::max(slot.size, static_cast<uint32_t>(stack_.size()) * kOperandBytes);
  for (auto at = static_cast<uint32_t>(stored_.size()); at < stack_.size(); ++at) {
    b_.stack_store(operand_slot_, stack_[at], at * kOperandBytes);
    stored_.push_back(func_->type_of(stack_[at]));
    stack_[at] = Value();
  }
}

void FunctionTranslator::drop_operands(uint32_t height) {
  stack_.resize(height);
  if (stored_.size() > height) stored_.resize(height);
}

/// What is on the stack where paths meet: all that is below is in the slot.
void FunctionTranslator::set_operands(uint32_t height, std::span<const wasm::ValType> above) {
  drop_operands(height);
  VITRINE_DCHECK(stored_.size() == height);
  stack_.resize(height + above.size());
  for (wasm::ValType type : above) stored_.push_back(ir_type(type));
}

// -- labels

FunctionTranslator::Block FunctionTranslator::block_of(PieceFrame& frame, PieceLabel& label) {
  if (label.piece != piece_) {
    label.block = func_->make_block();
    label.piece = piece_;
    touched_.push_back(static_cast<uint32_t>(&frame - piece_frames_.data()));
  }
  return label.block;
}

/// The label is here: other pieces may lead to it already.
void FunctionTranslator::bind(PieceFrame& frame, PieceLabel& label) {
  const Block block = block_of(frame, label);
  if (label.number != kNone) {
    add_entry(label.number);
    b_.jump(block);
  }
  enter(block);
}

/// Branches to a label, whose operands come to where they belong.
void FunctionTranslator::branch_to(PieceFrame& frame) {
  store_operands();
  const uint32_t n = frame.arity();
  auto from = static_cast<uint32_t>(stack_.size()) - n;
  const bool moves = frame.kind == FrameKind::Function || from != frame.height;
  if (moves && !spend(n)) return;
  auto load = [&](uint32_t at) { return b_.stack_load(stored_[at], operand_slot_, at * kOperandBytes); };
  if (frame.kind == FrameKind::Function) {
    if (env_.settings.consume_fuel) flush_fuel();
    args_.clear();
    for (uint32_t i = 0; i < n; ++i) args_.push_back(load(from + i));
    b_.ret(args_);
  } else {
    // Downwards, the first one first: none is overwritten before it is read.
    for (uint32_t i = 0; moves && i < n; ++i) {
      b_.stack_store(operand_slot_, load(from + i), (frame.height + i) * kOperandBytes);
    }
    leave();
    b_.jump(block_of(frame, frame.label));
  }
  dead_ = true;
}

/// Whether a branch to the label is a jump and nothing else. All operands are stored.
bool FunctionTranslator::is_plain(const PieceFrame& frame) const {
  return frame.kind != FrameKind::Function && (frame.arity() == 0 || frame.height + frame.arity() == stack_.size());
}

// -- operators

FunctionTranslator::PieceFrame& FunctionTranslator::push_piece_frame(FrameKind kind, const wasm::BlockType& type) {
  PieceFrame& frame = piece_frames_.emplace_back();
  frame.kind = kind;
  frame.dead_at_entry = dead_;
  if (dead_) return frame;
  frame.params = type.params.data();
  frame.param_count = static_cast<uint32_t>(type.params.size());
  frame.result_count = static_cast<uint32_t>(type.results.size());
  frame.height = static_cast<uint32_t>(stack_.size()) - frame.param_count;
  return frame;
}

void FunctionTranslator::structure_in_pieces(const wasm::Operator& op, const wasm::OperandInfo& info) {
  switch (op.op) {
    case Op::Block:
      push_piece_frame(FrameKind::Block, op.block);
      return;
    case Op::Loop: {
      if (!dead_) store_operands();
      PieceFrame& frame = push_piece_frame(FrameKind::Loop, op.block);
      if (dead_) return;
      leave();
      b_.jump(block_of(frame, frame.label));
      enter(frame.label.block);
      check_interrupts();
      return;
    }
    case Op::If:
      return if_in_pieces(op);
    case Op::Else:
      return else_in_pieces();
    default:
      return end_in_pieces(info);
  }
}

void FunctionTranslator::if_in_pieces(const wasm::Operator& op) {
  if (dead_) {
    push_piece_frame(FrameKind::If, op.block);
    return;
  }
  if (env_.settings.consume_fuel) fuel_ += wasm::info(op.op).fuel;
  Value cond = pop();
  store_operands();
  PieceFrame& frame = push_piece_frame(FrameKind::If, op.block);
  uint64_t constant;
  if (func_->is_iconst(cond, &constant)) {
    frame.arms = constant ? Arms::Then : Arms::Else;
    dead_ = constant == 0;
    return;
  }
  Block then = func_->make_block();
  leave();
  b_.brif(cond, then, {}, block_of(frame, frame.otherwise), {});
  enter(then);
}

void FunctionTranslator::else_in_pieces() {
  PieceFrame& frame = piece_frames_.back();
  if (frame.dead_at_entry) return;
  frame.kind = FrameKind::Else;
  if (!dead_) branch_to(frame);
  if (frame.arms == Arms::Then || over_budget_) {  // the second arm cannot be reached
    dead_ = true;
    return;
  }
  set_operands(frame.height, frame.param_types());
  dead_ = false;
  if (frame.arms == Arms::Both) bind(frame, frame.otherwise);
  frame.otherwise = {};
}

void FunctionTranslator::end_in_pieces(const wasm::OperandInfo& info) {
  PieceFrame& frame = piece_frames_.back();
  if (!frame.dead_at_entry && !over_budget_) {
    switch (frame.kind) {
      case FrameKind::Function:
        if (!dead_) branch_to(frame);
        break;
      case FrameKind::Loop:
        // Ways back to a header in an earlier piece: the end of the piece will not know them any more.
        if (frame.label.piece == piece_ && !(*func_)[frame.label.block].placed) {
          const Block here = b_.block();
          enter(frame.label.block);
          b_.leave(frame.label.number);
          if (!dead_) enter(here);
        }
        break;
      case FrameKind::If:
        // No `else`: the results are the parameters.
        if (frame.arms == Arms::Both) {
          // The false side is the end, and may be its label; what has its own joins it there.
          if (!frame.label.is_used()) {
            frame.label = frame.otherwise;
          } else {
            if (!dead_) branch_to(frame);
            bind(frame, frame.otherwise);
            set_operands(frame.height, frame.param_types());
            dead_ = false;
          }
        } else if (frame.arms == Arms::Else) {
          dead_ = false;
        }
        [[fallthrough]];
      case FrameKind::Else:
      case FrameKind::Block:
        if (!frame.label.is_used()) break;
        if (!dead_) branch_to(frame);
        bind(frame, frame.label);
        set_operands(frame.height, info.label);
        dead_ = over_budget_;
    }
    // What cannot be reached has no operands; the block around it knows what comes behind.
    if (dead_) drop_operands(frame.height);
  }
  piece_frames_.pop_back();
}

void FunctionTranslator::branch_in_pieces(const wasm::Operator& op) {
  auto frame_of = [&](uint32_t depth) -> PieceFrame& { return piece_frames_[piece_frames_.size() - 1 - depth]; };
  if (op.op == Op::Br) return branch_to(frame_of(op.index));
  Value index = pop();
  uint64_t constant;
  if (func_->is_iconst(index, &constant)) {
    if (op.op == Op::BrTable)
      return branch_to(frame_of(constant < op.targets.size() ? op.targets[constant] : op.index));
    if (constant) branch_to(frame_of(op.index));
    return;
  }
  store_operands();
  if (op.op == Op::BrIf) {
    PieceFrame& frame = frame_of(op.index);
    Block next = func_->make_block();
    leave();
    if (is_plain(frame)) {
      b_.brif(index, block_of(frame, frame.label), {}, next, {});
    } else {
      Block between = func_->make_block();
      b_.brif(index, between, {}, next, {});
      enter(between);
      branch_to(frame);
    }
    dead_ = over_budget_;
    if (!dead_) enter(next);
    return;
  }
  leave();
  // Each label is reached by one block, its own or one between that brings the operands there.
  ++table_stamp_;
  table_labels_.resize(std::max(table_labels_.size(), piece_frames_.size()));
  scratch_.clear();
  targets_.clear();
  auto target = [&](uint32_t depth) {
    PieceFrame& frame = frame_of(depth);
    TableLabel& seen = table_labels_[piece_frames_.size() - 1 - depth];
    if (seen.stamp != table_stamp_) {
      seen = {table_stamp_, is_plain(frame) ? block_of(frame, frame.label) : func_->make_block()};
      if (!is_plain(frame)) scratch_.push_back(depth);
    }
    targets_.push_back({seen.block, {}});
  };
  for (uint32_t depth : op.targets) target(depth);
  target(op.index);
  b_.br_table(index, targets_);
  // What the blocks between move may be too much for one piece: from some block on they are entries of later ones.
  auto between = [&](uint32_t depth) { return table_labels_[piece_frames_.size() - 1 - depth].block; };
  uint32_t in_later = kNone, first_label = 0;
  for (uint32_t i = 0; i < scratch_.size() && !over_budget_; ++i) {
    if (is_full()) {
      if (in_later == kNone) {
        in_later = i;
        first_label = next_label_;
        for (uint32_t j = i; j < scratch_.size(); ++j) {
          enter(between(scratch_[j]));
          b_.leave(next_label_++);
        }
      }
      next_piece();
      if (over_budget_) break;
    }
    if (in_later == kNone) {
      enter(between(scratch_[i]));
    } else {
      add_entry(first_label + (i - in_later));
    }
    branch_to(frame_of(scratch_[i]));
  }
  dead_ = true;
}

}  // namespace vitrine::translate

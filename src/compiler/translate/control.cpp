// Blocks, loops, ifs and branches.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using wasm::Op;

void FunctionTranslator::structure(const wasm::Operator& op, const wasm::OperandInfo& info) {
  if (mode_ == Mode::Pieces) return structure_in_pieces(op, info);
  switch (op.op) {
    case Op::Block:
      return on_block(op);
    case Op::Loop:
      return on_loop(op);
    case Op::If:
      return on_if(op);
    case Op::Else:
      return on_else();
    default:
      return on_end();
  }
}

void FunctionTranslator::enter(Block block) {
  b_.switch_to(block);
  if (mode_ != Mode::Ssa) slots_.enter_block();
}

void FunctionTranslator::leave() {
  if (env_.settings.consume_fuel) flush_fuel();
}

FunctionTranslator::Frame& FunctionTranslator::push_frame(FrameKind kind, const wasm::BlockType& type) {
  Frame& frame = frames_.emplace_back();
  frame.kind = kind;
  frame.dead_at_entry = dead_;
  if (dead_) return frame;
  frame.param_count = static_cast<uint32_t>(type.params.size());
  frame.result_count = static_cast<uint32_t>(type.results.size());
  frame.height = static_cast<uint32_t>(stack_.size()) - frame.param_count;
  frame.log_mark = ssa_.mark();
  return frame;
}

void FunctionTranslator::on_block(const wasm::Operator& op) {
  push_frame(FrameKind::Block, op.block);
}

void FunctionTranslator::on_loop(const wasm::Operator& op) {
  if (dead_) {
    push_frame(FrameKind::Loop, op.block);
    return;
  }
  uint32_t params = static_cast<uint32_t>(op.block.params.size());
  Block header = func_->make_block();
  // The parameters of the block first: fresh ones, whose arguments are now on the stack.
  args_.assign(top(params).begin(), top(params).end());
  for (uint32_t i = 0; i < params; ++i) {
    stack_[stack_.size() - params + i] = func_->add_param(header, func_->type_of(args_[i]));
  }
  // Then the locals that the loop assigns. They change as seen from outside, so this happens before its frame begins.
  Frame locals;
  locals.target = header;
  if (mode_ == Mode::Ssa) add_loop_params(locals, op.offset - body_offset_);
  leave();
  b_.jump(header, args_);
  Frame& frame = push_frame(FrameKind::Loop, op.block);
  frame.target = header;
  frame.entry_call = last_call(1);
  frame.loop_locals = locals.loop_locals;
  frame.loop_local_count = locals.loop_local_count;
  enter(header);
  check_interrupts();
}

void FunctionTranslator::on_if(const wasm::Operator& op) {
  if (dead_) {
    push_frame(FrameKind::If, op.block);
    return;
  }
  if (env_.settings.consume_fuel) fuel_ += wasm::info(op.op).fuel;
  Value cond = pop();
  uint64_t constant;
  bool is_constant = func_->is_iconst(cond, &constant);
  Block then = is_constant ? Block() : func_->make_block();
  Block otherwise = is_constant ? Block() : func_->make_block();
  if (!is_constant) {
    leave();
    b_.brif(cond, then, {}, otherwise, {});
  }
  Frame& frame = push_frame(FrameKind::If, op.block);
  frame.saved_params = static_cast<uint32_t>(saved_params_.size());
  auto params = top(frame.param_count);
  saved_params_.insert(saved_params_.end(), params.begin(), params.end());
  spend(params.size());
  if (is_constant) {
    frame.arms = constant ? Arms::Then : Arms::Else;
    dead_ = constant == 0;
  } else {
    frame.else_call = last_call(1);
    enter(then);
  }
}

void FunctionTranslator::on_else() {
  Frame& frame = frames_.back();
  if (frame.dead_at_entry) return;
  frame.kind = FrameKind::Else;
  if (!dead_) {
    leave();
    b_.jump(target_of(frame));
    add_edge(frame, last_call(1), top(frame.result_count), true);
  }
  if (frame.arms == Arms::Then) {  // the second arm cannot be reached
    dead_ = true;
    return;
  }
  forget_base(frame_number());
  if (mode_ == Mode::Ssa) ssa_.undo_frame(frame.log_mark);
  stack_.resize(frame.height);
  stack_.insert(stack_.end(), saved_params_.begin() + frame.saved_params, saved_params_.end());
  dead_ = false;
  if (frame.arms == Arms::Both) enter(func_->block_calls[frame.else_call].target);
}

void FunctionTranslator::on_end() {
  Frame& frame = frames_.back();
  if (frame.dead_at_entry) {
    frames_.pop_back();
    return;
  }
  switch (frame.kind) {
    case FrameKind::Function:
      return end_function(frame);
    case FrameKind::Loop:
      return end_loop();
    case FrameKind::If:
      // No `else`: the results are the parameters. An only arm that cannot be reached goes on as if there were none.
      if (frame.arms == Arms::Else) {
        dead_ = false;
        stack_.resize(frame.height);
        stack_.insert(stack_.end(), saved_params_.begin() + frame.saved_params, saved_params_.end());
      } else if (frame.arms == Arms::Both) {
        // The false side goes to the join at once.
        Block& false_side = func_->block_calls[frame.else_call].target;
        if (!frame.target.valid()) frame.target = false_side;
        false_side = frame.target;
        args_.assign(saved_params_.begin() + frame.saved_params, saved_params_.end());
        spend(kSplitEdge);
        add_edge(frame, frame.else_call, args_, false);
      }
      [[fallthrough]];
    case FrameKind::Else:
      saved_params_.resize(frame.saved_params);
      [[fallthrough]];
    case FrameKind::Block:
      return end_block();
  }
}

void FunctionTranslator::end_function(Frame& frame) {
  if (!dead_) on_return();
  if (frame.edge_count > 0) {
    // Branches to the function's label meet here; locals have no meaning any more.
    end_block();
    on_return();
  }
}

// -- branches

void FunctionTranslator::branch(const wasm::Operator& op) {
  if (mode_ == Mode::Pieces) return branch_in_pieces(op);
  if (op.op == Op::Br) return on_br(op.index);
  if (op.op == Op::BrIf) return on_br_if(op.index);
  on_br_table(op);
}

void FunctionTranslator::on_unreachable() {
  leave();
  b_.trap(trap(abi::TrapCode::Unreachable));
  (*func_)[b_.block()].cold = 1;
  dead_ = true;
}

void FunctionTranslator::on_return() {
  if (env_.settings.consume_fuel) flush_fuel();
  uint32_t results = static_cast<uint32_t>(func_->sig.results.size());
  spend(results);
  b_.ret(top(results));
  dead_ = true;
}

void FunctionTranslator::on_br(uint32_t depth) {
  Frame& frame = label(depth);
  if (frame.kind == FrameKind::Function) return on_return();
  leave();
  if (frame.kind == FrameKind::Loop) {
    b_.jump(frame.target, loop_args(frame));
    add_back_edge(frame, last_call(1));
  } else {
    b_.jump(target_of(frame));
    add_edge(frame, last_call(1), top(frame.result_count), true);
  }
  dead_ = true;
}

void FunctionTranslator::on_br_if(uint32_t depth) {
  Value cond = pop();
  uint64_t constant;
  if (func_->is_iconst(cond, &constant)) {
    if (constant) on_br(depth);
    return;
  }
  Frame& frame = label(depth);
  Block next = func_->make_block();
  spend(kSplitEdge);
  leave();
  if (frame.kind == FrameKind::Loop) {
    b_.brif(cond, frame.target, loop_args(frame), next, {});
    add_back_edge(frame, last_call(2));
  } else {
    b_.brif(cond, target_of(frame), {}, next, {});
    add_edge(frame, last_call(2), top(frame.result_count), true);
  }
  enter(next);
}

void FunctionTranslator::on_br_table(const wasm::Operator& op) {
  Value index = pop();
  uint64_t constant;
  if (op.targets.empty()) return on_br(op.index);
  if (func_->is_iconst(index, &constant)) {
    return on_br(constant < op.targets.size() ? op.targets[constant] : op.index);
  }
  leave();
  // A label that is named once gets its edge from the table itself. One that is named often, or takes values, is
  // reached through a block between, so that what the edge carries is there once.
  ++table_stamp_;
  scratch_.clear();
  auto count = [&](uint32_t depth) {
    Frame& frame = label(depth);
    if (frame.table_stamp != table_stamp_) {
      frame.table_stamp = table_stamp_;
      frame.table_uses = 0;
      frame.table_block = Block();
      scratch_.push_back(depth);
    }
    ++frame.table_uses;
  };
  for (uint32_t depth : op.targets) count(depth);
  count(op.index);
  spend(kSplitEdge * scratch_.size());
  for (uint32_t depth : scratch_) {
    Frame& frame = label(depth);
    bool loop = frame.kind == FrameKind::Loop;
    uint32_t arity = loop ? frame.param_count : frame.result_count;
    bool plain = arity == 0 && (mode_ == Mode::Fast || (loop && frame.loop_local_count == 0));
    if (!plain && (frame.table_uses > 1 || arity > 0 || loop)) frame.table_block = func_->make_block();
  }
  targets_.clear();
  auto target = [&](uint32_t depth) {
    Frame& frame = label(depth);
    targets_.push_back({frame.table_block.valid()       ? frame.table_block
                        : frame.kind == FrameKind::Loop ? frame.target
                                                        : target_of(frame),
                        {}});
  };
  for (uint32_t depth : op.targets) target(depth);
  target(op.index);
  b_.br_table(index, targets_);
  uint32_t first_call = static_cast<uint32_t>(func_->block_calls.size() - targets_.size());
  auto edge = [&](uint32_t depth, uint32_t call) {
    Frame& frame = label(depth);
    if (frame.table_block.valid()) return;
    if (frame.kind == FrameKind::Loop) {
      add_back_edge(frame, call);
    } else {
      add_edge(frame, call, {}, true);
    }
  };
  for (uint32_t i = 0; i < op.targets.size(); ++i) edge(op.targets[i], first_call + i);
  edge(op.index, first_call + static_cast<uint32_t>(op.targets.size()));
  for (uint32_t depth : scratch_) {
    Block between = label(depth).table_block;
    if (!between.valid()) continue;
    enter(between);
    if (label(depth).kind == FrameKind::Function) {
      on_return();
    } else {
      on_br(depth);
    }
  }
  dead_ = true;
}

void FunctionTranslator::on_select() {
  Value cond = pop(), if_zero = pop(), if_nonzero = pop();
  push(b_.select(cond, if_nonzero, if_zero));
}

}  // namespace vitrine::translate

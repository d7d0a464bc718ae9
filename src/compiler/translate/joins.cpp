// Where paths meet: parameters of blocks and the arguments of the branches to them.
#include <algorithm>

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

// -- branches forward

FunctionTranslator::Block FunctionTranslator::target_of(Frame& frame) {
  if (!frame.target.valid()) frame.target = func_->make_block();
  return frame.target;
}

void FunctionTranslator::add_edge(Frame& frame, uint32_t call, std::span<const Value> args, bool changes) {
  Edge edge{call, frame.edges, static_cast<uint32_t>(edge_args_.size()), static_cast<uint32_t>(changes_.size()), 0};
  edge_args_.insert(edge_args_.end(), args.begin(), args.end());
  uint64_t work = args.size();
  if (changes && mode_ == Mode::Ssa && frame.kind != FrameKind::Function) {
    work += ssa_.changes_since(frame.log_mark, static_cast<uint32_t>(&frame - frames_.data()), changes_);
    edge.change_count = static_cast<uint32_t>(changes_.size()) - edge.first_change;
  }
  frame.edges = static_cast<uint32_t>(edges_.size());
  ++frame.edge_count;
  edges_.push_back(edge);
  spend(work);
}

void FunctionTranslator::end_block() {
  uint32_t number = frame_number();
  if (frames_.back().edge_count == 0) {
    // No branch came here: the block's end is no place of its own.
    return close_frame();
  }
  if (!dead_) {
    leave();
    b_.jump(target_of(frames_.back()));
    add_edge(frames_.back(), last_call(1), top(frames_.back().result_count), true);
  }
  Frame frame = frames_.back();
  forget_base(number);
  ssa_.undo_frame(frame.log_mark);
  stack_.resize(frame.height);
  frames_.pop_back();
  join_edges_.clear();
  for (uint32_t e = frame.edges; e != kNone; e = edges_[e].next) join_edges_.push_back(edges_[e]);
  std::ranges::reverse(join_edges_);
  enter(frame.target);
  dead_ = over_budget_;
  if (!dead_) build_join(frame, join_edges_);
}

/// The innermost block ends, and no branch led to its end.
void FunctionTranslator::close_frame() {
  const Frame& frame = frames_.back();
  const uint32_t number = frame_number();
  if (dead_) {
    ssa_.undo_frame(frame.log_mark);
    stack_.resize(frame.height);
    forget_base(number);
  } else {
    spend(ssa_.merge_frame(frame.log_mark, number));
    base_.frame = std::min(base_.frame, number - 1);
  }
  frames_.pop_back();
}

void FunctionTranslator::collect_merges(std::span<const Edge> edges) {
  merges_.clear();
  if (mode_ == Mode::Fast) return;
  ++stamp_;
  for (const Edge& edge : edges) {
    for (const LocalValue& change : std::span(changes_).subspan(edge.first_change, edge.change_count)) {
      Value value = func_->resolve(change.value);
      SeenLocal& seen = seen_locals_[change.local];
      if (seen.stamp != stamp_) {
        seen = {stamp_, static_cast<uint32_t>(merges_.size())};
        merges_.push_back({change.local, 1, value, false, kNone});
        continue;
      }
      Merge& merge = merges_[seen.merge];
      ++merge.seen;
      merge.differs |= merge.value != value;
    }
  }
  for (Merge& merge : merges_) {
    // On the edges that do not name it, it is what it was when the block began, which is what it is now.
    if (merge.seen < edges.size()) merge.differs |= merge.value != func_->resolve(ssa_.get(merge.local));
  }
}

void FunctionTranslator::build_join(Frame& frame, std::span<const Edge> edges) {
  if (edges.size() == 1) {
    const Edge& edge = edges[0];
    for (uint32_t i = 0; i < frame.result_count; ++i) push(edge_args_[edge.first_arg + i]);
    for (uint32_t i = 0; i < edge.change_count; ++i) {
      const LocalValue& change = changes_[edge.first_change + i];
      ssa_.set(change.local, change.value, frame_number());
    }
    return;
  }
  // Results that differ become parameters; args_ holds their numbers.
  uint32_t param_count = 0;
  std::vector<uint32_t>& results = scratch_;
  results.clear();
  for (uint32_t i = 0; i < frame.result_count; ++i) {
    Value first = func_->resolve(edge_args_[edges[0].first_arg + i]);
    bool same = std::ranges::all_of(
        edges, [&](const Edge& edge) { return func_->resolve(edge_args_[edge.first_arg + i]) == first; });
    if (same) {
      push(first);
    } else {
      push(func_->add_param(frame.target, func_->type_of(first)));
      results.push_back(i);
      ++param_count;
    }
  }
  // So do locals.
  collect_merges(edges);
  for (Merge& merge : merges_) {
    if (merge.differs) merge.param = param_count++;
  }
  if (!spend(uint64_t{param_count} * edges.size())) return;
  std::vector<Value>& pool = func_->pool;
  for (const Edge& edge : edges) {
    uint32_t first = static_cast<uint32_t>(pool.size());
    for (uint32_t i : results) pool.push_back(func_->resolve(edge_args_[edge.first_arg + i]));
    for (const Merge& merge : merges_) {
      if (merge.differs) pool.push_back(func_->resolve(ssa_.get(merge.local)));
    }
    for (uint32_t i = 0; i < edge.change_count; ++i) {
      const LocalValue& change = changes_[edge.first_change + i];
      const Merge& merge = merges_[seen_locals_[change.local].merge];
      if (merge.differs) pool[first + merge.param] = func_->resolve(change.value);
    }
    ir::BlockCall& call = func_->block_calls[edge.call];
    call.first_arg = first;
    call.arg_count = param_count;
  }
  for (const Merge& merge : merges_) {
    Value value = merge.differs ? func_->add_param(frame.target, func_->type_of(merge.value)) : merge.value;
    ssa_.set(merge.local, value, frame_number());
  }
}

// -- loops

void FunctionTranslator::add_loop_params(Frame& frame, uint32_t offset) {
  // Loops in dead code were not asked for.
  while (scan_.loops[next_loop_].offset < offset) ++next_loop_;
  const wasm::BodyScan::Loop& loop = scan_.loops[next_loop_++];
  VITRINE_ASSERT(loop.offset == offset);
  frame.loop_locals = static_cast<uint32_t>(loop_locals_.size());
  if (!spend(loop.last_set - loop.first_set)) return;
  ++stamp_;
  for (uint32_t i = loop.first_set; i < loop.last_set; ++i) {
    uint32_t local = scan_.sets[i];
    // An index out of range stands in code that the reader is going to refuse.
    if (local >= local_types_.count() || seen_locals_[local].stamp == stamp_) continue;
    seen_locals_[local].stamp = stamp_;
    Value outside = ssa_.get(local);
    args_.push_back(outside);
    ssa_.set(local, func_->add_param(frame.target, func_->type_of(outside)), frame_number());
    loop_locals_.push_back(local);
  }
  frame.loop_local_count = static_cast<uint32_t>(loop_locals_.size()) - frame.loop_locals;
}

std::span<const FunctionTranslator::Value> FunctionTranslator::loop_args(const Frame& frame) {
  args_.assign(top(frame.param_count).begin(), top(frame.param_count).end());
  if (!spend(uint64_t{frame.param_count} + frame.loop_local_count)) return args_;
  for (uint32_t i = 0; i < frame.loop_local_count; ++i) {
    args_.push_back(ssa_.get(loop_locals_[frame.loop_locals + i]));
  }
  return args_;
}

void FunctionTranslator::add_back_edge(Frame& frame, uint32_t call) {
  edges_.push_back({call, frame.edges, 0, 0, 0});
  frame.edges = static_cast<uint32_t>(edges_.size()) - 1;
}

void FunctionTranslator::end_loop() {
  const Frame frame = frames_.back();
  const uint32_t number = frame_number();
  remove_redundant_params(frame);
  close_frame();
  // A local that turned out to be unchanged is seen to be so outside.
  for (uint32_t i = 0; i < frame.loop_local_count; ++i) {
    uint32_t local = loop_locals_[frame.loop_locals + i];
    ssa_.set(local, func_->resolve(ssa_.get(local)), number - 1);
  }
  loop_locals_.resize(frame.loop_locals);
}

void FunctionTranslator::remove_redundant_params(const Frame& frame) {
  if (over_budget_) return;
  ir::Func& f = *func_;
  std::vector<Value>& params = f[frame.target].params;
  std::span<const Value> entry = f.args(f.block_calls[frame.entry_call]);
  std::vector<uint32_t>& kept = scratch_;
  kept.clear();
  for (uint32_t i = 0; i < params.size(); ++i) {
    Value outside = f.resolve(entry[i]);
    bool redundant = true;
    for (uint32_t e = frame.edges; e != kNone && redundant; e = edges_[e].next) {
      Value inside = f.resolve(f.args(f.block_calls[edges_[e].call])[i]);
      redundant = inside == params[i] || inside == outside;
    }
    if (redundant) {
      f.make_alias(params[i], outside);
    } else {
      kept.push_back(i);
    }
  }
  if (kept.size() == params.size()) return;
  auto keep = [&](std::span<Value> list) {
    for (uint32_t i = 0; i < kept.size(); ++i) list[i] = list[kept[i]];
  };
  auto keep_args = [&](uint32_t call) {
    keep(f.args(f.block_calls[call]));
    f.block_calls[call].arg_count = static_cast<uint32_t>(kept.size());
  };
  keep_args(frame.entry_call);
  for (uint32_t e = frame.edges; e != kNone; e = edges_[e].next) keep_args(edges_[e].call);
  keep(params);
  params.resize(kept.size());
  f.renumber_params(frame.target);
}

}  // namespace vitrine::translate

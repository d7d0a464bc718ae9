#include "compiler/translate/locals.hpp"

#include <algorithm>

#include "compiler/translate/env.hpp"

namespace vitrine::translate {

using ir::Builder;
using ir::Type;
using ir::Value;

namespace {

/// Numbers functions from 1 on. When the numbers start again, old entries must not seem to be of this function.
template <class State>
void next_function(uint32_t& function, std::vector<State>& states, uint32_t locals) {
  if (++function == 0) {
    function = 1;
    states.clear();
  }
  if (states.size() < locals) states.resize(locals);
}

}  // namespace

void LocalTypes::reset(std::span<const Type> params, std::span<const wasm::LocalRun> runs) {
  params_ = params;
  runs_.clear();
  count_ = static_cast<uint32_t>(params.size());
  for (const wasm::LocalRun& run : runs) {
    if (run.count == 0) continue;
    count_ += run.count;
    runs_.push_back({count_, ir_type(run.type)});
  }
}

Type LocalTypes::operator[](uint32_t local) const {
  if (local < params_.size()) return params_[local];
  return std::ranges::upper_bound(runs_, local, {}, &Run::end)->type;
}

// -- SSA

void SsaLocals::reset(Builder& builder, const LocalTypes& types, std::span<const Value> params) {
  next_function(function_, states_, types.count());
  types_ = &types;
  log_.clear();
  for (uint32_t i = 0; i < params.size(); ++i) states_[i] = {function_, 0, params[i]};
  zero_.fill({});
  types.for_each_run([&](Type type) {
    Value& zero = zero_[static_cast<size_t>(type)];
    if (!zero.valid()) zero = builder.constant(type, 0);
  });
}

uint32_t SsaLocals::changes_since(uint32_t mark, uint32_t frame, std::vector<LocalValue>& out) const {
  for (size_t i = mark; i < log_.size(); ++i) {
    const Entry& e = log_[i];
    // One logged by an enclosing frame of the range as well is found there.
    if (e.outer < frame) out.push_back({e.local, states_[e.local].value});
  }
  return static_cast<uint32_t>(log_.size()) - mark;
}

void SsaLocals::undo_frame(uint32_t mark) {
  for (size_t i = log_.size(); i-- > mark;) {
    const Entry& e = log_[i];
    states_[e.local].value = e.old;
    states_[e.local].logged_at = e.outer;
  }
  log_.resize(mark);
}

uint32_t SsaLocals::merge_frame(uint32_t mark, uint32_t frame) {
  uint32_t seen = static_cast<uint32_t>(log_.size()) - mark;
  size_t kept = mark;
  for (size_t i = mark; i < log_.size(); ++i) {
    Entry e = log_[i];
    states_[e.local].logged_at = e.outer;
    // The outer frame's log has it already, or needs none, or nothing changed after all.
    if (e.outer + 1 >= frame || states_[e.local].value == e.old) continue;
    states_[e.local].logged_at = frame - 1;
    log_[kept++] = e;
  }
  log_.resize(kept);
  return seen;
}

// -- slots

void SlotLocals::reset(const LocalTypes& types, std::span<const Value> params) {
  next_function(function_, states_, types.count());
  types_ = &types;
  params_ = params;
  initial_.clear();
  generation_ = 1;
  in_entry_ = true;
}

SlotLocals::State& SlotLocals::touch(uint32_t local) {
  State& state = states_[local];
  if (state.function == function_) return state;
  state = {.function = function_, .type = (*types_)[local]};
  if (in_entry_ && local < params_.size()) {
    state.generation = generation_;
    state.value = params_[local];
  }
  return state;
}

ir::Slot SlotLocals::slot(Builder& builder, uint32_t local, State& state) {
  if (!state.slot.valid()) {
    uint32_t size = state.type == Type::V128 ? 16 : 8;
    state.slot = builder.func().slots.push({size, size});
    if (!in_entry_) initial_.push_back(local);
  }
  return state.slot;
}

Value SlotLocals::get(Builder& builder, uint32_t local) {
  State& state = touch(local);
  if (state.generation == generation_) return state.value;
  state.generation = generation_;
  state.value =
      in_entry_ ? builder.constant(state.type, 0) : builder.stack_load(state.type, slot(builder, local, state));
  return state.value;
}

void SlotLocals::set(Builder& builder, uint32_t local, Value value) {
  State& state = touch(local);
  builder.stack_store(slot(builder, local, state), value);
  state.generation = generation_;
  state.value = value;
}

void SlotLocals::store_all(Builder& builder) {
  for (uint32_t local = 0; local < types_->count(); ++local) set(builder, local, get(builder, local));
}

void SlotLocals::finish(ir::Func& func) {
  if (initial_.empty()) return;
  const ir::Inst first = func[func.layout.front()].first;
  auto insert = [&](ir::InstData d, std::span<const Type> results) {
    d.srcloc = func.srcloc;
    ir::Inst inst = func.make_inst(d, results);
    func.insert_before(inst, first);
    return inst;
  };
  std::array<Value, kTypes> zeros;
  // An integer's zero serves floats of its width as well.
  auto zero_of_width = [&](uint32_t bytes) {
    const Type type = bytes == 16 ? Type::V128 : bytes == 8 ? Type::I64 : Type::I32;
    Value& zero = zeros[static_cast<size_t>(type)];
    if (!zero.valid()) {
      ir::InstData d{.op = type == Type::V128 ? ir::Op::VConst : ir::Op::IConst, .type = type};
      if (type == Type::V128) {
        d.set_imm128({});
      } else {
        d.set_imm64(0);
      }
      zero = func.result(insert(d, std::array{type}));
    }
    return zero;
  };
  for (uint32_t local : initial_) {
    const State& state = states_[local];
    const Value value = local < params_.size() ? params_[local] : zero_of_width(ir::bytes_of(state.type));
    ir::InstData store{.op = ir::Op::StackStore, .type = func.type_of(value)};
    store.set_slot(state.slot, 0);
    store.a[0] = value.raw();
    insert(store, {});
  }
}

}  // namespace vitrine::translate

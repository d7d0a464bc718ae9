#include "compiler/translate/locals.hpp"

namespace vitrine::translate {

using ir::Builder;
using ir::Type;
using ir::Value;

Value zero_of(Builder& builder, Type type) {
  return ir::is_float(type) ? builder.fconst(type, 0) : builder.iconst(type, 0);
}

// -- SSA

void SsaLocals::reset(std::span<const Value> initial) {
  current_.assign(initial.begin(), initial.end());
  logged_at_.assign(initial.size(), 0);
  log_.clear();
}

uint32_t SsaLocals::changes_since(uint32_t mark, uint32_t frame, std::vector<LocalValue>& out) const {
  for (size_t i = mark; i < log_.size(); i++) {
    const Entry& e = log_[i];
    // One logged by an enclosing frame of the range as well is found there.
    if (e.outer < frame) out.push_back({e.local, current_[e.local]});
  }
  return static_cast<uint32_t>(log_.size()) - mark;
}

void SsaLocals::undo_frame(uint32_t mark) {
  for (size_t i = log_.size(); i-- > mark;) {
    const Entry& e = log_[i];
    current_[e.local] = e.old;
    logged_at_[e.local] = e.outer;
  }
  log_.resize(mark);
}

uint32_t SsaLocals::merge_frame(uint32_t mark, uint32_t frame) {
  uint32_t seen = static_cast<uint32_t>(log_.size()) - mark;
  size_t kept = mark;
  for (size_t i = mark; i < log_.size(); i++) {
    Entry e = log_[i];
    logged_at_[e.local] = e.outer;
    // The outer frame's log has it already, or needs none, or nothing changed after all.
    if (e.outer + 1 >= frame || current_[e.local] == e.old) continue;
    logged_at_[e.local] = frame - 1;
    log_[kept++] = e;
  }
  log_.resize(kept);
  return seen;
}

// -- slots

void SlotLocals::reset(Builder& builder, std::span<const Type> types, std::span<const Value> params) {
  cached_.assign(types.size(), {});
  types_ = types;
  generation_ = 1;
  in_entry_ = true;
  first_zero_ = static_cast<uint32_t>(params.size());
  ir::Func& func = builder.func();
  for (Type type : types) func.slots.push({type == Type::V128 ? 16u : 8u, type == Type::V128 ? 16u : 8u});
  for (uint32_t i = 0; i < params.size(); i++) set(builder, i, params[i]);
}

Value SlotLocals::get(Builder& builder, uint32_t local) {
  Cached& c = cached_[local];
  if (c.generation == generation_) return c.value;
  // Not stored yet in the entry block: it is zero, and `leave_entry` stores that if anything can read it later.
  Value value = in_entry_ ? zero_of(builder, types_[local]) : builder.stack_load(types_[local], ir::Slot(local));
  if (!in_entry_) cache(local, value);
  return value;
}

void SlotLocals::leave_entry(Builder& builder) {
  in_entry_ = false;
  for (uint32_t i = first_zero_; i < types_.size(); i++) {
    if (cached_[i].generation != generation_) set(builder, i, zero_of(builder, types_[i]));
  }
}

}  // namespace vitrine::translate

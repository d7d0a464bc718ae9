// Locals and globals, and what else stands in the instance's context.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using ir::MemKind;
using ir::Type;

FunctionTranslator::Address FunctionTranslator::locate(const Place& place) {
  auto disp = static_cast<int32_t>(place.offset);
  if (!place.is_indirect) return {b_.vmctx(), disp};
  return {b_.load(Type::I64, MemKind::Full, b_.vmctx(), disp, kContextRegion, 0, kFixed)};
}

FunctionTranslator::Value FunctionTranslator::context_word(const Place& place, uint32_t field, uint8_t flags) {
  Address at = locate(place);
  return b_.load(Type::I64, MemKind::Full, at.ptr, at.disp + static_cast<int32_t>(field), kContextRegion, 0, flags);
}

void FunctionTranslator::on_local_get(uint32_t local) {
  push(mode_ == Mode::Ssa ? ssa_.get(local) : slots_.get(b_, local));
}

void FunctionTranslator::on_local_set(uint32_t local, Value value) {
  if (mode_ == Mode::Ssa) {
    ssa_.set(local, value, frame_number());
  } else {
    slots_.set(b_, local, value);
  }
}

void FunctionTranslator::on_global_get(uint32_t global) {
  const GlobalPlan& plan = env_.globals[global];
  if (plan.constant) return push(b_.constant(plan.type, *plan.constant));
  Address at = locate(plan.place);
  push(b_.load(plan.type, MemKind::Full, at.ptr, at.disp, kGlobalRegion, 0, plan.is_mutable ? kMapped : kFixed));
}

void FunctionTranslator::on_global_set(uint32_t global) {
  const GlobalPlan& plan = env_.globals[global];
  Value value = pop();
  Address at = locate(plan.place);
  b_.store(MemKind::Full, at.ptr, value, at.disp, kGlobalRegion);
}

}  // namespace vitrine::translate

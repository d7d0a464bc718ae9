// Locals and globals.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using ir::MemKind;
using ir::Type;

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
  if (plan.constant) {
    return push(ir::is_float(plan.type) ? b_.fconst(plan.type, *plan.constant) : b_.iconst(plan.type, *plan.constant));
  }
  Value at = b_.vmctx();
  int32_t disp = static_cast<int32_t>(plan.offset);
  if (plan.imported) {
    at = b_.load(Type::I64, MemKind::Full, at, disp, kGlobalRegion, 0, kFixed);
    disp = 0;
  }
  push(b_.load(plan.type, MemKind::Full, at, disp, kGlobalRegion, 0, plan.is_mutable ? kMapped : kFixed));
}

void FunctionTranslator::on_global_set(uint32_t global) {
  const GlobalPlan& plan = env_.globals[global];
  Value value = pop();
  Value at = b_.vmctx();
  int32_t disp = static_cast<int32_t>(plan.offset);
  if (plan.imported) {
    at = b_.load(Type::I64, MemKind::Full, at, disp, kGlobalRegion, 0, kFixed);
    disp = 0;
  }
  b_.store(MemKind::Full, at, value, disp, kGlobalRegion);
}

}  // namespace vitrine::translate

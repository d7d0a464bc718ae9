// Fuel and epochs: what makes a guest interruptible.
//
// Fuel is counted in a constant per straight run of operators and added to the store's counter where the run ends: at
// calls and at the end of every block. It is checked, as the epoch is, at function entries and loop headers: no guest
// runs for long without passing one.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using ir::IntCC;
using ir::MemKind;
using ir::Type;

namespace {

ir::Value store_of(ir::Builder& b) {
  return b.load(Type::I64, MemKind::Full, b.vmctx(), offsetof(abi::VMContext, store), kContextRegion, 0, kFixed);
}

}  // namespace

void FunctionTranslator::flush_fuel() {
  if (fuel_ == 0) return;
  spend_fuel(b_.i64(static_cast<uint64_t>(fuel_)));
  fuel_ = 0;
}

void FunctionTranslator::spend_fuel(Value amount) {
  constexpr int32_t kFuel = offsetof(abi::VMStore, fuel);
  Value store = store_of(b_);
  Value fuel = b_.load(Type::I64, MemKind::Full, store, kFuel, kContextRegion, 0, kMapped);
  b_.store(MemKind::Full, store, b_.iadd(fuel, amount), kFuel, kContextRegion);
}

void FunctionTranslator::check_interrupts() {
  auto unless = [&](Value slow_condition, abi::Builtin what, abi::TrapCode code) {
    Block slow = func_->make_block(), go_on = func_->make_block();
    (*func_)[slow].cold = 1;
    leave();
    b_.brif(slow_condition, slow, {}, go_on, {}, ir::kCold);
    enter(slow);
    Value ok = builtin(what, {})[0];
    b_.trapifnot(ok, trap(code));
    leave();
    b_.jump(go_on);
    enter(go_on);
  };
  if (env_.settings.consume_fuel) {
    Value fuel =
        b_.load(Type::I64, MemKind::Full, store_of(b_), offsetof(abi::VMStore, fuel), kContextRegion, 0, kMapped);
    unless(b_.icmp(IntCC::SGt, fuel, b_.i64(0)), abi::Builtin::out_of_fuel, abi::TrapCode::OutOfFuel);
  }
  if (env_.settings.epoch_interruption) {
    Value store = store_of(b_);
    Value counter = b_.load(Type::I64, MemKind::Full, store, offsetof(abi::VMStore, epoch), kContextRegion, 0, kFixed);
    // The counter is written by other threads. No pass takes the load out of the loop, since the slow path is a call
    // inside of it.
    Value epoch = b_.load(Type::I64, MemKind::Full, counter, 0, kAnyRegion, 0, kMapped);
    Value deadline =
        b_.load(Type::I64, MemKind::Full, store, offsetof(abi::VMStore, epoch_deadline), kContextRegion, 0, kMapped);
    unless(b_.icmp(IntCC::UGe, epoch, deadline), abi::Builtin::new_epoch, abi::TrapCode::Interrupt);
  }
}

}  // namespace vitrine::translate

// Calls: of functions of the module, of imported ones, through tables, and of builtins.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using abi::Builtin;
using abi::TrapCode;
using ir::IntCC;
using ir::MemKind;
using ir::Type;

namespace {

struct BuiltinRow {
  Type result;
  std::span<const Type> params;
};

/// The parameters of one builtin, in memory of their own.
template <Type... types>
struct Params {
  static constexpr std::array<Type, sizeof...(types)> kTypes{types...};
};
template <Type result, Type... params>
constexpr BuiltinRow row() {
  return {result, Params<params...>::kTypes};
}

constexpr BuiltinRow kBuiltins[] = {
#define I32 Type::I32
#define I64 Type::I64
#define F32 Type::F32
#define F64 Type::F64
#define None Type::None
#define BUILTIN(name, leaves, ...) row<__VA_ARGS__>(),
#include "abi/builtins.def"
#undef BUILTIN
#undef I32
#undef I64
#undef F32
#undef F64
#undef None
};

}  // namespace

ir::SigRef FunctionTranslator::signature(uint32_t type_index) {
  ir::SigRef& ref = signature_of_type_[type_index];
  if (ref.valid()) return ref;
  ir::Signature sig = signature_of(env_.module.func_type(type_index));
  spend(sig.params.size() + sig.results.size());
  seen_types_.push_back(type_index);
  return ref = func_->sigs.push(std::move(sig));
}

ir::FuncRef FunctionTranslator::function(uint32_t index) {
  ir::FuncRef& ref = funcref_of_function_[index];
  if (ref.valid()) return ref;
  seen_functions_.push_back(index);
  return ref = func_->funcs.push({signature(env_.module.functions[index]), index});
}

void FunctionTranslator::on_call(uint32_t index, bool tail) {
  // Callers restore their context only in a module that was seen to have tail calls (scan_calls).
  VITRINE_ASSERT(!tail || env_.has_tail_calls);
  uint32_t type = env_.module.functions[index];
  Value ctx = b_.vmctx();
  if (env_.layout.function_is_imported(index)) {
    auto field = [&](uint32_t offset) {
      int32_t at = static_cast<int32_t>(env_.layout.function_import(index) + offset);
      return b_.load(Type::I64, MemKind::Full, ctx, at, kFuncRefRegion, 0, kFixed);
    };
    Value code = field(offsetof(abi::VMFuncImport, code));
    return call_value(type, code, field(offsetof(abi::VMFuncImport, context)), tail);
  }
  if (env_.settings.indirect_local_calls) {
    Value functions =
        b_.load(Type::I64, MemKind::Full, ctx, offsetof(abi::VMContext, functions), kContextRegion, 0, kFixed);
    // Not readonly: a slot changes when its function is compiled again.
    Value code =
        b_.load(Type::I64, MemKind::Full, functions, static_cast<int32_t>(index * 8), kContextRegion, 0, kMapped);
    return call_value(type, code, ctx, tail);
  }
  if (env_.settings.consume_fuel) flush_fuel();
  const wasm::FuncType& callee = env_.module.func_type(type);
  uint32_t params = static_cast<uint32_t>(callee.params.size());
  spend(params + callee.results.size() + 1);
  args_.assign(1, ctx);
  args_.insert(args_.end(), stack_.end() - params, stack_.end());
  drop(params);
  if (tail) {
    b_.return_call(function(index), args_);
    dead_ = true;
    return;
  }
  auto results = b_.call(function(index), args_);
  stack_.insert(stack_.end(), results.begin(), results.end());
}

/// Calls `code` with the arguments on the stack.
void FunctionTranslator::call_value(uint32_t type_index, Value code, Value context, bool tail) {
  VITRINE_ASSERT(!tail || env_.has_tail_calls);
  if (env_.settings.consume_fuel) flush_fuel();
  const wasm::FuncType& type = env_.module.func_type(type_index);
  uint32_t params = static_cast<uint32_t>(type.params.size());
  spend(params + type.results.size() + 1);
  args_.assign(1, context);
  args_.insert(args_.end(), stack_.end() - params, stack_.end());
  drop(params);
  if (tail) {
    b_.return_call_indirect(signature(type_index), code, args_);
    dead_ = true;
    return;
  }
  auto results = b_.call_indirect(signature(type_index), code, args_);
  stack_.insert(stack_.end(), results.begin(), results.end());
}

void FunctionTranslator::on_call_indirect(uint32_t type_index, uint32_t table, bool tail) {
  Value callee = load_element(table, pop());
  // With signals, null needs no check of its own: its type is at an address that nothing is ever mapped at.
  uint8_t null = trap(TrapCode::IndirectCallToNull);
  if (!env_.settings.signals_based_traps) b_.trapif(b_.eqz(callee), null);
  Value actual = b_.load(Type::I32, MemKind::Full, callee, offsetof(abi::VMFuncRef, type_id), kFuncRefRegion, null);
  Value ids =
      b_.load(Type::I64, MemKind::Full, b_.vmctx(), offsetof(abi::VMContext, type_ids), kFuncRefRegion, 0, kFixed);
  Value expected =
      b_.load(Type::I32, MemKind::Full, ids, static_cast<int32_t>(type_index * 4), kFuncRefRegion, 0, kFixed);
  b_.trapif(b_.icmp(IntCC::Ne, actual, expected), trap(TrapCode::BadSignature));
  auto field = [&](uint32_t offset) {
    return b_.load(Type::I64, MemKind::Full, callee, static_cast<int32_t>(offset), kFuncRefRegion, null);
  };
  Value code = field(offsetof(abi::VMFuncRef, code));
  call_value(type_index, code, field(offsetof(abi::VMFuncRef, context)), tail);
}

std::span<const FunctionTranslator::Value> FunctionTranslator::builtin(Builtin which, std::span<const Value> args) {
  uint32_t number = static_cast<uint32_t>(which);
  ir::SigRef& sig = builtin_signatures_[number];
  if (!sig.valid()) {
    const BuiltinRow& b = kBuiltins[number];
    ir::Signature signature{ir::CallConv::Host, {b.params.begin(), b.params.end()}, {}};
    if (b.result != Type::None) signature.results.push_back(b.result);
    sig = func_->sigs.push(std::move(signature));
  }
  if (env_.settings.consume_fuel) flush_fuel();
  Value ctx = b_.vmctx();
  Value table = b_.load(Type::I64, MemKind::Full, ctx, offsetof(abi::VMContext, builtins), kFuncRefRegion, 0, kFixed);
  Value code = b_.load(Type::I64, MemKind::Full, table, static_cast<int32_t>(number * 8), kFuncRefRegion, 0, kFixed);
  args_.assign(1, ctx);
  args_.insert(args_.end(), args.begin(), args.end());
  spend(args_.size());
  return b_.call_indirect(sig, code, args_);
}

}  // namespace vitrine::translate

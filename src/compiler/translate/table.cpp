// Tables and references. An element is a word: a VMFuncRef* or what the host calls an externref; 0 is null.
#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using abi::Builtin;
using abi::TrapCode;
using ir::IntCC;
using ir::MemKind;
using ir::Type;

FunctionTranslator::Value FunctionTranslator::table_field(uint32_t table, uint32_t field, uint8_t flags) {
  const TablePlan& plan = env_.tables[table];
  if (!plan.imported) {
    return b_.load(Type::I64, MemKind::Full, b_.vmctx(), static_cast<int32_t>(plan.offset + field), kContextRegion, 0,
                   flags);
  }
  Value at =
      b_.load(Type::I64, MemKind::Full, b_.vmctx(), static_cast<int32_t>(plan.offset), kContextRegion, 0, kFixed);
  return b_.load(Type::I64, MemKind::Full, at, static_cast<int32_t>(field), kContextRegion, 0, flags);
}

FunctionTranslator::Value FunctionTranslator::table_size(uint32_t table) {
  const TablePlan& plan = env_.tables[table];
  return plan.fixed ? b_.i64(plan.min) : table_field(table, offsetof(abi::VMTable, size), kMapped);
}

FunctionTranslator::Value FunctionTranslator::element(uint32_t table, Value index) {
  const TablePlan& plan = env_.tables[table];
  Value outside;
  if (plan.fixed && !plan.is_64 && plan.min <= 0xffff'ffff) {
    outside = b_.icmp(IntCC::UGe, index, b_.i32(static_cast<uint32_t>(plan.min)));
  } else {
    outside = b_.icmp(IntCC::UGe, as_i64(index), table_size(table));
  }
  b_.trapif(outside, trap(TrapCode::TableOutOfBounds));
  Value at = as_i64(index);
  uint64_t ignored;
  // A mispredicted check leads to element 0.
  if (env_.settings.spectre_mitigation && !func_->is_iconst(index, &ignored)) {
    at = b_.select(outside, b_.i64(0), at, ir::kGuard);
  }
  Value base = table_field(table, offsetof(abi::VMTable, base), plan.fixed ? kFixed : kMapped);
  return b_.iadd(base, b_.ishl(at, b_.i64(3)));
}

// The loads and stores of elements carry the trap code of the check they depend on: no pass moves them above it.

void FunctionTranslator::on_table_get(uint32_t table) {
  Value at = element(table, pop());
  push(b_.load(Type::I64, MemKind::Full, at, 0, kTableRegion, trap(TrapCode::TableOutOfBounds)));
}

void FunctionTranslator::on_table_set(uint32_t table) {
  Value value = pop();
  Value at = element(table, pop());
  b_.store(MemKind::Full, at, value, 0, kTableRegion, trap(TrapCode::TableOutOfBounds));
}

void FunctionTranslator::on_table_size(uint32_t table) {
  Value size = table_size(table);
  push(env_.tables[table].is_64 ? size : b_.wrap(size));
}

void FunctionTranslator::on_table_grow(uint32_t table) {
  Value count = pop(), init = pop();
  Value args[] = {b_.i32(table), init, as_i64(count)};
  Value old = builtin(Builtin::table_grow, args)[0];
  push(env_.tables[table].is_64 ? old : b_.wrap(old));
}

void FunctionTranslator::on_ref_func(uint32_t function) {
  if (env_.layout.function_is_imported(function)) {
    uint32_t at = env_.layout.function_import(function) + offsetof(abi::VMFuncImport, funcref);
    return push(b_.load(Type::I64, MemKind::Full, b_.vmctx(), static_cast<int32_t>(at), kFuncRefRegion, 0, kFixed));
  }
  push(b_.iadd_imm(b_.vmctx(), env_.layout.funcref(function)));
}

}  // namespace vitrine::translate

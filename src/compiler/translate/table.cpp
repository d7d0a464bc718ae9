// Tables and references. An element is a word: a VMFuncRef* or what the host calls an externref; 0 is null.
#include <algorithm>

#include "compiler/translate/function_translator.hpp"

namespace vitrine::translate {

using abi::Builtin;
using abi::TrapCode;
using ir::IntCC;
using ir::MemKind;
using ir::Type;

FunctionTranslator::Value FunctionTranslator::table_size(uint32_t table) {
  const TablePlan& plan = env_.tables[table];
  return plan.fixed ? b_.i64(plan.min) : context_word(plan.place, offsetof(abi::VMTable, size), kMapped);
}

FunctionTranslator::Value FunctionTranslator::table_base(uint32_t table) {
  const TablePlan& plan = env_.tables[table];
  return context_word(plan.place, offsetof(abi::VMTable, base), plan.fixed ? kFixed : kMapped);
}

// The loads and stores of elements carry the trap code of the check they depend on: no pass moves them above it.
FunctionTranslator::Address FunctionTranslator::element(uint32_t table, Value index) {
  const TablePlan& plan = env_.tables[table];
  uint64_t constant;
  // A table never shrinks: an index below its declared minimum needs no check, and so none that a guess could pass.
  if (func_->is_iconst(index, &constant) && constant < std::min<uint64_t>(plan.min, 1u << 28)) {
    return {table_base(table), static_cast<int32_t>(constant * 8), 0, kMapped, kTableRegion};
  }
  Value outside;
  if (plan.fixed && !plan.is_64 && plan.min <= 0xffff'ffff) {
    outside = b_.icmp(IntCC::UGe, index, b_.i32(static_cast<uint32_t>(plan.min)));
  } else {
    Value size = table_size(table);
    outside = b_.icmp(IntCC::UGe, as_i64(index), size);
  }
  b_.trapif(outside, trap(TrapCode::TableOutOfBounds));
  Value at = as_i64(index);
  // A mispredicted check leads to element 0. So does one of a constant index: the size it is held against is data.
  if (env_.settings.spectre_mitigation) at = b_.select(outside, b_.i64(0), at, ir::kGuard);
  Value base = table_base(table);
  return {b_.iadd(base, b_.ishl(at, b_.i64(3))), 0, trap(TrapCode::TableOutOfBounds), 0, kTableRegion};
}

FunctionTranslator::Value FunctionTranslator::load_element(uint32_t table, Value index) {
  Address at = element(table, index);
  return b_.load(Type::I64, MemKind::Full, at.ptr, at.disp, at.region, at.trap, at.flags);
}

void FunctionTranslator::on_table_get(uint32_t table) {
  push(load_element(table, pop()));
}

void FunctionTranslator::on_table_set(uint32_t table) {
  Value value = pop();
  Address at = element(table, pop());
  b_.store(MemKind::Full, at.ptr, value, at.disp, at.region, at.trap);
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

// What is imported and exported: a function, table, memory or global of a store.
#pragma once

#include "abi/vmcontext.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Table;
class Memory;
class Global;

/// A plain value that points into its store.
struct Extern {
  wasm::ExternKind kind = wasm::ExternKind::Func;
  union {
    abi::VMFuncRef* func = nullptr;
    Table* table;
    Memory* memory;
    Global* global;
  };

  static Extern of(abi::VMFuncRef* func) { return {.kind = wasm::ExternKind::Func, .func = func}; }
  static Extern of(Table* table) { return {.kind = wasm::ExternKind::Table, .table = table}; }
  static Extern of(Memory* memory) { return {.kind = wasm::ExternKind::Memory, .memory = memory}; }
  static Extern of(Global* global) { return {.kind = wasm::ExternKind::Global, .global = global}; }
};

}  // namespace vitrine::runtime

#include "abi/vmcontext.hpp"

#include <bit>

#include "base/assert.hpp"
#include "wasm/module.hpp"

namespace vitrine::abi {

// The order: header, memories, tables, globals, imported functions, funcrefs. What loops touch comes first, so that its
// displacement is short. The limits of wasm/limits.hpp keep the sum far below 4 GiB.
VMLayout::VMLayout(const wasm::Module& module)
    : imported_functions_(module.imported_functions),
      imported_tables_(module.imported_tables),
      imported_globals_(module.imported_globals),
      ranks_((module.functions.size() + 63) / 64) {
  uint32_t at = sizeof(VMContext);
  auto take = [&at](size_t count, size_t size) {
    uint32_t here = at;
    at += static_cast<uint32_t>(count * size);
    return here;
  };
  for (uint32_t i = 0; i < module.memories.size(); ++i) {
    const bool is_indirect = i < module.imported_memories || module.memories[i].limits.is_shared;
    memory_slots_.push_back({take(1, is_indirect ? sizeof(VMMemory*) : sizeof(VMMemory)), is_indirect});
  }
  imported_table_slots_ = take(imported_tables_, sizeof(void*));
  tables_ = take(module.tables.size() - imported_tables_, sizeof(VMTable));
  imported_global_slots_ = take(imported_globals_, sizeof(void*));
  at = (at + alignof(VMGlobal) - 1) & ~static_cast<uint32_t>(alignof(VMGlobal) - 1);
  globals_ = take(module.globals.size() - imported_globals_, sizeof(VMGlobal));
  function_imports_ = take(imported_functions_, sizeof(VMFuncImport));

  uint32_t count = 0;
  for (uint32_t f = imported_functions_; f < module.functions.size(); ++f) {
    if (module.declared_functions[f]) ranks_[f / 64].bits |= uint64_t{1} << (f % 64);
  }
  for (Rank& rank : ranks_) {
    rank.before = count;
    count += static_cast<uint32_t>(std::popcount(rank.bits));
  }
  funcref_count_ = count;
  funcrefs_ = take(count, sizeof(VMFuncRef));
  size_ = at;
}

uint32_t VMLayout::table(uint32_t i) const {
  if (table_is_imported(i)) return imported_table_slots_ + i * sizeof(void*);
  return tables_ + (i - imported_tables_) * sizeof(VMTable);
}

uint32_t VMLayout::global(uint32_t i) const {
  if (global_is_imported(i)) return imported_global_slots_ + i * sizeof(void*);
  return globals_ + (i - imported_globals_) * sizeof(VMGlobal);
}

uint32_t VMLayout::function_import(uint32_t i) const {
  VITRINE_DCHECK(function_is_imported(i));
  return function_imports_ + i * sizeof(VMFuncImport);
}

bool VMLayout::has_funcref(uint32_t i) const {
  return i / 64 < ranks_.size() && (ranks_[i / 64].bits >> (i % 64) & 1) != 0;
}

uint32_t VMLayout::funcref(uint32_t i) const {
  VITRINE_ASSERT(has_funcref(i));
  const Rank& rank = ranks_[i / 64];
  uint32_t slot = rank.before + std::popcount(rank.bits & ((uint64_t{1} << (i % 64)) - 1));
  return funcrefs_ + slot * sizeof(VMFuncRef);
}

}  // namespace vitrine::abi

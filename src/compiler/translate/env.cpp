#include "compiler/translate/env.hpp"

#include "abi/machine.hpp"
#include "wasm/limits.hpp"

namespace vitrine::translate {
namespace {

uint8_t region_of_memory(const wasm::Module& module, uint32_t index) {
  if (index < module.imported_memories) return kImportedMemoryRegion;
  uint32_t defined = index - module.imported_memories;
  if (defined == 0) return kMemoryRegion;
  static_assert(kMoreMemoriesRegion + wasm::kMaxMemories <= 256, "a region is a byte");
  return static_cast<uint8_t>(kMoreMemoriesRegion + defined - 1);
}

MemoryPlan plan_memory(const ModuleEnv& env, uint32_t index) {
  const wasm::MemoryType& type = env.module.memories[index];
  MemoryPlan plan;
  plan.place = {env.layout.memory(index), env.layout.memory_is_indirect(index)};
  plan.region = region_of_memory(env.module, index);
  plan.is_64 = type.limits.is_64;
  plan.page_size_log2 = type.page_size_log2;
  bool whole = !plan.is_64 && env.settings.memory_reservation >= (4ull << 30);
  // A guard begins at a page of the host: a memory that may end anywhere else has bytes behind its end that do not
  // fault.
  bool ends_at_guard = (uint64_t{1} << type.page_size_log2) % abi::host_machine().page_size == 0;
  plan.guarded = whole && ends_at_guard && env.settings.signals_based_traps;
  // A shared memory may not move under the feet of other threads.
  plan.base_is_fixed = whole || type.limits.is_shared || (type.limits.max && *type.limits.max == type.limits.min);
  bool huge = type.limits.min >> (63 - type.page_size_log2) != 0;
  plan.min_bytes = huge ? uint64_t{1} << 63 : type.limits.min << type.page_size_log2;
  return plan;
}

/// The bits of a global that no one can change and whose initialiser is one constant.
std::optional<uint64_t> constant_of(const wasm::Module& module, const wasm::Global& global) {
  if (global.type.is_mutable) return std::nullopt;
  auto ops = module.ops(global.init);
  if (ops.size() != 1) return std::nullopt;
  switch (ops[0].op) {
    case wasm::Op::I32Const:
    case wasm::Op::F32Const:
      return static_cast<uint32_t>(ops[0].bits);
    case wasm::Op::I64Const:
    case wasm::Op::F64Const:
      return ops[0].bits;
    case wasm::Op::RefNull:
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

ir::Signature signature_of(const wasm::FuncType& type) {
  ir::Signature sig;
  sig.params.reserve(type.params.size() + 1);
  sig.params.push_back(ir::Type::I64);
  for (wasm::ValType t : type.params) sig.params.push_back(ir_type(t));
  sig.results.reserve(type.results.size());
  for (wasm::ValType t : type.results) sig.results.push_back(ir_type(t));
  return sig;
}

ModuleEnv::ModuleEnv(const wasm::Module& module, const abi::VMLayout& layout, const abi::CodegenSettings& settings,
                     bool has_tail_calls)
    : module(module), layout(layout), settings(settings), has_tail_calls(has_tail_calls) {
  memories.reserve(module.memories.size());
  for (uint32_t i = 0; i < module.memories.size(); ++i) memories.push_back(plan_memory(*this, i));
  tables.reserve(module.tables.size());
  for (uint32_t i = 0; i < module.tables.size(); ++i) {
    const wasm::Limits& limits = module.tables[i].type.limits;
    bool fixed = limits.max && *limits.max == limits.min;
    tables.push_back({{layout.table(i), layout.table_is_imported(i)}, limits.is_64, fixed, limits.min});
  }
  globals.reserve(module.globals.size());
  for (uint32_t i = 0; i < module.globals.size(); ++i) {
    const wasm::Global& global = module.globals[i];
    bool imported = layout.global_is_imported(i);
    globals.push_back({{layout.global(i), imported},
                       ir_type(global.type.type),
                       global.type.is_mutable,
                       imported ? std::nullopt : constant_of(module, global)});
  }
}

}  // namespace vitrine::translate

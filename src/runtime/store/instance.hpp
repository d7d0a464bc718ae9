// An instance of a module: its context for compiled code, and the things behind its index spaces.
//
// Owned by its store. Instances that failed to initialise stay there as well: what they put into shared tables before
// they failed remains callable, as the specification has it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "abi/vmcontext.hpp"
#include "runtime/failure/failure.hpp"
#include "runtime/memory/allocator.hpp"
#include "runtime/store/extern.hpp"
#include "runtime/store/limiter.hpp"
#include "wasm/module.hpp"

namespace vitrine::runtime {

class CompiledModule;
class Store;

class Instance {
 public:
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Store& store() const { return store_; }
  const CompiledModule& module() const { return *module_; }
  const std::shared_ptr<const CompiledModule>& shared_module() const { return module_; }
  abi::VMContext* context() const { return context_; }

  /// Copies the active segments.
  Outcome<> initialize();
  /// None: null. `storage` holds the reference if the instance does not.
  abi::VMFuncRef* start_function(abi::VMFuncRef& storage);

  std::optional<Extern> find_export(std::string_view name);
  Extern export_at(uint32_t export_index);

  /// By index of the module; imported or defined. A function that cannot be a value has no funcref: null.
  abi::VMFuncRef* func(uint32_t index);
  /// The same for any function; `storage` holds the reference if the instance does not.
  abi::VMFuncRef* func(uint32_t index, abi::VMFuncRef& storage);
  Table* table(uint32_t index) { return tables_[index]; }
  Memory* memory(uint32_t index) { return memories_[index]; }
  Global* global(uint32_t index);
  /// What a defined global holds, without making a Global of it.
  const abi::ValRaw& global_value(uint32_t index) const;

  /// Table and memory instructions; false: out of bounds and nothing done, or the store was told to end meanwhile and
  /// has the reason. Segment operations see dropped segments as empty.
  bool table_init(uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t count);
  bool memory_init(uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src, uint32_t count);
  void elem_drop(uint32_t segment) { elem_dropped_[segment] = true; }
  void data_drop(uint32_t segment) { data_dropped_[segment] = true; }
  bool memory_fill(uint32_t memory, uint64_t dst, uint8_t value, uint64_t count);
  bool memory_copy(uint32_t dst_memory, uint64_t dst, uint32_t src_memory, uint64_t src, uint64_t count);
  bool table_fill(uint32_t table, uint64_t dst, uint64_t value, uint64_t count);
  bool table_copy(uint32_t dst_table, uint64_t dst, uint32_t src_table, uint64_t src, uint64_t count);

 private:
  friend class Store;
  Instance(Store& store, std::shared_ptr<const CompiledModule> module);
  /// Imports have been matched and limits checked; makes everything the module defines.
  Result<> allocate(std::span<const Extern> imports);
  void import(const wasm::Import& import, const Extern& value);
  Result<> define_memories();
  Result<> define_tables();
  abi::ValRaw evaluate(wasm::ConstExpr expr);
  uint64_t element(const wasm::ElemSegment& segment, uint32_t i);
  template <class T>
  T* at(uint32_t offset) const {
    // SAFETY: `offset` is the layout's, of a field of type T inside the context.
    return reinterpret_cast<T*>(reinterpret_cast<uint8_t*>(context_) + offset);
  }

  Store& store_;
  std::shared_ptr<const CompiledModule> module_;
  Block space_;  // of all that follows
  abi::VMContext* context_ = nullptr;
  std::span<Table*> tables_;
  std::span<Memory*> memories_;
  std::span<Global*> globals_;  // defined ones are null until somebody asks
  std::span<bool> elem_dropped_, data_dropped_;
};

/// The instance whose code has this context; null for the host itself (see Store::host_caller).
Instance* instance_of(const abi::VMContext* context);

}  // namespace vitrine::runtime

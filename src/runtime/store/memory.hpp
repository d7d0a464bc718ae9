// A memory of a store: a linear memory with its type, its limits and where compiled code sees it.
#pragma once

#include <cstdint>
#include <span>

#include "abi/vmcontext.hpp"
#include "base/result.hpp"
#include "runtime/memory/linear_memory.hpp"
#include "runtime/store/growth.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;

class Memory {
 public:
  /// `definition` is the slot in the context of the instance that defines it; null: of its own.
  Memory(Store& store, const wasm::MemoryType& type, LinearMemory linear, abi::VMMemory* definition);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Store& store() const { return store_; }
  /// As declared; `pages` is the size now.
  const wasm::MemoryType& type() const { return type_; }
  abi::VMMemory* definition() { return definition_; }
  const LinearMemory& linear() const { return linear_; }
  std::span<uint8_t> data() const { return {definition_->base, definition_->size}; }
  uint64_t pages() const { return definition_->size >> type_.page_size_log2; }
  /// Answers the old size in pages; fails past the maximum or a limit of the store, changing nothing.
  Grown<uint64_t> grow(uint64_t pages);

 private:
  Grown<uint64_t> try_grow(uint64_t pages, Growth& growth);
  Store& store_;
  wasm::MemoryType type_;
  LinearMemory linear_;
  abi::VMMemory own_{};
  abi::VMMemory* definition_;
};

}  // namespace vitrine::runtime

// A memory of a store: a linear memory with its type, its limits and where compiled code sees it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "abi/vmcontext.hpp"
#include "base/result.hpp"
#include "runtime/memory/linear_memory.hpp"
#include "runtime/store/limiter.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;

class Memory {
 public:
  /// `definition` is the slot in the context of the instance that defines it; null: of its own.
  Memory(Store& store, const wasm::MemoryType& type, LinearMemory&& linear, abi::VMMemory* definition);
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
  Result<uint64_t> grow(uint64_t pages);
  /// The same for a guest.
  std::expected<uint64_t, GrowthFailure> try_grow(uint64_t pages);

 private:
  Store& store_;
  wasm::MemoryType type_;
  LinearMemory linear_;
  abi::VMMemory own_{};
  abi::VMMemory* definition_;
};

}  // namespace vitrine::runtime

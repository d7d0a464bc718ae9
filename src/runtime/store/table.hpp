// A table of a store: references as words (VMFuncRef* or externref), in one growing array.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "abi/vmcontext.hpp"
#include "base/result.hpp"
#include "runtime/memory/allocator.hpp"
#include "runtime/store/limiter.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;

class Table {
 public:
  /// Room for `count` null elements, for the constructor; fails over the limits of the language and of the system.
  static Result<Block> allocate(Allocator& allocator, uint64_t count);
  /// `type` in terms of the engine; `elements` from `allocate(type.limits.min)`; `definition` is the slot in the
  /// context of the defining instance; null: of its own.
  Table(Store& store, const wasm::TableType& type, Block&& elements, uint64_t init, abi::VMTable* definition);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  Store& store() const { return store_; }
  const wasm::TableType& type() const { return type_; }
  abi::VMTable* definition() { return definition_; }
  uint64_t size() const { return definition_->size; }
  std::span<uint64_t> elements() const { return {definition_->base, definition_->size}; }
  std::optional<uint64_t> get(uint64_t index) const;
  /// Whether the index is inside. The value is of the element type (the caller has checked that).
  bool set(uint64_t index, uint64_t value);
  /// Answers the old size; fails past the maximum or a limit of the store, changing nothing.
  Result<uint64_t> grow(uint64_t count, uint64_t init);
  /// The same for a guest.
  std::expected<uint64_t, GrowthFailure> try_grow(uint64_t count, uint64_t init);

 private:
  Store& store_;
  wasm::TableType type_;
  Block elements_;
  abi::VMTable own_{};
  abi::VMTable* definition_;
};

}  // namespace vitrine::runtime

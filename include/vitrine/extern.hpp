// Handles to what instances are made of: Func, Memory, Table, Global. Plain values that point into their store.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/store.hpp"
#include "vitrine/val.hpp"

namespace vitrine {

class Caller;

/// A linear memory. `data` answers the memory as it is now; growth (by the guest, too) may move and lengthens it, so
/// ask again after every call into the guest.
class VITRINE_API Memory {
 public:
  static Result<Memory> make(Store& store, const MemoryType& type);
  std::span<uint8_t> data() const;
  uint64_t size() const;  ///< pages of 64 KiB
  MemoryType type() const;
  /// Answers the old size in pages; fails past the maximum or a limit.
  Result<uint64_t> grow(uint64_t pages) const;
  /// Copies out or in; fails, touching nothing, when the range is not inside.
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const;
  Result<void> write(uint64_t offset, std::span<const uint8_t> in) const;

  Memory(StoreImpl* store, void* object) : store_(store), object_(object) {}
  StoreImpl* store() const { return store_; }
  void* object() const { return object_; }

 private:
  StoreImpl* store_;
  void* object_;
};

class VITRINE_API Table {
 public:
  static Result<Table> make(Store& store, const TableType& type, const Val& init);
  uint64_t size() const;
  TableType type() const;
  Result<Val> get(uint64_t index) const;
  Result<void> set(uint64_t index, const Val& value) const;
  /// Answers the old size.
  Result<uint64_t> grow(uint64_t count, const Val& init) const;

  Table(StoreImpl* store, void* object) : store_(store), object_(object) {}
  StoreImpl* store() const { return store_; }
  void* object() const { return object_; }

 private:
  StoreImpl* store_;
  void* object_;
};

class VITRINE_API Global {
 public:
  static Result<Global> make(Store& store, const GlobalType& type, const Val& value);
  GlobalType type() const;
  Val get() const;
  /// Fails for an immutable global or a value of another kind.
  Result<void> set(const Val& value) const;

  Global(StoreImpl* store, void* object) : store_(store), object_(object) {}
  StoreImpl* store() const { return store_; }
  void* object() const { return object_; }

 private:
  StoreImpl* store_;
  void* object_;
};

}  // namespace vitrine

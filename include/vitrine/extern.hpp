// Handles to what instances are made of: Func (in func.hpp), Memory, Table, Global.
//
// Plain values that name a store and something in it. They may outlive the store: every use then answers an error that
// says so (or what is said below), and reads nothing. One thread at a time with the store.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "vitrine/export.hpp"
#include "vitrine/handle.hpp"
#include "vitrine/store.hpp"
#include "vitrine/val.hpp"

namespace vitrine {

/// A linear memory. `data` answers the memory as it is now; growth (by the guest, too) may move and lengthens it, so
/// ask again after every call into the guest.
class VITRINE_API Memory {
 public:
  static Result<Memory> make(const Context& store, const MemoryType& type);
  std::span<uint8_t> data() const;  ///< empty if the store is gone
  uint64_t size() const;            ///< pages of the type's size; 0 if the store is gone
  Result<MemoryType> type() const;  ///< as declared
  /// Answers the old size in pages; fails past the maximum or a limit.
  Result<uint64_t> grow(uint64_t pages) const;
  /// Copies out or in; fails, touching nothing, when the range is not inside.
  Result<> read(uint64_t offset, std::span<uint8_t> out) const;
  Result<> write(uint64_t offset, std::span<const uint8_t> in) const;
  /// Whether both are the same memory.
  friend bool operator==(const Memory&, const Memory&) = default;

 private:
  friend struct detail::Access;
  explicit Memory(const detail::Handle& handle) : handle_(handle) {}
  detail::Handle handle_;
};

/// A table of references. A value put into it is checked against the whole element type.
class VITRINE_API Table {
 public:
  static Result<Table> make(const Context& store, const TableType& type, const Val& init);
  uint64_t size() const;           ///< 0 if the store is gone
  Result<TableType> type() const;  ///< as declared
  Result<Val> get(uint64_t index) const;
  Result<> set(uint64_t index, const Val& value) const;
  /// Answers the old size.
  Result<uint64_t> grow(uint64_t count, const Val& init) const;
  /// Sets `count` elements from `index` on; fails, changing nothing, when they are not all inside.
  Result<> fill(uint64_t index, const Val& value, uint64_t count) const;
  friend bool operator==(const Table&, const Table&) = default;

 private:
  friend struct detail::Access;
  explicit Table(const detail::Handle& handle) : handle_(handle) {}
  detail::Handle handle_;
};

/// A global. A value put into it is checked against its whole type.
class VITRINE_API Global {
 public:
  static Result<Global> make(const Context& store, const GlobalType& type, const Val& value);
  Result<GlobalType> type() const;
  Result<Val> get() const;
  /// Fails for an immutable global or a value of another type.
  Result<> set(const Val& value) const;
  friend bool operator==(const Global&, const Global&) = default;

 private:
  friend struct detail::Access;
  explicit Global(const detail::Handle& handle) : handle_(handle) {}
  detail::Handle handle_;
};

class Func;
using Extern = std::variant<Func, Global, Memory, Table>;

}  // namespace vitrine

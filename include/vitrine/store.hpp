// A Store: one guest world. It owns instances and everything they made; use one a tenant.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "vitrine/engine.hpp"
#include "vitrine/export.hpp"

namespace vitrine {

struct StoreImpl;

/// Bounds on what the guests of a store may have; exceeding one fails the growth (the guest sees -1) or the
/// instantiation.
struct StoreLimits {
  std::optional<uint64_t> memory_bytes;    ///< of each memory
  std::optional<uint64_t> table_elements;  ///< of each table
  uint64_t instances = 10000, memories = 10000, tables = 10000;
  bool trap_on_grow_failure = false;  ///< a failing grow traps instead of answering -1
};

/// What to do when the epoch deadline is reached: go on for so many more ticks, or stop the guest with a trap.
struct EpochDecision {
  std::optional<uint64_t> extend_by;
};

/// Not copyable; used by one thread at a time. Handles (Func, Memory, Instance ...) point into it and must not outlive
/// it.
class VITRINE_API Store {
 public:
  explicit Store(const Engine& engine);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const Engine& engine() const;
  void limits(const StoreLimits& limits);

  /// Fuel left; needs Config::consume_fuel. A new store has none.
  Result<void> set_fuel(uint64_t fuel);
  Result<uint64_t> fuel() const;
  /// The guest is interrupted when the engine's epoch has advanced by `ticks` from now.
  void set_epoch_deadline(uint64_t ticks);
  /// Called at the deadline instead of trapping.
  void epoch_callback(std::function<EpochDecision()> callback);

  /// One thing of the host's that its functions can find again (`Caller::data`), by a key: the address of something
  /// static.
  void set_data(const void* key, std::shared_ptr<void> data);
  void* data(const void* key) const;

  StoreImpl* impl() const { return impl_.get(); }

 private:
  std::unique_ptr<StoreImpl> impl_;
};

}  // namespace vitrine

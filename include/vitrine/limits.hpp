// What the guests of a store may have.
#pragma once

#include <cstdint>
#include <optional>

namespace vitrine {

/// Bounds on what the guests of a store may have; exceeding one of the first two fails the growth (the guest sees -1),
/// of the others the instantiation.
struct StoreLimits {
  std::optional<uint64_t> memory_bytes = {};    ///< of each memory
  std::optional<uint64_t> table_elements = {};  ///< of each table
  uint64_t instances = 10'000, memories = 10'000, tables = 10'000;
  bool trap_on_grow_failure = false;  ///< a failing grow ends the guest instead of answering -1
};

/// A growth about to happen, in bytes (memories) or elements (tables); of a new one `current` is 0.
struct Growth {
  enum class What : uint8_t { Memory, Table } what;
  uint64_t current;
  uint64_t desired;
  std::optional<uint64_t> maximum;
};

/// What to do when the epoch deadline is reached.
struct EpochDecision {
  enum class Kind : uint8_t {
    Continue,  ///< for `ticks`
    Yield,     ///< by the store's yield hook, then for `ticks`
    Stop,      ///< with a trap
  };
  Kind kind = Kind::Stop;
  uint64_t ticks = 0;

  static EpochDecision go_on(uint64_t ticks) { return {Kind::Continue, ticks}; }
  static EpochDecision yield(uint64_t ticks) { return {Kind::Yield, ticks}; }
  static EpochDecision stop() { return {}; }
};

}  // namespace vitrine

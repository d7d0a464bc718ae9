// An Engine: configuration and everything that modules of one process share.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "vitrine/config.hpp"
#include "vitrine/export.hpp"

namespace vitrine {

struct EngineImpl;

namespace detail {
struct Access;
}

/// Compiles modules and runs them. Cheap to copy (shared); may be used from any thread.
///
/// Traps are faults of the machine: the process's first engine with `signals_based_traps` installs handlers for SIGSEGV,
/// SIGBUS, SIGILL and SIGFPE, which stay. A fault that is no guest's goes to the handler that was there before. A handler
/// that the host installs later gets the guests' faults, too, and has to pass on what it does not know, or the process
/// ends where a guest would have trapped. Config::cancel_signal is caught by the first engine
/// that has it, likewise. An engine without `signals_based_traps` installs none of them.
class VITRINE_API Engine {
 public:
  /// Fails when options contradict each other or the CPU lacks what compiled code needs.
  [[nodiscard]] static Result<Engine> make(const Config& config = Config());

  /// Adds one to the epoch; stores whose deadline is reached are interrupted at their next check. Async-signal-safe.
  void increment_epoch() const;
  /// What it was made with.
  const Config& config() const;
  /// Whether these bytes, the first 4096 or all of them, begin a precompiled image; other ELF files do not.
  static bool is_precompiled(std::span<const uint8_t> bytes);
  /// A hash of everything that changes compiled code: equal hashes mean interchangeable images.
  uint64_t compatibility_hash() const;

  /// Whether both are the same engine.
  friend bool operator==(const Engine&, const Engine&) = default;

 private:
  friend struct detail::Access;
  explicit Engine(std::shared_ptr<EngineImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<EngineImpl> impl_;
};

/// The version of the library, "0.1.0".
VITRINE_API const char* version();

}  // namespace vitrine

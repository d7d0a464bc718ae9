// What the modules and stores of one engine share. Made once, immutable but for its parts that lock for themselves; any
// thread may use it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "abi/settings.hpp"
#include "runtime/engine/timer.hpp"
#include "runtime/memory/allocator.hpp"
#include "runtime/types/type_registry.hpp"

namespace vitrine::runtime {

struct EngineOptions {
  abi::CodegenSettings settings;     // of every module of the engine; `cpu_features` are what code is compiled for
  uint32_t host_cpu_features = ~0u;  // what the CPU has: instances of code that needs more cannot be made
  uint32_t max_backtrace = 20;       // frames recorded of a failure; 0: none
  bool perf_map = false;             // write /tmp/perf-PID.map for `perf`
  bool memory_init_cow = true;       // map the initial contents of memories copy-on-write; else copy them
  MemoryGrowth memory_growth;
  uint32_t kept_reservations = 64;  // linear memories kept mapped for the next instance when one is dropped
  int cancel_signal = 0;            // that ends a cancelled store's guest; 0: os::kDefaultInterruptSignal
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const EngineOptions& options() const { return options_; }
  const abi::CodegenSettings& settings() const { return options_.settings; }
  TypeRegistry& types() { return types_; }
  const TypeRegistry& types() const { return types_; }
  Allocator& allocator() { return allocator_; }
  const std::shared_ptr<Timer>& timer() { return timer_; }
  /// 0: the engine does without signals.
  int cancel_signal() const;

  /// Async-signal-safe, as is reading it.
  void increment_epoch() { epoch_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t epoch() const { return epoch_.load(std::memory_order_relaxed); }
  /// What VMStore::epoch points to: compiled code reads it with plain loads.
  // SAFETY: a lock-free atomic is its value and nothing else (asserted below), and an aligned load of it is whole.
  const uint64_t* epoch_address() const { return reinterpret_cast<const uint64_t*>(&epoch_); }

 private:
  EngineOptions options_;
  TypeRegistry types_;
  Allocator allocator_;
  std::atomic<uint64_t> epoch_{0};
  std::shared_ptr<Timer> timer_ = std::make_shared<Timer>();
  static_assert(sizeof(std::atomic<uint64_t>) == sizeof(uint64_t) && std::atomic<uint64_t>::is_always_lock_free);
};

}  // namespace vitrine::runtime

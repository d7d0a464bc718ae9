// What of the configuration changes the code: part of an image's header and of the cache's key. An image runs only
// where every member is equal and the CPU has the features.
#pragma once

#include <cstdint>

namespace vitrine::abi {

/// CPU features that the code generator may use; bits.
enum CpuFeature : uint32_t {
  kSse41 = 1,
  kPopcnt = 2,
  kLzcnt = 4,
  kBmi1 = 8,
  kBmi2 = 16,
  kAvx = 32,
  kAvx2 = 64,
  kFma = 128,
};

struct CodegenSettings {
  uint8_t opt_level = 2;  // 0 fast mode, 1 and 2 optimised
  bool consume_fuel = false;
  bool epoch_interruption = false;
  bool signals_based_traps = true;  // false: explicit bounds checks, traps by calls
  bool nan_canonicalization = false;
  bool spectre_mitigation = true;            // mask indices after table bounds checks and explicit heap checks
  bool indirect_local_calls = false;         // calls inside a module go through VMContext::functions (lazy, tier-up)
  uint8_t regalloc_fast = 0;                 // single-pass register allocation regardless of opt_level
  uint64_t memory_reservation = 4ull << 30;  // bytes; at least 4 GiB: 32-bit memories need no check and never move
  uint64_t memory_guard_size = 32ull << 20;  // bytes; displacements below it need no check
  uint64_t max_wasm_stack = 512 * 1024;
  uint32_t cpu_features = 0;  // CpuFeature
  friend bool operator==(const CodegenSettings&, const CodegenSettings&) = default;
};

}  // namespace vitrine::abi

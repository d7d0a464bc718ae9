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
#define SETTING(type, name, default_value) type name = default_value;
#include "abi/settings.def"
#undef SETTING
  uint32_t cpu_features = 0;  // CpuFeature; an image may need fewer than the CPU has
  friend bool operator==(const CodegenSettings&, const CodegenSettings&) = default;
};

}  // namespace vitrine::abi

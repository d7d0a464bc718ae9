// What of the configuration changes the code: part of an image's header and of the cache's key. An image runs only
// where every member is equal and the CPU has the features.
#pragma once

#include <cstdint>

namespace vitrine::abi {

/// CPU features that the code generator may use; bits.
enum CpuFeature : uint32_t {
#define CPU_FEATURE(enumerator, bit, name, needed, detect) enumerator = 1u << bit,
#include "abi/cpu_features.def"
#undef CPU_FEATURE
};

struct CpuFeatureInfo {
  enum Need : uint8_t { Required, Avx, Avx2, Avx512, Extra };
  uint32_t bit;
  const char* name;
  Need need;
};
inline constexpr CpuFeatureInfo kCpuFeatures[] = {
#define CPU_FEATURE(enumerator, bit, name, needed, detect) {enumerator, name, CpuFeatureInfo::needed},
#include "abi/cpu_features.def"
#undef CPU_FEATURE
};

/// What every CPU has of which code may need what is up to `need`.
constexpr uint32_t cpu_features_up_to(CpuFeatureInfo::Need need) {
  uint32_t features = 0;
  for (const CpuFeatureInfo& f : kCpuFeatures)
    if (f.need <= need) features |= f.bit;
  return features;
}

struct CodegenSettings {
#define SETTING(type, name, default_value, summary) type name = default_value;
#include "abi/settings.def"
#undef SETTING
  uint32_t cpu_features = 0;  // CpuFeature; an image may need fewer than the CPU has
  friend bool operator==(const CodegenSettings&, const CodegenSettings&) = default;
};

/// Calls `f` with the name, the value (of its own type) and the summary of each but the CPU features.
template <class F>
void for_each_setting(const CodegenSettings& settings, F&& f) {
#define SETTING(type, name, default_value, summary) f(#name, settings.name, summary);
#include "abi/settings.def"
#undef SETTING
}

}  // namespace vitrine::abi

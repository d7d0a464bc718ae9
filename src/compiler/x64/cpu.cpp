#include "compiler/x64/cpu.hpp"

#include <fmt/format.h>

#include "abi/settings.hpp"

namespace vitrine::x64 {

uint32_t required_cpu_features() {
  uint32_t required = 0;
  for (const abi::CpuFeatureInfo& f : abi::kCpuFeatures)
    if (f.need == abi::CpuFeatureInfo::Required) required |= f.bit;
  return required;
}

Result<> check_cpu_features(uint32_t features) {
  for (const abi::CpuFeatureInfo& f : abi::kCpuFeatures)
    if (f.bit & required_cpu_features() & ~features)
      return fail(fmt::format("the CPU lacks {}; code is generated for x86-64-v2 and above", f.name),
                  ErrorKind::Unsupported);
  return {};
}

Result<uint32_t> host_cpu_features() {
  const uint32_t features = detect_cpu_features();
  TRY(check_cpu_features(features));
  return features;
}

#if defined(__x86_64__)
namespace {

/// GCC 12 does not know "lzcnt" by name: leaf 0x80000001, ecx bit 5.
bool has_lzcnt() {
  uint32_t eax = 0x8000'0001, ebx = 0, ecx = 0, edx = 0;
  uint32_t highest = 0x8000'0000;
  asm volatile("cpuid" : "+a"(highest), "=b"(ebx), "+c"(ecx), "=d"(edx));
  if (highest < 0x8000'0001) return false;
  ecx = 0;
  asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return ecx & 1u << 5;
}

}  // namespace

uint32_t detect_cpu_features() {
  __builtin_cpu_init();
  uint32_t features = 0;
  // For what needs more registers saved, the compiler's runtime also asks xgetbv whether the system saves them.
#define CPU_FEATURE(enumerator, bit, name, needed, detect) \
  if (detect) features |= abi::enumerator;
#include "abi/cpu_features.def"
#undef CPU_FEATURE
  return features;
}
#else
uint32_t detect_cpu_features() {
  return 0;
}
#endif

}  // namespace vitrine::x64

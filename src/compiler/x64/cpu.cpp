#include "compiler/x64/cpu.hpp"

#include <fmt/format.h>

#include "abi/settings.hpp"

namespace vitrine::x64 {

namespace {
constexpr CpuFeatureName kNames[] = {
    {abi::kSse41, "sse4.1"}, {abi::kPopcnt, "popcnt"}, {abi::kLzcnt, "lzcnt"}, {abi::kBmi1, "bmi1"},
    {abi::kBmi2, "bmi2"},    {abi::kAvx, "avx"},       {abi::kAvx2, "avx2"},   {abi::kFma, "fma"},
};
}  // namespace

std::span<const CpuFeatureName> cpu_feature_names() {
  return kNames;
}

uint32_t required_cpu_features() {
  return abi::kSse41 | abi::kPopcnt;
}

Result<void> check_cpu_features(uint32_t features) {
  for (const CpuFeatureName& f : kNames)
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

uint32_t detect_cpu_features() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  uint32_t features = 0;
  // The compiler's runtime also asks xgetbv whether the system saves the AVX registers.
  if (__builtin_cpu_supports("sse4.1")) features |= abi::kSse41;
  if (__builtin_cpu_supports("popcnt")) features |= abi::kPopcnt;
  if (__builtin_cpu_supports("bmi")) features |= abi::kBmi1;
  if (__builtin_cpu_supports("bmi2")) features |= abi::kBmi2;
  if (__builtin_cpu_supports("avx")) features |= abi::kAvx;
  if (__builtin_cpu_supports("avx2")) features |= abi::kAvx2;
  if (__builtin_cpu_supports("fma")) features |= abi::kFma;
  // GCC 12 does not know "lzcnt" by name here: leaf 0x80000001, ecx bit 5.
  uint32_t eax = 0x8000'0001, ebx = 0, ecx = 0, edx = 0;
  uint32_t highest = 0x8000'0000;
  asm volatile("cpuid" : "+a"(highest), "=b"(ebx), "+c"(ecx), "=d"(edx));
  if (highest >= 0x8000'0001) {
    ecx = 0;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (ecx & 1u << 5) features |= abi::kLzcnt;
  }
  return features;
#else
  return 0;
#endif
}

}  // namespace vitrine::x64

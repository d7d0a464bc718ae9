// What the host's CPU can do, as bits of abi::CpuFeature (abi/cpu_features.def).
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace vitrine::x64 {

/// The features of the CPU that this runs on, as far as the code generator knows them (and the system saves AVX state).
uint32_t detect_cpu_features();
/// Those that it cannot do without (of x86-64-v2).
uint32_t required_cpu_features();
/// As `detect_cpu_features`; an error of kind Unsupported names what is missing when it is less than what is required.
Result<uint32_t> host_cpu_features();
/// The same error for any set of features.
Result<> check_cpu_features(uint32_t features);

}  // namespace vitrine::x64

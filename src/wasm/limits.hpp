// Limits on untrusted input. Where the JavaScript API of WebAssembly names a limit (section "Implementation-defined
// Limits"), it is that number; the others are ours and say so. Going over one is an error of kind `Limit`.
#pragma once

#include <cstdint>

namespace vitrine::wasm {

inline constexpr uint64_t kMaxModuleSize = 1'073'741'824;
inline constexpr uint32_t kMaxTypes = 1'000'000;
inline constexpr uint32_t kMaxRecGroups = 1'000'000;
inline constexpr uint32_t kMaxRecGroupTypes = 1'000'000;
inline constexpr uint32_t kMaxSubtypeDepth = 63;
inline constexpr uint32_t kMaxFunctions = 1'000'000;  // defined; imported ones are bounded by kMaxImports
inline constexpr uint32_t kMaxImports = 1'000'000;
inline constexpr uint32_t kMaxExports = 1'000'000;
inline constexpr uint32_t kMaxGlobals = 1'000'000;
inline constexpr uint32_t kMaxTags = 1'000'000;
inline constexpr uint32_t kMaxDataSegments = 100'000;
inline constexpr uint32_t kMaxElemSegments = 10'000'000;  // ours, as wide as the largest table
inline constexpr uint32_t kMaxTables = 100'000;           // imported ones included
// At run time; a module may declare more and then fails to instantiate.
inline constexpr uint32_t kMaxTableSize = 10'000'000;
inline constexpr uint32_t kMaxTableInit = 10'000'000;    // entries of one element segment
inline constexpr uint32_t kMaxMemories = 100;            // imported ones included
inline constexpr uint32_t kMaxParams = 1'000;            // of a function or block
inline constexpr uint32_t kMaxResults = 1'000;           // of a function or block
inline constexpr uint32_t kMaxFunctionSize = 7'654'321;  // bytes of one body with its local declarations
inline constexpr uint32_t kMaxLocals = 50'000;           // parameters included
inline constexpr uint32_t kMaxStructFields = 10'000;
inline constexpr uint32_t kMaxArrayNewFixed = 10'000;
inline constexpr uint32_t kMaxBrTableTargets = 65'520;   // ours, as browsers have it
inline constexpr uint32_t kMaxOperandStack = 8'000'000;  // ours: values at once; only calls of many results get there
inline constexpr uint64_t kMaxMemory32Pages = 65'536;
inline constexpr uint64_t kMaxMemory64Pages = (uint64_t{1} << 48);  // the specification's; the JS API stops at 2^37 - 1

}  // namespace vitrine::wasm

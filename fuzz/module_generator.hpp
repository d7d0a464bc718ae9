// From bytes to a valid module, for the differential tests: any bytes give a module that validates, ends, and whose
// result does not depend on the engine that runs it.
//
// What the module exports
//   "fuel"       a mutable i32 global that the host sets to kFuel before each call: every function entry and loop takes
//                one, and at none left the guest executes `unreachable`. So every call ends, in every engine.
//   "run0" ...   functions without parameters that call the generated ones with fixed arguments
//   "state"      a function that returns all globals
//   "memory", "memory1"
// and imports
//   "env" "mix"  (i32, i64) -> i32, to be called with everything the guest wants seen on its way
// Results of "runN" and "state" are i32 and i64 only (floats as their bits, vectors as their halves, references as
// whether they are null), so no bit is lost on the way through JavaScript. A float operator whose NaN could have any
// payload is followed by a select that makes it canonical, in each lane of a vector.
//
// Equal bytes give equal modules. When the bytes are used up, what is left is generated from zeros, which stand for the
// simplest choice everywhere; so shorter inputs are smaller modules, as a fuzzer wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vitrine::fuzz {

inline constexpr int32_t kFuel = 150;

struct GeneratorOptions {
  bool tail_calls = true;
  bool multi_memory = true;
  bool memory64 = true;
  bool simd = true;           // no effect in a version that does not have it
  bool relaxed_simd = false;  // for ways that all make the same choice
};

std::vector<uint8_t> generate_module(std::span<const uint8_t> entropy, const GeneratorOptions& options = {});

/// Bytes to generate from, for a test that counts its seeds.
std::vector<uint8_t> entropy_of_seed(uint64_t seed, size_t size);

}  // namespace vitrine::fuzz

// The functions of functions.def as C++ functions. Names and parameters are the specification's; `c` is the call.
#pragma once

#include <cstdint>

#include "wasi/p1/answer.hpp"
#include "wasi/p1/guest_memory.hpp"

namespace vitrine::wasi::p1 {

class P1State;

struct Call {
  P1State& state;
  GuestMemory& memory;
};

using I32 = uint32_t;
using I64 = uint64_t;

#define P1_OWN_Same(name, ...)
#define P1_OWN_Absent(name, ...)
#define P1_OWN_Own(name, ...) Answer<> unstable_##name(Call& c __VA_OPT__(, ) __VA_ARGS__);
#define P1(name, unstable, ...)                      \
  Answer<> name(Call& c __VA_OPT__(, ) __VA_ARGS__); \
  P1_OWN_##unstable(name, __VA_ARGS__)
#include "wasi/p1/functions.def"
#undef P1_OWN_Same
#undef P1_OWN_Absent
#undef P1_OWN_Own

}  // namespace vitrine::wasi::p1

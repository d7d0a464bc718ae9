// The end of the process because its host did what the API says it must not: going on would run freed memory.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace vitrine {

/// Says so in the API's words.
[[noreturn]] inline void misused(const char* what) {
  std::fprintf(stderr, "vitrine: misused: %s\n", what);
  std::abort();
}

}  // namespace vitrine

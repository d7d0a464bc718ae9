#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace vitrine {

void assert_failed(const char* expr, const char* file, int line) {
  std::fprintf(stderr, "vitrine: internal error: %s:%d: %s\n", file, line, expr);
  std::abort();
}

}  // namespace vitrine

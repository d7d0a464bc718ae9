#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vitrine {

void assert_failed(const char* expr, const char* file, int line) {
  // Where it was built is nobody's business, and with a compiler's cache it may be another's.
  const char* slash = std::strrchr(file, '/');
  std::fprintf(stderr, "vitrine: internal error: %s:%d: %s\n", slash ? slash + 1 : file, line, expr);
  std::abort();
}

}  // namespace vitrine

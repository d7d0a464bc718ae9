#include "os/fd.hpp"

#include <sys/resource.h>

#include <cstdint>

namespace vitrine::os {

size_t open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return limit.rlim_cur;
}

}  // namespace vitrine::os

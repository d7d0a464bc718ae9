#include "os/random.hpp"

#include <sys/random.h>

#include <algorithm>

namespace vitrine::os {

SysResult<> random_bytes(std::span<uint8_t> to) {
  while (!to.empty()) {
    ssize_t n = ::getrandom(to.data(), std::min<size_t>(to.size(), 1u << 20), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      return last_error();
    }
    to = to.subspan(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace vitrine::os

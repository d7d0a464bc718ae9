#include "base/large_buffer.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace vitrine {

void prefer_huge_pages(void* data, size_t bytes) {
  constexpr uintptr_t kHuge = 2 << 20;
  uintptr_t first = (reinterpret_cast<uintptr_t>(data) + kHuge - 1) & ~(kHuge - 1);
  uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) & ~(kHuge - 1);
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace vitrine

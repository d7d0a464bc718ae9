#include "base/large_buffer.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "base/casts.hpp"

namespace vitrine {

namespace {

class HugePageMemory final : public std::pmr::memory_resource {
  void* do_allocate(size_t bytes, size_t alignment) override {
    void* memory = ::operator new(bytes, std::align_val_t(alignment));
    prefer_huge_pages(memory, bytes);
    return memory;
  }
  void do_deallocate(void* memory, size_t bytes, size_t alignment) override {
    ::operator delete(memory, bytes, std::align_val_t(alignment));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

void trim_heap() {
  malloc_trim(0);
}

std::pmr::memory_resource* huge_page_memory() {
  static HugePageMemory memory;
  return &memory;
}

void prefer_huge_pages(void* data, size_t bytes) {
  constexpr uintptr_t kHuge = 2 << 20;
  uintptr_t first = (address_of(data) + kHuge - 1) & ~(kHuge - 1);
  uintptr_t end = (address_of(data) + bytes) & ~(kHuge - 1);
  // SAFETY: what lies between the two is inside of the buffer, and the advice changes no contents.
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace vitrine

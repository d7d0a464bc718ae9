// Memory of many megabytes that is about to be written from end to end.
//
// A fresh page costs a fault when it is first touched: for the code of a large module a noticeable part of its
// compilation. Huge pages make that 512 times fewer.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace vitrine {

/// Asks the system to back [data, data + bytes) by huge pages where it can. A hint: nothing depends on it.
void prefer_huge_pages(void* data, size_t bytes);

/// `reserve`, with that hint.
template <class T>
void reserve_large(std::vector<T>& vector, size_t count) {
  vector.reserve(count);
  prefer_huge_pages(vector.data(), vector.capacity() * sizeof(T));
}

/// Gives what was freed of the heap back to the system, whose allocator keeps tens of megabytes for each thread.
void trim_heap();

/// Memory from the heap; pieces of megabytes with that hint.
std::pmr::memory_resource* huge_page_memory();

}  // namespace vitrine

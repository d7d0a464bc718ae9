#include "runtime/memory/allocator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/assert.hpp"

namespace vitrine::runtime {

namespace {

/// calloc, which knows fresh memory to be zero, but does not look at what the thread has just freed.
void* zeros(uint64_t count, uint64_t size) {
  constexpr uint64_t kSmall = 1024;
  if (size > kSmall || count > kSmall / size) return std::calloc(count, size);
  void* data = std::malloc(count * size);
  if (data) std::memset(data, 0, count * size);
  return data;
}

}  // namespace

Block& Block::operator=(Block&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Block::~Block() {
  std::free(data_);
}

bool HeapSpace::grow_to(uint64_t size) {
  if (size > space_.size()) return false;
  const uint64_t page = os::page_size();
  const uint64_t now = os::round_up(size_, page), wanted = os::round_up(size, page);
  if (wanted > now && !space_.make_accessible(now, wanted - now)) return false;
  size_ = std::max(size_, size);
  return true;
}

Result<MemoryPlan> Allocator::plan_memory(const wasm::MemoryType& type) const {
  return runtime::plan_memory(type, settings_, growth_);
}

Result<LinearMemory> Allocator::take_memory(const MemoryPlan& plan, uint64_t size, const MemorySource& source) {
  LinearMemory memory = TRY(LinearMemory::make(reservations_, plan, size, source));
  if (plan.is_shared) memory.enter(shared_);
  return memory;
}

Result<LinearMemory> Allocator::take_memory(const wasm::MemoryType& type, const MemorySource& source) {
  const MemoryPlan plan = TRY(plan_memory(type));
  return take_memory(plan, type.limits.min << type.page_size_log2, source);
}

Result<Block> Allocator::take_table(uint64_t elements) {
  const uint64_t count = std::max<uint64_t>(elements, 1);
  void* data = zeros(count, sizeof(uint64_t));
  if (!data) return fail(fmt::format("the system has no room for a table of {} elements", elements), ErrorKind::Io);
  return Block(data, count * sizeof(uint64_t));
}

bool Allocator::grow_table(Block& table, uint64_t elements, uint64_t most) {
  VITRINE_ASSERT(elements <= most);
  const uint64_t capacity = table.size_ / sizeof(uint64_t);
  if (elements <= capacity) return true;
  const uint64_t size = std::max(elements, std::min(most, capacity * 2)) * sizeof(uint64_t);
  void* data = std::realloc(table.data_, size);
  if (!data) return false;
  table.data_ = data;
  table.size_ = size;
  return true;
}

Result<Block> Allocator::take_instance(uint64_t size) {
  static_assert(alignof(std::max_align_t) >= 16);
  void* data = zeros(1, size);
  if (!data) return fail("the system has no room for an instance", ErrorKind::Io);
  return Block(data, size);
}

Result<StackSpace> Allocator::take_stack(uint64_t size) {
  const uint64_t page = os::page_size();
  StackSpace stack;
  stack.guard_ = page;
  const uint64_t usable = os::round_up(std::max<uint64_t>(size, 1), page);
  stack.space_ = TRY_IN(os::Reservation::make(page + usable), "for a stack");
  if (!stack.space_.make_accessible(page, usable)) return fail("the system has no room for a stack", ErrorKind::Io);
  return stack;
}

Result<HeapSpace> Allocator::take_heap(uint64_t size, uint64_t most) {
  VITRINE_ASSERT(size <= most);
  HeapSpace heap;
  heap.space_ = TRY_IN(os::Reservation::make(os::round_up(std::max<uint64_t>(most, 1), os::page_size())), "for a heap");
  if (!heap.grow_to(size)) return fail("the system has no room for a heap", ErrorKind::Io);
  return heap;
}

}  // namespace vitrine::runtime

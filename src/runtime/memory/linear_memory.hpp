// A linear memory: guest bytes [0, size) at a base that never moves, inaccessible beyond.
//
// The reservation holds the largest size the memory may grow to, so growing is a change of protection. A 32-bit memory
// under settings with a reservation of 4 GiB has that much whatever its maximum is, and guards wide enough that any
// 32-bit index plus a displacement below the guard's size stays inside: compiled code needs no check.
#pragma once

#include <cstdint>
#include <span>

#include "abi/settings.hpp"
#include "runtime/memory/pool.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

/// How a memory of this type is laid out.
Result<MemoryPlan> plan_memory(const wasm::MemoryType& type, const abi::CodegenSettings& settings);

class LinearMemory {
 public:
  LinearMemory() = default;
  LinearMemory(LinearMemory&& other) noexcept;
  LinearMemory& operator=(LinearMemory&& other) noexcept;
  ~LinearMemory();

  /// `size` bytes, beginning with `source` (may be none) and zero elsewhere. `size` must hold the source.
  static Result<LinearMemory> make(MemoryPool& pool, const MemoryPlan& plan, uint64_t size, const MemorySource& source);

  uint8_t* base() const { return slot_.base(); }
  uint64_t size() const { return size_; }
  /// Everything that is reserved, guards included.
  bool reserves(uintptr_t address) const {
    return address - reinterpret_cast<uintptr_t>(slot_.space.data()) < slot_.space.size();
  }
  uint64_t reservation() const { return slot_.plan.reservation; }
  /// Makes [size, new_size) accessible and zero. False if the reservation or the system does not have it.
  bool grow_to(uint64_t new_size);

 private:
  MemoryPool* pool_ = nullptr;
  MemorySlot slot_;
  uint64_t size_ = 0;
};

}  // namespace vitrine::runtime

// A linear memory: guest bytes [0, size), inaccessible beyond.
//
// Growing inside of the reservation is a change of protection. Growing past it moves the memory to a larger one, where
// the options allow that; compiled code loads the base of such a memory anew after every call. A 32-bit memory under
// settings with a reservation of 4 GiB has that much whatever its maximum is, so it never moves, and guards wide enough
// that any 32-bit index plus a displacement below the guard's size stays inside: compiled code needs no check.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "abi/settings.hpp"
#include "base/casts.hpp"
#include "runtime/memory/reservation_cache.hpp"
#include "runtime/memory/reservation_index.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

/// What happens when a memory grows past its reservation.
struct MemoryGrowth {
  bool may_move = true;
  uint64_t slack = 2ull << 30;  // reserved for further growth when it moves, if the system has that much
};

/// How a memory of this type is laid out.
Result<MemoryPlan> plan_memory(const wasm::MemoryType& type, const abi::CodegenSettings& settings,
                               const MemoryGrowth& growth = {});

class LinearMemory {
 public:
  LinearMemory() = default;
  LinearMemory(LinearMemory&&) = default;
  LinearMemory& operator=(LinearMemory&& other) noexcept {
    std::swap(cache_, other.cache_);
    std::swap(index_, other.index_);
    std::swap(slot_, other.slot_);
    std::swap(size_, other.size_);
    std::swap(moved_, other.moved_);
    return *this;
  }
  ~LinearMemory() {
    if (slot_) release();
  }

  /// `size` bytes, beginning with `source` (may be none) and zero elsewhere. `size` must hold the source.
  static Result<LinearMemory> make(ReservationCache& cache, const MemoryPlan& plan, uint64_t size,
                                   const MemorySource& source);

  /// Lets signal handlers find it in the index, until it dies. It may not move.
  void enter(ReservationIndex& index);

  uint8_t* base() const { return slot_->base(); }
  uint64_t size() const { return size_; }
  /// Everything that is reserved, guards included.
  bool reserves(uintptr_t address) const { return address - address_of(slot_->space.data()) < slot_->space.size(); }
  uint64_t reservation() const { return slot_->plan.reservation; }
  const MemoryPlan& plan() const { return slot_->plan; }
  /// Makes [size, new_size) accessible and zero; the base may be another afterwards. False, and nothing changed, if the
  /// reservation does not have it and the memory may not move, or the system does not.
  bool grow_to(uint64_t new_size);

 private:
  Result<MemorySlotPtr> make_larger(uint64_t new_size) const;
  bool move_to_larger(uint64_t new_size);
  void release();

  ReservationCache* cache_ = nullptr;
  ReservationIndex* index_ = nullptr;
  MemorySlotPtr slot_;  // null: no memory
  uint64_t size_ = 0;
  bool moved_ = false;  // its reservation is of a size that no other memory asks for
};

}  // namespace vitrine::runtime

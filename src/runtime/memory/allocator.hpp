// Where everything that guests are made of comes from: memories, tables, instances, stacks and heaps. An engine has
// one.
//
// For each kind there is a plan (what one may come to, where that matters), taking, and giving back, which whatever was
// taken does itself when it dies. So how it is done is decided here alone. This is the on-demand way: each thing is
// asked of the system when it is needed, and of memories some are kept (ReservationCache).
//
// Cost: of a warm memory two uncontended locks and a madvise; of an instance, a table one allocation. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "abi/settings.hpp"
#include "base/casts.hpp"
#include "base/result.hpp"
#include "os/pages.hpp"
#include "runtime/memory/linear_memory.hpp"
#include "runtime/memory/reservation_cache.hpp"
#include "runtime/memory/reservation_index.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

/// Zeroed storage that is given back with its owner.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept;
  ~Block();
  void* data() const { return data_; }
  uint64_t size() const { return size_; }
  bool valid() const { return data_ != nullptr; }

 private:
  friend class Allocator;
  Block(void* data, uint64_t size) : data_(data), size_(size) {}
  void* data_ = nullptr;
  uint64_t size_ = 0;  // bytes
};

/// A stack: [guard][usable), growing down.
class StackSpace {
 public:
  StackSpace() = default;
  uintptr_t low() const { return address_of(space_.data()) + guard_; }
  uintptr_t high() const { return address_of(space_.data()) + space_.size(); }
  bool valid() const { return space_.valid(); }

 private:
  friend class Allocator;
  os::Reservation space_;
  uint64_t guard_ = 0;
};

/// A heap: a range of addresses that never moves, of which [0, size) is accessible and was zero.
class HeapSpace {
 public:
  HeapSpace() = default;
  uint8_t* data() const { return space_.data(); }
  uint64_t size() const { return size_; }
  uint64_t most() const { return space_.size(); }
  /// False, and nothing changed, if it is more than `most` or the system does not have it.
  bool grow_to(uint64_t size);

 private:
  friend class Allocator;
  os::Reservation space_;
  uint64_t size_ = 0;
};

class Allocator {
 public:
  /// `kept`: linear memories kept mapped for the next instance when one is dropped.
  Allocator(const abi::CodegenSettings& settings, const MemoryGrowth& growth, uint32_t kept)
      : settings_(settings), growth_(growth), reservations_(kept) {}

  Result<MemoryPlan> plan_memory(const wasm::MemoryType& type) const;
  /// `size` bytes, beginning with `source` (may be none) and zero elsewhere.
  Result<LinearMemory> take_memory(const MemoryPlan& plan, uint64_t size, const MemorySource& source);
  /// A new memory of the type, in its first size.
  Result<LinearMemory> take_memory(const wasm::MemoryType& type, const MemorySource& source);

  /// Null elements. A large table touches no page before it is used.
  Result<Block> take_table(uint64_t elements);
  /// Makes room for `elements`, at most `most` (of which it may take some in advance); those that are there stay.
  /// False, and nothing changed, if the system does not have it.
  bool grow_table(Block& table, uint64_t elements, uint64_t most);

  /// Zeros, aligned to 16.
  Result<Block> take_instance(uint64_t size);

  /// `size` usable bytes and a guard page below.
  Result<StackSpace> take_stack(uint64_t size);

  /// `size` bytes of at most `most`.
  Result<HeapSpace> take_heap(uint64_t size, uint64_t most);

  ReservationCache& reservations() { return reservations_; }
  /// Whether the address is in a memory that belongs to the engine; async-signal-safe.
  bool owns(uintptr_t address) const { return shared_.contains(address); }

 private:
  const abi::CodegenSettings settings_;
  const MemoryGrowth growth_;
  ReservationCache reservations_;
  ReservationIndex shared_;
};

}  // namespace vitrine::runtime

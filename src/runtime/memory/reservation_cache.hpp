// Address space for linear memories: reservations with guards on both sides, some kept for reuse.
//
// Invariants
//   - Between uses a kept slot holds its image, or zeros, and nothing else: so the next user sees.
//   - A slot remembers which image is mapped at its start and how much is accessible, so that giving it to another
//     instance of the same module costs one system call; where it had grown, another for what is beyond.
// That call is to drop all pages; or, once slots are used again, to ask which were written: where they are few, they are
// put right in their place. The next user then has no fault on them, and the other threads of the process no TLB to
// flush: that costs more than all the rest of an instance.
// Cost: taking a fresh slot is one mmap; taking a warm one none. Any thread; those that give back and take at the same
// time meet at no lock of ours, as each finds what it gave back itself.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "base/sharded.hpp"
#include "os/fork.hpp"
#include "os/page_map.hpp"
#include "os/pages.hpp"

namespace vitrine::runtime {

/// How a memory is laid out in the address space.
struct MemoryPlan {
  uint64_t reservation = 0;  // bytes of guest addresses that may become accessible; page-aligned
  uint64_t guard = 0;        // bytes never accessible before and after; page-aligned
  uint64_t least = 0;  // reservation to fall back on where address space is short; page-aligned, at most `reservation`
  uint64_t most = 0;   // no memory of this type ever comes to more bytes
  uint64_t slack = 0;  // reserved for further growth when the memory moves
  bool may_move = false;   // to a larger reservation, when it grows past its own
  bool is_shared = false;  // it belongs to the engine, not to a store
  uint64_t total() const { return reservation + 2 * guard; }
};

/// The contents that a memory begins with: part of a file, mapped copy-on-write. `identity` is unique to it while the
/// engine lives (0: no contents but zeros).
struct MemorySource {
  uint64_t identity = 0;
  int fd = -1;
  uint64_t file_offset = 0;
  uint64_t guest_offset = 0;
  uint64_t size = 0;
  const uint8_t* contents = nullptr;  // the same bytes; there as long as somebody uses a memory that begins with them
};

/// One reservation: [guard][reservation][guard].
struct MemorySlot {
  os::Reservation space;
  MemoryPlan plan;
  uint64_t accessible = 0;  // bytes readable and writable from the base on
  MemorySource source;      // what is mapped there
  uint8_t* base() const { return space.data() + plan.guard; }
};
using MemorySlotPtr = std::unique_ptr<MemorySlot>;

class ReservationCache {
 public:
  explicit ReservationCache(uint32_t kept);
  ReservationCache(const ReservationCache&) = delete;
  ReservationCache& operator=(const ReservationCache&) = delete;

  /// A slot of exactly this plan: a warm one that has `source` mapped, else any warm one, else a fresh one.
  Result<MemorySlotPtr> take(const MemoryPlan& plan, uint64_t source_identity);
  /// A slot that nobody used before and nobody has use for after.
  Result<MemorySlotPtr> make_fresh(const MemoryPlan& plan);
  /// Takes a slot back, and makes its contents those that it began with.
  void give_back(MemorySlotPtr slot);
  /// Unmaps every kept slot that maps one of the sources: their file is about to be closed.
  void forget(uint64_t first_identity, uint64_t last_identity);
  /// A range of `count` identities for MemorySource that nobody else has.
  uint64_t new_identities(uint64_t count) { return next_identity_.fetch_add(count, std::memory_order_relaxed); }

 private:
  enum class Fit : uint8_t { SameSource, Any };
  struct alignas(kCacheLine) Shard {
    os::ForkSafe<std::mutex> mutex;
    std::atomic<uint32_t> count{0};  // of `slots`, for those who look before they lock
    uint32_t most = 0;
    std::vector<MemorySlotPtr> slots;
    /// Null if there is none.
    MemorySlotPtr take(const MemoryPlan& plan, uint64_t source_identity, Fit fit);
    /// Leaves the slot where it is, if there is no room.
    bool keep(MemorySlotPtr& slot);
  };

  /// Makes the slot's contents those it began with. False if they are what they were.
  bool restore(MemorySlot& slot);
  bool rewrite(MemorySlot& slot);

  std::array<Shard, kShards> shards_;
  os::PageMap pages_;
  std::atomic<bool> is_reused_{false};
  std::atomic<uint64_t> next_identity_{1};
};

}  // namespace vitrine::runtime

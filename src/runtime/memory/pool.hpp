// Address space for linear memories: reservations with guards on both sides, some kept for reuse.
//
// Invariants
//   - Between uses a kept slot has no contents: pages are dropped, so the next user sees its image or zeros.
//   - A slot remembers which image is mapped at its start and how much is accessible, so that giving it to another
//     instance of the same module costs one madvise.
// Cost: taking a fresh slot is one mmap; taking a warm one none. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "os/pages.hpp"

namespace vitrine::runtime {

/// How a memory is laid out in the address space.
struct MemoryPlan {
  uint64_t reservation = 0;  // bytes of guest addresses that may become accessible; page-aligned
  uint64_t guard = 0;        // bytes never accessible before and after; page-aligned
  uint64_t least = 0;  // reservation to fall back on where address space is short; page-aligned, at most `reservation`
  uint64_t most = 0;   // no memory of this type ever comes to more bytes
  uint64_t slack = 0;  // reserved for further growth when the memory moves
  bool may_move = false;  // to a larger reservation, when it grows past its own
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
};

/// One reservation: [guard][reservation][guard].
struct MemorySlot {
  os::Reservation space;
  MemoryPlan plan;
  uint64_t accessible = 0;  // bytes readable and writable from the base on
  MemorySource source;      // what is mapped there
  uint8_t* base() const { return space.data() + plan.guard; }
};

class MemoryPool {
 public:
  explicit MemoryPool(uint32_t kept) : kept_(kept) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// A slot of exactly this plan: a warm one that has `source` mapped, else any warm one, else a fresh one.
  Result<MemorySlot> take(const MemoryPlan& plan, uint64_t source_identity);
  /// A slot that nobody used before and nobody has use for after.
  Result<MemorySlot> make_fresh(const MemoryPlan& plan);
  /// Takes a slot back, dropping its contents.
  void give_back(MemorySlot slot);
  /// Unmaps every kept slot that maps the source: its file is about to be closed.
  void forget(uint64_t first_identity, uint64_t last_identity);
  /// A range of `count` identities for MemorySource that nobody else has.
  uint64_t new_identities(uint64_t count);

 private:
  const uint32_t kept_;
  std::mutex mutex_;
  std::vector<MemorySlot> slots_;
  uint64_t next_identity_ = 1;
};

}  // namespace vitrine::runtime

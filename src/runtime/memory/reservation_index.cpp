#include "runtime/memory/reservation_index.hpp"

#include <utility>

#include "base/assert.hpp"

namespace vitrine::runtime {

ReservationIndex::~ReservationIndex() {
  for (Chunk* chunk = first_.next.load(std::memory_order_relaxed); chunk;) {
    delete std::exchange(chunk, chunk->next.load(std::memory_order_relaxed));
  }
}

void ReservationIndex::add(uintptr_t begin, size_t size) {
  VITRINE_ASSERT(size > 0);
  std::lock_guard lock(mutex_);
  for (Chunk* chunk = &first_;; chunk = chunk->next.load(std::memory_order_relaxed)) {
    for (Entry& entry : chunk->entries) {
      if (entry.size.load(std::memory_order_relaxed) != 0) continue;
      entry.begin.store(begin, std::memory_order_relaxed);
      entry.size.store(size, std::memory_order_release);
      return;
    }
    if (!chunk->next.load(std::memory_order_relaxed)) chunk->next.store(new Chunk, std::memory_order_release);
  }
}

void ReservationIndex::remove(uintptr_t begin) {
  std::lock_guard lock(mutex_);
  for (Chunk* chunk = &first_; chunk; chunk = chunk->next.load(std::memory_order_relaxed)) {
    for (Entry& entry : chunk->entries) {
      if (entry.size.load(std::memory_order_relaxed) == 0 || entry.begin.load(std::memory_order_relaxed) != begin) {
        continue;
      }
      entry.size.store(0, std::memory_order_release);
      return;
    }
  }
  VITRINE_ASSERT(!"a reservation that was not added");
}

// SAFETY: who faults in a memory holds it, so its entry does not change meanwhile, and is found. Of an entry that does
// change a begin and a size of different memories may be seen: at worst a fault outside of every memory is taken for
// one inside, which ends the guest with a trap.
bool ReservationIndex::contains(uintptr_t address) const {
  for (const Chunk* chunk = &first_; chunk; chunk = chunk->next.load(std::memory_order_acquire)) {
    for (const Entry& entry : chunk->entries) {
      const size_t size = entry.size.load(std::memory_order_acquire);
      if (size != 0 && address - entry.begin.load(std::memory_order_relaxed) < size) return true;
    }
  }
  return false;
}

}  // namespace vitrine::runtime

#include "runtime/memory/pool.hpp"

#include <algorithm>

namespace vitrine::runtime {

MemoryPool::~MemoryPool() = default;

Result<MemorySlot> MemoryPool::take(const MemoryPlan& plan, uint64_t source_identity) {
  {
    std::lock_guard lock(mutex_);
    MemorySlot* best = nullptr;
    for (MemorySlot& slot : slots_) {
      if (slot.plan.reservation != plan.reservation || slot.plan.guard != plan.guard) continue;
      if (slot.source.identity == source_identity) {
        best = &slot;
        break;
      }
      // Of those that fit less well, one without a mapping is cheaper to prepare.
      if (!best || slot.source.identity == 0) best = &slot;
    }
    if (best) {
      MemorySlot slot = std::move(*best);
      slot.plan = plan;
      *best = std::move(slots_.back());
      slots_.pop_back();
      return slot;
    }
  }
  return make_fresh(plan);
}

Result<MemorySlot> MemoryPool::make_fresh(const MemoryPlan& plan) {
  MemorySlot slot;
  slot.plan = plan;
  auto space = os::Reservation::make(plan.total());
  if (!space) {
    // Address space is short: what is kept for others may be just what is missing.
    std::vector<MemorySlot> kept;
    {
      std::lock_guard lock(mutex_);
      kept.swap(slots_);
    }
    kept.clear();
    space = os::Reservation::make(plan.total());
  }
  slot.space = TRY_IN(std::move(space), "for a linear memory; -O memory-reservation=BYTES asks for less");
  return slot;
}

void MemoryPool::give_back(MemorySlot slot) {
  // Done here and not when it is taken: memory is returned to the system at once.
  if (!slot.space.discard(slot.plan.guard, slot.accessible)) return;
  std::lock_guard lock(mutex_);
  if (slots_.size() < kept_) slots_.push_back(std::move(slot));
}

void MemoryPool::forget(uint64_t first_identity, uint64_t last_identity) {
  std::lock_guard lock(mutex_);
  std::erase_if(slots_, [&](const MemorySlot& slot) {
    return slot.source.identity >= first_identity && slot.source.identity <= last_identity;
  });
}

uint64_t MemoryPool::new_identities(uint64_t count) {
  std::lock_guard lock(mutex_);
  uint64_t first = next_identity_;
  next_identity_ += count;
  return first;
}

}  // namespace vitrine::runtime

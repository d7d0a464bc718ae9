#include "runtime/memory/reservation_cache.hpp"

#include <algorithm>
#include <cstring>

namespace vitrine::runtime {

ReservationCache::ReservationCache(uint32_t kept) {
  for (uint32_t i = 0; i < kShards; ++i) {
    shards_[i].most = kept / kShards + (i < kept % kShards);
    shards_[i].slots.reserve(shards_[i].most);  // giving back does not fail
  }
}

MemorySlotPtr ReservationCache::Shard::take(const MemoryPlan& plan, uint64_t source_identity, Fit fit) {
  if (count.load(std::memory_order_relaxed) == 0) return nullptr;
  std::lock_guard lock(mutex);
  MemorySlotPtr* best = nullptr;
  for (MemorySlotPtr& slot : slots) {
    if (slot->plan.reservation != plan.reservation || slot->plan.guard != plan.guard) continue;
    if (slot->source.identity == source_identity) {
      best = &slot;
      break;
    }
    // Of those that fit less well, one without a mapping is cheaper to prepare.
    if (fit == Fit::Any && (!best || slot->source.identity == 0)) best = &slot;
  }
  if (!best) return nullptr;
  MemorySlotPtr slot = std::move(*best);
  slot->plan = plan;
  std::swap(*best, slots.back());
  slots.pop_back();
  count.store(static_cast<uint32_t>(slots.size()), std::memory_order_relaxed);
  return slot;
}

bool ReservationCache::Shard::keep(MemorySlotPtr& slot) {
  if (count.load(std::memory_order_relaxed) >= most) return false;
  std::lock_guard lock(mutex);
  if (slots.size() >= most) return false;
  slots.push_back(std::move(slot));
  count.store(static_cast<uint32_t>(slots.size()), std::memory_order_relaxed);
  return true;
}

Result<MemorySlotPtr> ReservationCache::take(const MemoryPlan& plan, uint64_t source_identity) {
  const size_t own = thread_shard();
  for (Fit fit : {Fit::SameSource, Fit::Any}) {
    for (size_t i = 0; i < kShards; ++i) {
      auto slot = shards_[(own + i) % kShards].take(plan, source_identity, fit);
      if (!slot) continue;
      if (!is_reused_.load(std::memory_order_relaxed)) is_reused_.store(true, std::memory_order_relaxed);
      return slot;
    }
  }
  return make_fresh(plan);
}

Result<MemorySlotPtr> ReservationCache::make_fresh(const MemoryPlan& plan) {
  auto slot = std::make_unique<MemorySlot>();
  slot->plan = plan;
  auto space = os::Reservation::make(plan.total());
  if (!space) {
    // Address space is short: what is kept for others may be just what is missing.
    for (Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      shard.slots.clear();
      shard.count.store(0, std::memory_order_relaxed);
    }
    space = os::Reservation::make(plan.total());
  }
  slot->space = TRY_IN(std::move(space), "for a linear memory; a smaller Config::memory_reservation asks for less");
  return slot;
}

void ReservationCache::give_back(MemorySlotPtr slot) {
  // Done here and not when it is taken: memory is returned to the system at once, all but a few pages.
  if (!restore(*slot)) return;
  const size_t own = thread_shard();
  for (size_t i = 0; i < kShards; ++i) {
    if (shards_[(own + i) % kShards].keep(slot)) return;
  }
}

bool ReservationCache::restore(MemorySlot& slot) {
  if (is_reused_.load(std::memory_order_relaxed) && rewrite(slot)) return true;
  return slot.space.discard(slot.plan.guard, slot.accessible);
}

bool ReservationCache::rewrite(MemorySlot& slot) {
  // Not more, as they stay in memory while nobody uses them, and whoever used the slot once has them rewritten each time.
  constexpr size_t kMostPages = 16;
  os::PageMap::Run room[64];  // and pages of zeros, which were only read and need no memory
  const auto present = pages_.present({slot.base(), slot.accessible}, room);
  if (!present) return false;
  uint64_t bytes = 0;
  for (const os::PageMap::Run& run : *present) bytes += run.is_zero ? 0 : run.bytes.size();
  if (bytes > kMostPages * os::page_size()) return false;
  const MemorySource& source = slot.source;
  for (const os::PageMap::Run& run : *present) {
    if (!run.is_zero) std::memset(run.bytes.data(), 0, run.bytes.size());
    // The part of the run that the image begins with.
    const auto at = static_cast<uint64_t>(run.bytes.data() - slot.base());
    const uint64_t from = std::max(at, source.guest_offset);
    const uint64_t to = std::min(at + run.bytes.size(), source.guest_offset + source.size);
    if (from < to) std::memcpy(slot.base() + from, source.contents + (from - source.guest_offset), to - from);
  }
  return true;
}

void ReservationCache::forget(uint64_t first_identity, uint64_t last_identity) {
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    std::erase_if(shard.slots, [&](const MemorySlotPtr& slot) {
      return slot->source.identity >= first_identity && slot->source.identity <= last_identity;
    });
    shard.count.store(static_cast<uint32_t>(shard.slots.size()), std::memory_order_relaxed);
  }
}

}  // namespace vitrine::runtime

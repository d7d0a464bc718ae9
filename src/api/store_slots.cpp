#include "api/store_slots.hpp"

#include <mutex>
#include <vector>

namespace vitrine::api {

namespace {

// Never destroyed: handles of static duration may look at their slots after this file's own statics are gone.
struct Slots {
  static constexpr size_t kChunk = 64;
  std::mutex mutex;
  std::vector<detail::StoreSlot*> free;
  uint64_t last_id = 0;
};
Slots& slots() {
  static auto* all = new Slots;
  return *all;
}

}  // namespace

detail::StoreSlot* take_slot(StoreImpl* store) {
  Slots& all = slots();
  std::lock_guard lock(all.mutex);
  if (all.free.empty()) {
    auto* chunk = new detail::StoreSlot[Slots::kChunk];
    for (size_t i = Slots::kChunk; i-- > 0;) all.free.push_back(&chunk[i]);
  }
  detail::StoreSlot* slot = all.free.back();
  all.free.pop_back();
  slot->store = store;
  slot->id.store(++all.last_id, std::memory_order_relaxed);
  return slot;
}

void retire_slot(detail::StoreSlot* slot) {
  Slots& all = slots();
  std::lock_guard lock(all.mutex);
  slot->id.store(0, std::memory_order_relaxed);
  slot->store = nullptr;
  all.free.push_back(slot);
}

}  // namespace vitrine::api

#include "api/store_slots.hpp"

#include <array>
#include <mutex>
#include <vector>

#include "base/sharded.hpp"
#include "os/fork.hpp"

namespace vitrine::api {

namespace {

// The slots and ids that threads of one shard give out: threads that make stores mostly do not meet.
struct alignas(kCacheLine) Shard {
  static constexpr size_t kChunk = 64;
  os::ForkSafe<std::mutex> mutex;
  std::vector<detail::StoreSlot*> free;
  uint64_t ids = 0;  // given out
};
// Never destroyed: handles of static duration may look at their slots after this file's own statics are gone. (An array
// with `new[]` would begin before the pointer to it, and look lost to who searches for leaks.)
std::array<Shard, kShards>& shards() {
  static auto* all = new std::array<Shard, kShards>;
  return *all;
}

}  // namespace

detail::StoreSlot* take_slot(StoreImpl* store) {
  const size_t number = thread_shard();
  Shard& shard = shards()[number];
  std::lock_guard lock(shard.mutex);
  if (shard.free.empty()) {
    auto* chunk = new detail::StoreSlot[Shard::kChunk];
    for (size_t i = Shard::kChunk; i-- > 0;) shard.free.push_back(&chunk[i]);
  }
  detail::StoreSlot* slot = shard.free.back();
  shard.free.pop_back();
  slot->store = store;
  slot->id.store(++shard.ids * kShards + number, std::memory_order_relaxed);
  return slot;
}

void retire_slot(detail::StoreSlot* slot) {
  Shard& shard = shards()[thread_shard()];
  std::lock_guard lock(shard.mutex);
  slot->id.store(0, std::memory_order_relaxed);
  slot->store = nullptr;
  shard.free.push_back(slot);
}

}  // namespace vitrine::api

// How the API's values find what they stand for.
//
// Invariant: a store's id is never given to another store, and slots are never freed. So a handle may outlive its
// store, and a store may be made where another one was: the compare of ids says that the handle's is gone, and nothing
// of the dead store is read. Cost: a load and a compare.
#pragma once

#include <atomic>
#include <cstdint>

#include "vitrine/export.hpp"

namespace vitrine {

struct StoreImpl;

namespace detail {

/// The one friend of all classes of the API, defined by the library: nothing internal is public.
struct Access;

/// Where a store stands while it lives, on a cache line of its own; other stores stand here later.
struct alignas(64) StoreSlot {
  std::atomic<uint64_t> id{0};  // of the store that is here; 0: none
  StoreImpl* store = nullptr;
};

/// Something of a store.
struct Handle {
  const StoreSlot* slot;
  uint64_t store_id;
  void* object;  // lives as long as the store

  /// Null if the store is gone.
  StoreImpl* store() const { return slot->id.load(std::memory_order_relaxed) == store_id ? slot->store : nullptr; }
  friend bool operator==(const Handle& a, const Handle& b) { return a.store_id == b.store_id && a.object == b.object; }
};

}  // namespace detail
}  // namespace vitrine

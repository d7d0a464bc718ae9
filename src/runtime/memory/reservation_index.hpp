// The reservations of memories that belong to an engine, not to one of its stores, so that a signal handler can tell
// that a fault was in one of them.
//
// Invariants
//   - Entries never move and chunks are never freed while the index lives: reading takes no lock.
// Cost: adding and removing O(entries), as is looking; shared memories are few. Memories of one store are not here: the
// handler asks the store, and instantiating pays nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "os/fork.hpp"

namespace vitrine::runtime {

class ReservationIndex {
 public:
  ReservationIndex() = default;
  ~ReservationIndex();
  ReservationIndex(const ReservationIndex&) = delete;
  ReservationIndex& operator=(const ReservationIndex&) = delete;

  void add(uintptr_t begin, size_t size);
  void remove(uintptr_t begin);
  /// Async-signal-safe, on any thread.
  bool contains(uintptr_t address) const;

 private:
  struct Entry {
    std::atomic<uintptr_t> begin{0};
    std::atomic<size_t> size{0};  // 0: free
  };
  struct Chunk {
    std::array<Entry, 32> entries;
    std::atomic<Chunk*> next{nullptr};
  };

  os::ForkSafe<std::mutex> mutex_;  // of writers
  Chunk first_;
};

}  // namespace vitrine::runtime

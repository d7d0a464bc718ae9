// What many threads use at once and hardly ever exchange: kept in parts, so that they do not write to one cache line.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace vitrine {

inline constexpr size_t kShards = 16;
inline constexpr size_t kCacheLine = 64;

/// Of this thread, below kShards: threads that run at the same time mostly have different ones.
inline size_t thread_shard() {
  static std::atomic<uint32_t> threads{0};
  thread_local const size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

/// An object of which references are counted in several places. Who takes one on every call of something hot takes it
/// from here; the object lives until all of them are gone and this is.
template <class T>
class ShardedPtr {
 public:
  ShardedPtr() = default;
  explicit ShardedPtr(const std::shared_ptr<T>& object) {
    for (auto& shard : shards_) shard = std::make_shared<Holder>(object);
  }
  T* get() const { return shards_[0] ? shards_[0]->object.get() : nullptr; }
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  explicit operator bool() const { return shards_[0] != nullptr; }
  /// A reference, counted with those of this thread.
  std::shared_ptr<T> share() const {
    const std::shared_ptr<Holder>& holder = shards_[thread_shard()];
    return std::shared_ptr<T>(holder, holder->object.get());
  }

 private:
  // Aligned, so that it has its count's cache line to itself.
  struct alignas(kCacheLine) Holder {
    explicit Holder(std::shared_ptr<T> o) : object(std::move(o)) {}
    std::shared_ptr<T> object;
  };
  std::array<std::shared_ptr<Holder>, kShards> shards_;
};

}  // namespace vitrine

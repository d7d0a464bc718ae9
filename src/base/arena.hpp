// An arena: things that die together, allocated by bumping a pointer, freed all at once. It runs no destructors.
#pragma once

#include <memory>
#include <memory_resource>
#include <new>
#include <span>
#include <type_traits>

namespace vitrine {

class Arena {  // never shared by threads
 public:
  Arena() = default;
  /// Takes its memory from `upstream`.
  explicit Arena(std::pmr::memory_resource* upstream) : pool_(64 * 1024, upstream) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  template <class T>
  std::span<T> copy(std::span<const T> from) {
    auto to = make_array<T>(from.size());
    std::uninitialized_copy(from.begin(), from.end(), to.begin());
    return to;
  }
  /// Uninitialised room for `n` T.
  template <class T>
  std::span<T> make_array(size_t n) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    if (n == 0) return {};
    return {static_cast<T*>(pool_.allocate(n * sizeof(T), alignof(T))), n};
  }
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    return new (pool_.allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  void reset() { pool_.release(); }

 private:
  std::pmr::monotonic_buffer_resource pool_{64 * 1024};
};

}  // namespace vitrine

#pragma once

#include <atomic>
#include <memory>

namespace vitrine {

/// A value that is made when it is first asked for, by whichever thread asks. Threads that ask at once may each make one:
/// the first that is finished is everybody's. Nobody waits, so what makes it may throw, and a fork may come in between.
template <class T>
class Lazy {
 public:
  Lazy() = default;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() { delete value_.load(std::memory_order_relaxed); }

  template <class Make>
  T& get(Make make) {
    if (T* value = if_made()) return *value;
    auto made = std::make_unique<T>(make());
    T* earlier = nullptr;
    if (value_.compare_exchange_strong(earlier, made.get(), std::memory_order_acq_rel, std::memory_order_acquire))
      return *made.release();
    return *earlier;
  }
  /// Null as long as nobody asked.
  T* if_made() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<T*> value_ = nullptr;
};

}  // namespace vitrine

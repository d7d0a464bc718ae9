// A list that grows at its end and whose elements never move. An empty one owns no memory (a std::deque, which would do
// otherwise, owns half a kilobyte).
#pragma once

#include <bit>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace vitrine {

template <class T>
class StableVector {
 public:
  StableVector() = default;
  ~StableVector() {
    while (size_ > 0) pop_back();
    if (first_) std::allocator<T>().deallocate(first_, kFirst);
  }
  StableVector(const StableVector&) = delete;
  StableVector& operator=(const StableVector&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return *at(i); }
  const T& operator[](size_t i) const { return *at(i); }
  T& back() { return *at(size_ - 1); }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    T* made = std::construct_at(room(), std::forward<Args>(args)...);
    ++size_;
    return *made;
  }
  /// The memory is kept for the next one.
  void pop_back() {
    std::destroy_at(at(size_ - 1));
    --size_;
  }

  template <class List, class Element>
  class Iterator {
   public:
    using value_type = T;
    using difference_type = ptrdiff_t;
    Iterator() = default;
    Iterator(List* list, size_t i) : list_(list), i_(i) {}
    Element& operator*() const { return (*list_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    Iterator operator++(int) { return {list_, i_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    List* list_ = nullptr;
    size_t i_ = 0;
  };
  auto begin() { return Iterator<StableVector, T>(this, 0); }
  auto end() { return Iterator<StableVector, T>(this, size_); }
  auto begin() const { return Iterator<const StableVector, const T>(this, 0); }
  auto end() const { return Iterator<const StableVector, const T>(this, size_); }

 private:
  static constexpr size_t kFirst = 4;

  /// Where an element is that is not in the first chunk: each of the others is twice as large as the one before it.
  struct Place {
    explicit Place(size_t i)
        : chunk(static_cast<size_t>(std::bit_width(i / kFirst + 1)) - 2), offset(i + kFirst - capacity()) {}
    size_t capacity() const { return kFirst << (chunk + 1); }
    size_t chunk, offset;
  };
  struct Free {
    explicit Free(const Place& place) : capacity(place.capacity()) {}
    void operator()(T* chunk) const { std::allocator<T>().deallocate(chunk, capacity); }
    size_t capacity;
  };
  T* at(size_t i) const {
    if (i < kFirst) return first_ + i;
    const Place place(i);
    return others_[place.chunk].get() + place.offset;
  }
  /// For one more.
  T* room() {
    if (size_ < kFirst) {
      if (!first_) first_ = std::allocator<T>().allocate(kFirst);
    } else if (const Place place(size_); place.chunk == others_.size()) {
      std::unique_ptr<T, Free> chunk(std::allocator<T>().allocate(place.capacity()), Free(place));
      others_.push_back(std::move(chunk));
    }
    return at(size_);
  }

  T* first_ = nullptr;
  std::vector<std::unique_ptr<T, Free>> others_;
  size_t size_ = 0;
};

}  // namespace vitrine

// Typed indices and the tables they index.
//
// An entity (a block, a value, a virtual register) is a 32-bit index with a type of its own, so that a Block cannot be
// passed for a Value. `IndexTable` owns the entities; `SideTable` holds what one pass knows about them.
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/assert.hpp"

namespace vitrine {

/// A Tag names the entity: `struct ValueTag { static constexpr const char* kPrefix = "v"; };`
template <class Tag>
class Index {
 public:
  constexpr Index() = default;
  constexpr explicit Index(uint32_t raw) : raw_(raw) {}
  static constexpr Index none() { return Index(); }
  constexpr bool valid() const { return raw_ != kNone; }
  constexpr explicit operator bool() const { return valid(); }
  constexpr uint32_t raw() const { return raw_; }
  friend constexpr bool operator==(Index, Index) = default;
  friend constexpr auto operator<=>(Index, Index) = default;

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  uint32_t raw_ = kNone;
};

/// Owns one T per index; `push` is the only source of new indices.
template <class I, class T>
class IndexTable {
 public:
  I push(T value) {
    items_.push_back(std::move(value));
    return I(static_cast<uint32_t>(items_.size() - 1));
  }
  /// A new last one, as T() makes it.
  T& emplace() { return items_.emplace_back(); }
  void pop() { items_.pop_back(); }
  T& operator[](I i) {
    VITRINE_DCHECK(i.raw() < items_.size());
    return items_[i.raw()];
  }
  const T& operator[](I i) const {
    VITRINE_DCHECK(i.raw() < items_.size());
    return items_[i.raw()];
  }
  uint32_t size() const { return static_cast<uint32_t>(items_.size()); }
  bool empty() const { return items_.empty(); }
  bool contains(I i) const { return i.raw() < items_.size(); }
  void clear() { items_.clear(); }
  void reserve(size_t n) { items_.reserve(n); }
  void resize(size_t n) { items_.resize(n); }
  I next() const { return I(size()); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::span<T> all() { return items_; }
  std::span<const T> all() const { return items_; }

 private:
  std::vector<T> items_;
};

/// What one pass knows about an entity: grows on write, answers its default for an index it has not seen.
template <class I, class T>
class SideTable {
 public:
  explicit SideTable(T def = T()) : default_(def) {}
  SideTable(uint32_t size, T def) : default_(def), items_(size, def) {}
  const T& operator[](I i) const { return i.raw() < items_.size() ? items_[i.raw()] : default_; }
  T& at_mut(I i) {
    VITRINE_DCHECK(i.valid());
    if (i.raw() >= items_.size()) items_.resize(i.raw() + 1, default_);
    return items_[i.raw()];
  }
  /// Forgets everything and makes room for `size` entities; keeps the memory.
  void reset(uint32_t size) { items_.assign(size, default_); }
  void clear() { items_.clear(); }

 private:
  T default_;
  std::vector<T> items_;
};

}  // namespace vitrine

template <class Tag>
struct std::hash<vitrine::Index<Tag>> {
  size_t operator()(vitrine::Index<Tag> i) const { return i.raw() * 0x9e37'79b9'7f4a'7c15ull; }
};

template <class Tag>
struct fmt::formatter<vitrine::Index<Tag>> {
  constexpr auto parse(fmt::format_parse_context& ctx) { return ctx.begin(); }
  template <class Context>
  auto format(vitrine::Index<Tag> i, Context& ctx) const {
    if (!i.valid()) return fmt::format_to(ctx.out(), "{}-", Tag::kPrefix);
    return fmt::format_to(ctx.out(), "{}{}", Tag::kPrefix, i.raw());
  }
};

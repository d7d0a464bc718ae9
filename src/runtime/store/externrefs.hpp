// The extern references of a store: words that guests hold, and the host's values they stand for.
//
// Invariants
//   - A word is the place of its object in the list, plus one: it fits 32 bits.
//   - The list has one holder of each object. Words in tables and globals and on guests' stacks have none of their own:
//     Store::collect_garbage finds them, where nothing can be on a stack.
#pragma once

#include <vitrine/externref.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"

namespace vitrine::runtime {

class ExternRefs {
 public:
  using Object = vitrine::detail::ExternObject;

  ExternRefs() = default;
  ExternRefs(const ExternRefs&) = delete;
  ExternRefs& operator=(const ExternRefs&) = delete;
  ~ExternRefs();

  /// Takes a holder of `object` over. Fails over 2^32 - 2 at once.
  Result<> add(Object* object);
  static uint64_t word_of(const Object& object) { return uint64_t{object.index} + 1; }
  /// Null if the word is none of ours.
  Object* find(uint64_t word) const { return word - 1 < objects_.size() ? objects_[word - 1] : nullptr; }

  /// Whether so many were added since the last collection that the next one is paid for.
  bool is_due() const { return count_ >= due_at_; }
  size_t count() const { return count_; }

  /// A collection: what is held outside of the store or marked between the two stays. `sweep` answers how many went;
  /// their values are destroyed at its end, when the list is whole again. `looked_at`: how many places were.
  void begin_marking();
  void mark(uint64_t word) {
    if (word - 1 < marked_.size()) marked_[word - 1] = true;
  }
  size_t sweep(size_t looked_at);

 private:
  static constexpr size_t kFirstCollection = 1024;
  std::vector<Object*> objects_;  // null: free
  std::vector<uint32_t> free_;
  std::vector<bool> marked_;
  size_t count_ = 0;
  size_t due_at_ = kFirstCollection;
};

}  // namespace vitrine::runtime
